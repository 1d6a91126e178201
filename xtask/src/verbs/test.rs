//! `cargo xtask test`: every check and every test, each timed, and an account of what was not run.

use std::process::ExitCode;

use anyhow::Result;

use crate::suite::{self, How};
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also run what takes long, and build server and holder for release.
    #[arg(long)]
    full: bool,
    /// Try no test a second time: one that fails sometimes fails the run.
    #[arg(long)]
    strict: bool,
    /// Also run the service under the systemd of this machine: it starts units and takes them away.
    #[arg(long)]
    systemd: bool,
    /// Run only this step (`fmt`, `clippy:sempre-server`) or group of steps (`clippy`); may be given again.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// List the steps and run none.
    #[arg(long)]
    list: bool,
}

/// Fails if any step failed, or if anything was left out that may not be.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let plan = suite::plan(&workspace, &args.only)?;
    if args.list {
        for step in &plan {
            println!("{}", step.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let passed = suite::run(
        &workspace,
        &plan,
        How {
            full: args.full,
            strict: args.strict,
            systemd: args.systemd,
        },
    )?;
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
