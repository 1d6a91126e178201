//! `cargo xtask`: builds, serves, tests, fuzzes and measures Sempre.
//!
//! Only the command line is here; each verb has a file in `verbs/`. Nothing of this is part of the product.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "telling a developer what happens is what this program is for"
)]

mod cargo_tool;
mod checks;
mod dist;
mod page;
mod prerequisites;
mod processes;
mod progress;
mod python;
mod run;
mod suite;
mod verbs;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, serves, tests and measures Sempre.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the page, the server and the holder.
    Build(verbs::build::Args),
    /// Build, then start Sempre; it prints the URL to open.
    Serve(verbs::serve::Args),
    /// Run every check and every test.
    Test(verbs::test::Args),
    /// Feed random and damaged bytes to whatever reads foreign ones.
    Fuzz(verbs::fuzz::Args),
    /// Build for release, then measure.
    Bench(verbs::bench::Args),
    /// Build for release, then make what is handed out: tarball, Debian package, SBOM, sums.
    Dist(verbs::dist::Args),
    /// The life of a package, as the test of `dist` starts it where nothing of this machine can be changed.
    #[command(hide = true)]
    LifeOfAPackage(suite::LifeArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Build(args) => verbs::build::run(&args),
        Verb::Serve(args) => verbs::serve::run(&args),
        Verb::Test(args) => verbs::test::run(&args),
        Verb::Fuzz(args) => verbs::fuzz::run(&args),
        Verb::Bench(args) => verbs::bench::run(&args),
        Verb::Dist(args) => verbs::dist::run(&args),
        Verb::LifeOfAPackage(args) => suite::life_of_a_package(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
