//! The real holder, driven as the server drives it: through the pipe it is started by, its socket, and signals.
//!
//! Each test has a holder of its own in a directory of its own; [`harness`] says how.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops where it meets what it did not expect"
)]

mod confine;
mod disk;
mod ending;
mod harness;
mod input;
mod output;
mod recording;
mod socket;
mod start;
mod transcript;
mod wire;
