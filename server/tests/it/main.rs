//! The real server with real holders and shells, used as clients use it: over HTTP, WebSockets, signals and files.
//!
//! Each test has a server of its own in a directory of its own; [`harness`] says how. What can be asked without a
//! process is tested beside the code.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops where it meets what it did not expect"
)]

mod access;
mod api;
mod attach;
mod budget;
mod bytes;
mod cuts;
mod disk;
mod environment;
mod flow;
mod harness;
mod history;
mod holder_loss;
mod input;
mod keyframes;
mod kill;
mod leaks;
mod life;
mod lifecycle;
mod limits;
mod listen;
mod origin;
mod presence;
mod problems;
mod queries;
mod registry;
mod resize;
mod restart;
mod retention;
mod screen;
mod skip;
mod spawn;
mod store;
mod viewers;
