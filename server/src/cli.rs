//! The command line: one file per verb. Parsing and printing only; the work is in the other rooms.

mod config;
mod doctor;
mod heartbeat;
mod reload;
mod serve;
mod service;

use std::ffi::OsString;
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
    /// Check and show the configuration
    #[command(subcommand)]
    Config(crate::config::show::ConfigVerb),
    /// Print, install or remove the service of systemd
    #[command(subcommand)]
    Service(crate::config::service::ServiceVerb),
    /// Ping a server's workers, once or again and again
    Heartbeat(crate::config::heartbeat::HeartbeatFlags),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = match serve_flags(&args) {
        // Its flags come from more than the command line.
        Some(flags) => serve::run(flags).map(|()| ExitCode::SUCCESS),
        None => dispatch(),
    };
    outcome.unwrap_or_else(|error| complain(&error))
}

fn dispatch() -> anyhow::Result<ExitCode> {
    match Cli::parse().verb {
        // Only with a wish for help, which has been answered.
        Verb::Serve(_) => Ok(ExitCode::SUCCESS),
        Verb::Config(verb) => config::run(&verb),
        Verb::Doctor(flags) => Ok(doctor::run(&flags)),
        Verb::Heartbeat(flags) => heartbeat::run(&flags),
        Verb::Service(verb) => service::run(&verb),
    }
}

/// What stands behind `serve`, unless help is asked for.
fn serve_flags(args: &[OsString]) -> Option<&[OsString]> {
    let (verb, flags) = args.split_first()?;
    let asks = flags.iter().any(|flag| flag == "-h" || flag == "--help");
    (verb == "serve" && !asks).then_some(flags)
}

/// What the argument parser has to say is printed as it does.
#[allow(clippy::print_stderr, reason = "the command line's own error output")]
fn complain(error: &anyhow::Error) -> ExitCode {
    /// Of a command line that makes no sense.
    const USAGE: u8 = 2;
    if let Some(error) = error.downcast_ref::<clap::Error>() {
        let _ = error.print();
        return ExitCode::from(USAGE);
    }
    eprintln!("sempre: {error:#}");
    ExitCode::FAILURE
}
