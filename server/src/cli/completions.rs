//! `sempre completions`: what a shell completes, from the same definitions as `--help`.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::Outcome;
use super::out;

/// Flags of `sempre completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
bash  sempre completions bash > ~/.local/share/bash-completion/completions/sempre
zsh   sempre completions zsh > ~/.zfunc/_sempre, with ~/.zfunc in $fpath before compinit
fish  sempre completions fish > ~/.config/fish/completions/sempre.fish")]
pub(super) struct Flags {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut super::Cli::command(), "sempre", &mut script);
    out::write(&script)?;
    Ok(ExitCode::SUCCESS)
}
