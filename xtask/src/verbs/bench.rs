//! `cargo xtask bench`: builds for release, then runs the measuring program.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::build;
use crate::workspace::{Profile, Workspace};

const PACKAGE: &str = "sempre-bench";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Arguments of the measuring program.
    #[arg(last = true, value_name = "ARGS")]
    bench: Vec<OsString>,
}

/// Runs the measuring program in the foreground; its exit code is passed on.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    if !workspace.members.iter().any(|member| member.name == PACKAGE) {
        bail!("there is no package {PACKAGE} in the workspace, so there is nothing to measure with");
    }
    let profile = Profile::Release;
    build::product(&workspace, profile)?;
    let mut command = workspace.cargo(profile, "run")?;
    command
        .args(["--release", "--package", PACKAGE, "--"])
        .args(&args.bench)
        .env("SEMPRE_BIN", workspace.program(profile, "sempre"))
        .env("SEMPRE_HOLDER", workspace.program(profile, "sempre-holder"));
    let status = command.status().context("cannot start cargo")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
