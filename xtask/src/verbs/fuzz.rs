//! `cargo xtask fuzz`: feeds whatever reads foreign bytes with random and damaged ones, for as long as asked.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::workspace::{Profile, Workspace};

const PACKAGE: &str = "sempre-fuzz";
/// Time for each target unless told otherwise, and in the test command.
pub(crate) const SECONDS: u64 = 5;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// This target alone: engine, snapshot, frames or journal.
    target: Option<String>,
    /// Time for each target.
    #[arg(long, default_value_t = SECONDS)]
    seconds: u64,
    /// Other inputs than usual.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the driver in the foreground; its exit code is passed on.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let mut command = command(&workspace, args.target.as_deref(), args.seconds, args.seed)?;
    let status = command.status().context("cannot start cargo")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The driver's command line. A dev build: overflow is found, too.
pub(crate) fn command(
    workspace: &Workspace,
    target: Option<&str>,
    seconds: u64,
    seed: u64,
) -> Result<Command> {
    let mut command = workspace.cargo(Profile::Dev, "run")?;
    command.args(["--package", PACKAGE, "--"]).args(target).args([
        "--seconds",
        &seconds.to_string(),
        "--seed",
        &seed.to_string(),
    ]);
    Ok(command)
}
