//! The command line: one file per verb. Parsing and printing only; the work is in the other rooms.

mod attach;
mod cleanup_sessions;
mod completions;
mod config;
mod connect;
mod describe;
mod doctor;
mod exit;
mod export;
mod heartbeat;
mod import;
mod key;
mod last_words;
mod list;
mod local_terminal;
mod log_level;
mod logs;
mod man;
mod mcp;
mod named_keys;
mod new;
mod open;
mod out;
mod reload;
mod restart;
mod rm;
mod run;
mod screen;
mod send;
mod serve;
mod service;
mod share;
mod show;
mod signals;
mod start;
mod stats;
mod stop;
mod table;
mod tui;
mod wait;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Web terminal whose sessions are always there.
#[derive(Debug, Parser)]
#[command(name = "sempre", version, about, max_term_width = 100, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start the server; sessions of an earlier one go on
    Serve(Box<crate::config::serve::ServeFlags>),
    /// Start a session and attach to it, or go on with one
    Open(open::Flags),
    /// Attach this terminal to a session
    Attach(attach::Flags),
    /// Start a session
    New(new::Flags),
    /// List sessions
    List(list::Flags),
    /// Show sessions in a list that is kept up; attach, start, end and remove there
    Tui(tui::Flags),
    /// Show everything known of a session
    Show(show::Flags),
    /// End sessions; their output stays
    Stop(stop::Flags),
    /// Start an ended session again: same command, directory, environment and size
    Restart(restart::Flags),
    /// Remove ended sessions with their output
    Rm(rm::Flags),
    /// Run a command at a session's prompt; its exit code becomes this one's
    Run(run::Flags),
    /// Type into a session
    Send(send::Flags),
    /// Wait until something is so in a session
    Wait(wait::Flags),
    /// Print what a session's terminal shows
    Screen(screen::Flags),
    /// Print a session's output
    Logs(logs::Flags),
    /// Write a session's recording or screen to a file
    Export(export::Flags),
    /// Make an ended session of a recording of asciinema
    Import(import::Flags),
    /// Make, list and take back links that open one session
    Share(share::Flags),
    /// Make, list and take back API keys
    Key(key::Flags),
    /// Give an assistant tools for sessions, by the Model Context Protocol
    Mcp(mcp::Flags),
    /// Count sessions by state; name the newest and those that run for long
    Stats(stats::Flags),
    /// End running sessions that nobody has used for a while
    CleanupSessions(cleanup_sessions::Flags),
    /// Show what the server logs, and change it while it runs
    LogLevel(log_level::Flags),
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
    /// Print completions for a shell
    Completions(completions::Flags),
    /// Write the man pages into a directory
    #[command(hide = true)]
    Man(man::Flags),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = match serve_flags(&args) {
        // Its flags come from more than the command line.
        Some(flags) => serve::run(flags).map(|()| ExitCode::SUCCESS),
        None => dispatch(),
    };
    outcome.unwrap_or_else(|error| exit::fail(&error))
}

fn dispatch() -> anyhow::Result<ExitCode> {
    match Cli::parse().verb {
        // Only with a wish for help, which has been answered.
        Verb::Serve(_) => Ok(ExitCode::SUCCESS),
        Verb::Open(flags) => open::run(flags),
        Verb::Attach(flags) => attach::run(flags),
        Verb::New(flags) => new::run(flags),
        Verb::List(flags) => list::run(flags),
        Verb::Tui(flags) => tui::run(flags),
        Verb::Show(flags) => show::run(flags),
        Verb::Stop(flags) => stop::run(flags),
        Verb::Restart(flags) => restart::run(flags),
        Verb::Rm(flags) => rm::run(flags),
        Verb::Run(flags) => run::run(flags),
        Verb::Send(flags) => send::run(flags),
        Verb::Wait(flags) => wait::run(flags),
        Verb::Screen(flags) => screen::run(flags),
        Verb::Logs(flags) => logs::run(flags),
        Verb::Export(flags) => export::run(flags),
        Verb::Import(flags) => import::run(flags),
        Verb::Share(flags) => share::run(flags),
        Verb::Key(flags) => key::run(flags),
        Verb::Mcp(flags) => mcp::run(flags),
        Verb::Stats(flags) => stats::run(flags),
        Verb::CleanupSessions(flags) => cleanup_sessions::run(flags),
        Verb::LogLevel(flags) => log_level::run(flags),
        Verb::Doctor(flags) => Ok(doctor::run(&flags)),
        Verb::Config(verb) => config::run(&verb),
        Verb::Service(verb) => service::run(&verb),
        Verb::Heartbeat(flags) => heartbeat::run(&flags),
        Verb::Completions(flags) => completions::run(flags),
        Verb::Man(flags) => man::run(flags),
    }
}

/// What stands behind `serve`, unless help is asked for.
fn serve_flags(args: &[OsString]) -> Option<&[OsString]> {
    let (verb, flags) = args.split_first()?;
    let asks = flags.iter().any(|flag| flag == "-h" || flag == "--help");
    (verb == "serve" && !asks).then_some(flags)
}
