//! Making files durable without waiting for it: a short-lived thread now and then, one at a time.

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What is written is on the disk for good at the latest this long after.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// The syncing thread needs next to no stack.
const SYNC_STACK_BYTES: usize = 64 * 1024;

/// When the next sync is due, and the one that runs.
#[derive(Debug, Default)]
pub struct Syncs {
    at: Option<Instant>,
    running: Option<JoinHandle<io::Result<()>>>,
}

impl Syncs {
    /// Notes that something was written.
    pub fn mark_dirty(&mut self) {
        if self.at.is_none() {
            self.at = Instant::now().checked_add(SYNC_INTERVAL);
        }
    }

    /// When [`Syncs::keep`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.at
    }

    /// Runs what `job` gives on a thread of its own, if that is due.
    pub fn keep<F>(&mut self, now: Instant, job: impl FnOnce() -> Option<F>)
    where
        F: FnOnce() -> io::Result<()> + Send + 'static,
    {
        if self.at.is_none_or(|at| now < at) {
            return;
        }
        self.at = None;
        if self
            .running
            .as_ref()
            .is_some_and(|running| !running.is_finished())
        {
            // A slow disk: one sync at a time.
            self.at = now.checked_add(SYNC_INTERVAL);
            return;
        }
        if let Some(job) = job() {
            let thread = std::thread::Builder::new()
                .name("sync".into())
                .stack_size(SYNC_STACK_BYTES);
            self.running = thread.spawn(job).ok();
        }
    }
}
