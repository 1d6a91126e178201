//! The screen engine against its judge: xterm.js without a display (crates/screen/oracle, run by Node).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod cuts;
mod joining;
mod oracle;
mod recorded;
mod recordings;
mod script;
mod verdict;
mod views;
