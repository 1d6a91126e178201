//! `cargo xtask build`: the page, then the server that embeds it, then the holder.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::page;
use crate::progress::{Progress, seconds};
use crate::run::{Job, must};
use crate::workspace::{Profile, Workspace};

const LIMIT: Duration = Duration::from_secs(40 * 60);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build what is shipped: optimised, with compressed assets.
    #[arg(long)]
    release: bool,
}

/// Builds everything and says where it is; a release build also tells the page's sizes.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let profile = Profile::from_flag(args.release);
    product(&workspace, profile)?;
    if args.release {
        for line in page::sizes(&workspace, profile)? {
            println!("      {line}");
        }
    }
    for program in ["sempre", "sempre-holder"] {
        println!("      {}", workspace.program(profile, program).display());
    }
    Ok(ExitCode::SUCCESS)
}

/// How many steps [`parts`] reports.
pub(crate) const STEPS: usize = page::STEPS + 2;

/// Builds page, server and holder for this machine.
pub(crate) fn product(workspace: &Workspace, profile: Profile) -> Result<()> {
    let mut progress = Progress::new(STEPS);
    parts(workspace, profile, None, &mut progress)?;
    println!("      built in {}", seconds(progress.elapsed()));
    Ok(())
}

/// Builds page, server and holder, the programs for `target` or for this machine.
pub(crate) fn parts(
    workspace: &Workspace,
    profile: Profile,
    target: Option<&str>,
    progress: &mut Progress,
) -> Result<()> {
    page::build(workspace, profile, progress)?;
    progress.step("server", true, || {
        program_for(workspace, profile, profile, "sempre-server", target)
    })?;
    progress.step("holder", true, || {
        program_for(workspace, profile, profile, "sempre-holder", target)
    })
}

/// Compiles the programs of one package for `profile`, with the page built for `site` inside. One package at a
/// time, so that no other's features get in.
pub(crate) fn program(workspace: &Workspace, profile: Profile, site: Profile, package: &str) -> Result<()> {
    program_for(workspace, profile, site, package, None)
}

fn program_for(
    workspace: &Workspace,
    profile: Profile,
    site: Profile,
    package: &str,
    target: Option<&str>,
) -> Result<()> {
    let mut command = workspace.cargo(site, "build")?;
    command.args(["--bins", "--package", package]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    if let Some(triple) = target {
        command.args(["--target", triple]);
    }
    let log = workspace.scratch(&format!("build-{package}.log"))?;
    must(
        &mut command,
        &Job {
            log,
            limit: LIMIT,
            shows_progress: true,
        },
    )
    .map(drop)
}
