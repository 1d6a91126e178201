//! The documents' own curl lines and client programs, as they stand there, against a real server.
//!
//! `fixtures/` holds them word for word; host and port are put in when they run, and what stands in braces. Each runs
//! three times: without authentication; with, adding only the token; with and without it, which must change nothing.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops where it meets what it did not expect"
)]

#[allow(dead_code, unused_imports, reason = "the other tests use all of it")]
#[path = "../it/harness/mod.rs"]
mod harness;

mod daemon;
mod heartbeat;
mod lifecycle;
mod persistence;
mod site;
mod terminal_service;
