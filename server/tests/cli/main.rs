//! The command line as people and scripts use it: the program itself, against a server of its own.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops where it meets what it did not expect"
)]

#[allow(dead_code, unused_imports, reason = "the other tests use the rest")]
#[path = "../it/harness/mod.rs"]
mod harness;

mod access;
mod assistant;
mod attach;
mod ending;
mod files;
mod help;
mod import;
mod log_level;
mod mcp;
mod program;
mod reach;
mod sessions;
mod starting;
mod terminal;
mod tui;
mod typing;
