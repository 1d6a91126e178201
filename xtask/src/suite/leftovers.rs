//! After the tests: no process, directory or file of theirs may be left.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::{Report, Suite, pids_now};
use crate::processes::{self, Process};
use crate::workspace::Profile;

/// What tests call their temporary directories.
const TEST_DIR_PREFIX: &str = "sempre-test-";
/// A browser's helpers may take a moment to see that it is gone.
const GRACE: Duration = Duration::from_secs(5);

/// What was there before the first step.
#[derive(Debug)]
pub(super) struct Before {
    pids: BTreeSet<u32>,
    dirs: BTreeSet<String>,
}

impl Before {
    pub(super) fn look() -> Self {
        Self {
            pids: pids_now(),
            dirs: test_dirs(&env::temp_dir()),
        }
    }
}

/// Names what is left. Processes of this run are ended afterwards, so that they do not stay.
pub(super) fn check(suite: &Suite<'_>) -> Result<Report> {
    let mut errors = Vec::new();
    for process in strays(suite) {
        errors.push(format!(
            "process {} is left: {}",
            process.pid,
            process.command_line()
        ));
        if process.touches(suite.temp.path()) {
            processes::kill_tree(process.pid);
        }
    }
    let inside = test_dirs(suite.temp.path())
        .into_iter()
        .map(|name| suite.temp.path().join(name));
    let outside = test_dirs(&env::temp_dir());
    let outside = outside
        .difference(&suite.before.dirs)
        .map(|name| env::temp_dir().join(name));
    errors.extend(
        inside
            .chain(outside)
            .map(|path| format!("directory {} is left", path.display())),
    );
    Report::of_errors(&errors)
}

/// Processes that stay after the grace time.
fn strays(suite: &Suite<'_>) -> Vec<Process> {
    let started = Instant::now();
    loop {
        let strays: Vec<Process> = processes::all()
            .into_iter()
            .filter(|process| is_stray(suite, process))
            .collect();
        let left = GRACE.saturating_sub(started.elapsed());
        match strays.first() {
            Some(first) if !left.is_zero() => wait_for_end(first.pid, left),
            _ => return strays,
        }
    }
}

/// Started since the run began, and either bound to the run's own temporary directory, or a Sempre of this checkout
/// that works in a temporary directory, as only tests do.
fn is_stray(suite: &Suite<'_>, process: &Process) -> bool {
    if suite.before.pids.contains(&process.pid) || process.pid == std::process::id() {
        return false;
    }
    process.touches(suite.temp.path()) || (is_product(suite, process) && process.touches(&env::temp_dir()))
}

fn is_product(suite: &Suite<'_>, process: &Process) -> bool {
    let programs = [Profile::Dev, Profile::Release]
        .into_iter()
        .flat_map(|profile| ["sempre", "sempre-holder"].map(|name| suite.workspace.program(profile, name)));
    process
        .program()
        .is_some_and(|path| programs.into_iter().any(|program| program == path))
}

/// Returns when a process has ended, or after the limit.
pub(super) fn wait_for_end(pid: u32, limit: Duration) {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    // No handle: it has ended already.
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    if let Ok(timeout) = Timespec::try_from(limit) {
        // Whatever comes back, the caller looks again.
        let _ = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout));
    }
}

fn test_dirs(dir: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(dir) else {
        return BTreeSet::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(TEST_DIR_PREFIX))
        .collect()
}
