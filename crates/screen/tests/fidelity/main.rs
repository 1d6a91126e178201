//! The screen engine against its judge: xterm.js without a display (crates/screen/oracle, run by Node).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod alone;
mod any_output;
mod cuts;
mod joining;
mod oracle;
mod random;
mod recorded;
mod recordings;
mod resizes;
mod script;
mod streams;
mod verdict;
mod views;
