//! A holder to test, a small blocking client of its socket, and waiting for states instead of times.

mod client;
mod holder;

use std::time::{Duration, Instant};

use sempre_protocol::WriterId;

pub(crate) use client::{Client, connect};
pub(crate) use holder::{Holder, SpecBuilder, start_in, start_with};

/// Whatever a test waits for must be there by then; only a hung test gets near it.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// Two writers.
pub(crate) const ONE: WriterId = WriterId::from_bytes([1; 16]);
pub(crate) const TWO: WriterId = WriterId::from_bytes([2; 16]);

/// Looks until `look` finds something; `what` names it in the failure.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LONG;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {LONG:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process runs; one that only waits to be reaped does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// Tells who runs the tests that this one cannot run here: `reason` begins with its ground, as `xtask/not-run.toml` has it.
pub(crate) fn not_run(test: &str, reason: &str) {
    let Some(list) = std::env::var_os("SEMPRE_NOT_RUN") else {
        return eprintln!("NOT RUN: {test}, {reason}");
    };
    let mut list = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(list)
        .unwrap();
    // One write: tests run side by side.
    std::io::Write::write_all(&mut list, format!("{test}\t{reason}\n").as_bytes()).unwrap();
}
