//! `sempre man`: the manual's pages, from the same definitions as `--help`. Hidden: packagers run it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};

use super::exit::Outcome;

/// Flags of `sempre man`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Directory to write sempre.1, sempre-attach.1, … into; made if it is not there
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let shown = flags.directory.display();
    std::fs::create_dir_all(&flags.directory).with_context(|| format!("cannot make {shown}"))?;
    let written = clap_mangen::generate_to(super::Cli::command(), &flags.directory);
    written.with_context(|| format!("cannot write into {shown}"))?;
    Ok(ExitCode::SUCCESS)
}
