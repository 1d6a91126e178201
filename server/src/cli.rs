//! The command line: one file per verb. Parsing and printing only; the work is in the other rooms.

mod doctor;
mod heartbeat;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Web terminal whose sessions are always there.
#[derive(Debug, Parser)]
#[command(name = "sempre", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start the server; sessions of an earlier one go on
    Serve(Box<crate::config::serve::ServeFlags>),
    /// Look for what is wrong with this machine, and say what mends it
    Doctor(crate::config::doctor::DoctorFlags),
    /// Ping a server's workers, once or again and again
    Heartbeat(crate::config::heartbeat::HeartbeatFlags),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Serve(flags) => serve::run(*flags).map(|()| ExitCode::SUCCESS),
        Verb::Doctor(flags) => Ok(doctor::run(&flags)),
        Verb::Heartbeat(flags) => heartbeat::run(&flags),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stderr, reason = "the command line's own error output")]
fn complain(error: &anyhow::Error) {
    eprintln!("sempre: {error:#}");
}
