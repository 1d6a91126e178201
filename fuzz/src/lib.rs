//! Bodies of fuzz targets: plain functions from bytes to nothing that panic when a promise is broken.
//!
//! The driver beside this library (`main.rs`) feeds them on stable Rust; a `libfuzzer_sys::fuzz_target!` that calls
//! one of them is all that cargo-fuzz would need.

#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a panic is how a target tells that a promise is broken"
)]

pub mod mutate;
pub mod seeds;
pub mod targets;

pub use targets::{TARGETS, Target};
