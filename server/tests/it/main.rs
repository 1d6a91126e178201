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

mod api;
mod api_docs;
mod attach;
mod base_path;
mod budget;
mod bytes;
mod compat_pty;
mod compat_terminal;
mod configuration;
mod cuts;
mod damage;
mod disk;
mod doctor;
mod environment;
mod flow;
#[allow(dead_code, reason = "the security tests use the rest")]
mod harness;
mod heartbeat;
mod heartbeats;
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
mod logging;
mod logging_words;
mod metrics;
mod nginx;
mod presence;
mod problems;
mod programs;
mod queries;
mod readonly;
mod recording;
mod registry;
mod resize;
mod restart;
mod retention;
mod scopes;
mod screen;
mod screen_formats;
mod service;
mod session_limits;
mod skip;
mod slow_clients;
mod spawn;
mod store;
mod tls;
mod upgrade;
mod viewers;
