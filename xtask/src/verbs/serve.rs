//! `cargo xtask serve`: builds, then becomes the server.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::build;
use crate::workspace::{Profile, Workspace, without_cargo_run};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Serve what is shipped instead of what is quick to build.
    #[arg(long)]
    release: bool,
    /// Arguments of `sempre serve`.
    #[arg(last = true, value_name = "ARGS")]
    serve: Vec<OsString>,
}

/// Replaces this process, so that signals and the exit code are the server's own. Returns only if it cannot.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let profile = Profile::from_flag(args.release);
    build::product(&workspace, profile)?;
    let program = workspace.program(profile, "sempre");
    let mut command = Command::new(&program);
    without_cargo_run(&mut command);
    command
        .arg("serve")
        .args(&args.serve)
        .env_remove("SEMPRE_SITE_DIR")
        .env_remove("LEPTOS_OUTPUT_NAME");
    Err(command.exec()).with_context(|| format!("cannot start {}", program.display()))
}
