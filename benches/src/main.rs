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
mod server;
mod throughput;

use std::path::PathBuf;

use anyhow::Context;

/// Interleaved rounds of each measurement.
const ROUNDS: usize = 7;

fn main() -> anyhow::Result<()> {
    let program = std::env::var_os("SEMPRE_BIN")
        .context("SEMPRE_BIN must name the release build of sempre; `cargo xtask bench` sets it")?;
    let program = PathBuf::from(program);
    let machine = machine::Machine::look()?;
    println!("{machine}\n");
    throughput::measure(&program)?;
    echo::measure(&program)?;
    memory::measure(&program)?;
    println!("{}", machine.busy_since()?);
    Ok(())
}
