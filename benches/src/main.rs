//! `cargo xtask bench`: Sempre, journal and holder and all, against a raw PTY of this program's own, in turns.
//!
//! Prints tables for `docs/performance.md`. Nothing here asserts a time; ratios within one round are what counts.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "the tables are the output")]

mod echo;
mod machine;
mod memory;
mod raw_pty;
mod rounds;
mod screen;
mod server;
mod throughput;

use std::path::PathBuf;

use anyhow::Context;

/// Interleaved rounds of each measurement.
const ROUNDS: usize = 7;

/// Measurements by the names that can be given to run only those.
const NAMES: [&str; 4] = ["screen", "throughput", "echo", "memory"];

fn main() -> anyhow::Result<()> {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    for name in &chosen {
        anyhow::ensure!(
            NAMES.contains(&name.as_str()),
            "no measurement is called {name:?}; there are {NAMES:?}"
        );
    }
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == name);
    let program = std::env::var_os("SEMPRE_BIN")
        .context("SEMPRE_BIN must name the release build of sempre; `cargo xtask bench` sets it")?;
    let program = PathBuf::from(program);
    let machine = machine::Machine::look()?;
    println!("{machine}\n");
    if is_chosen("screen") {
        screen::measure();
    }
    if is_chosen("throughput") {
        throughput::measure(&program)?;
    }
    if is_chosen("echo") {
        echo::measure(&program)?;
    }
    if is_chosen("memory") {
        memory::measure(&program)?;
    }
    println!("{}", machine.busy_since()?);
    Ok(())
}
