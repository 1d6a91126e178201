//! The screen engine against its judge: xterm.js without a display (crates/screen/oracle, run by Node).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod joining;
