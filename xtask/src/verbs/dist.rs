//! `cargo xtask dist`: builds for release, then makes what is handed to people who do not build.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::build;
use crate::dist::{self, Platform};
use crate::prerequisites;
use crate::progress::{Progress, seconds};
use crate::run::answer;
use crate::workspace::{Profile, Workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Programs for this target, such as x86_64-unknown-linux-musl; they must run here. [default: this machine's]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
}

/// Builds, makes, and says where everything is.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    if let Some(triple) = &args.target {
        prerequisites::add_program_target(triple)?;
    }
    let platform = platform(args.target.as_deref())?;
    let mut progress = Progress::new(build::STEPS + dist::STEPS);
    build::parts(
        &workspace,
        Profile::Release,
        args.target.as_deref(),
        &mut progress,
    )?;
    let made = dist::make(&workspace, &platform, &mut progress)?;
    println!("      made in {}", seconds(progress.elapsed()));
    let files = [
        Some(&made.tarball),
        made.deb.as_ref(),
        Some(&made.sbom),
        Some(&made.sums),
    ];
    for path in files.into_iter().flatten() {
        println!("      {}", path.display());
    }
    if made.deb.is_none() {
        println!("      no Debian package: it is made of this machine's own programs, where dpkg is");
    }
    Ok(ExitCode::SUCCESS)
}

/// Who is built for: who is asked for, else this machine.
pub(crate) fn platform(target: Option<&str>) -> Result<Platform> {
    if let Some(triple) = target {
        return Ok(Platform {
            triple: triple.to_owned(),
            explicit: true,
        });
    }
    let said = answer("rustc", &["-vV"]).unwrap_or_default();
    let triple = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(Platform {
        triple: triple
            .context("rustc -vV does not name this machine's target")?
            .to_owned(),
        explicit: false,
    })
}
