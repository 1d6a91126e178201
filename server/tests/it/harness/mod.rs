//! A server to test, the clients that test it, and waiting for states instead of times.

mod http;
#[allow(dead_code, reason = "for the tests of that socket")]
mod ipc;
pub(crate) mod nginx;
mod process;
mod reconnecting;
mod server;
mod setup;
mod tls;
mod verb;
mod viewer;

use std::fmt::Write as _;
use std::future::Future;
use std::time::Duration;

pub(crate) use http::{Answer, Call};
#[allow(unused_imports, reason = "for the tests of that socket")]
pub(crate) use ipc::Ipc;
pub(crate) use process::{Pidfd, children, fd_count, holder_pid, is_alive, rss_bytes};
pub(crate) use reconnecting::Reconnecting;
pub(crate) use server::{Server, data_dir_modes};
pub(crate) use setup::{Setup, TestDir, holder_program};
pub(crate) use tls::{Authority, Secured};
pub(crate) use verb::{Ran, Verb};
pub(crate) use viewer::{Exit, Viewer, attach_request, is_inexact};

/// Whatever a test waits for must be there by then; only a hung test gets near it.
pub(crate) const LONG: Duration = Duration::from_secs(120);
/// Between two looks at a state that tells nobody when it changes.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// Looks until `look` finds something; `what` names it in the failure.
pub(crate) async fn eventually<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    match tokio::time::timeout(LONG, looking).await {
        Ok(found) => found,
        Err(_) => panic!("waited {LONG:?} for {what}"),
    }
}

/// Where `needle` stands in `bytes`, looked for from `from` on.
pub(crate) fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let first = *needle.first()?;
    let starts = rest.iter().enumerate().filter(|(_, byte)| **byte == first);
    let mut starts = starts.map(|(at, _)| at);
    starts
        .find(|&at| rest[at..].starts_with(needle))
        .map(|at| from + at)
}

/// Compares many bytes; a failure shows the first place where they differ, not all of them.
pub(crate) fn assert_same(found: &[u8], expected: &[u8], what: &str) {
    if found == expected {
        return;
    }
    let at = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let part = &bytes[at.saturating_sub(20).min(bytes.len())..(at + 40).min(bytes.len())];
        part.escape_ascii().to_string()
    };
    panic!(
        "{what}: {} bytes instead of {}, different from {at} on:\n found {}\n  want {}",
        found.len(),
        expected.len(),
        around(found),
        around(expected)
    );
}

/// Bytes nobody can guess.
pub(crate) fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// An id of 32 hexadecimal digits.
pub(crate) fn random_id() -> String {
    random_bytes(16).iter().fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
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
