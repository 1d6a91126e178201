//! The recording of input, of sessions that were switched to it: each piece once the PTY has taken it. What a program
//! hid leaves a mark only, and a disk that refuses keeps nobody from typing.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use sempre_journal::InputWriter;
use sempre_protocol::WriterId;

use crate::sync::Syncs;

/// A disk that refused is tried again after this.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A recording and what the disk says to it.
#[derive(Debug)]
pub struct Recording {
    file: InputWriter,
    refused: Option<Refused>,
    syncs: Syncs,
}

#[derive(Debug)]
struct Refused {
    error: String,
    retry_at: Instant,
}

impl Recording {
    /// Begins a recording in `directory` of at most `budget_bytes`.
    pub fn create(directory: &Path, budget_bytes: u64) -> io::Result<Self> {
        Ok(Self {
            file: InputWriter::create(directory, budget_bytes)?,
            refused: None,
            syncs: Syncs::default(),
        })
    }

    /// Notes what the PTY took of a writer's input; `hidden`: a program hid it.
    pub fn wrote(&mut self, writer: WriterId, bytes: &[u8], hidden: bool, now_ms: u64) {
        let writer = *writer.as_bytes();
        let outcome = match hidden {
            true => self.file.withheld(writer, now_ms),
            false => self.file.typed(writer, bytes, now_ms),
        };
        self.settle(outcome);
    }

    /// What the disk said, while it refuses.
    pub fn disk_error(&self) -> Option<String> {
        let refused = self.refused.as_ref()?;
        Some(format!("the recording of input: {}", refused.error))
    }

    /// When [`Recording::keep`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let retry_at = self.refused.as_ref().map(|refused| refused.retry_at);
        [retry_at, self.syncs.deadline()].into_iter().flatten().min()
    }

    /// Does what is due: another try to say that something is missing, a sync on another thread.
    pub fn keep(&mut self, now_ms: u64, now: Instant) {
        if self
            .refused
            .as_ref()
            .is_some_and(|refused| now >= refused.retry_at)
        {
            let outcome = self.file.mend(now_ms);
            self.settle(outcome);
        }
        self.syncs.keep(now, || {
            let file = self.file.handle().ok()?;
            Some(move || file.sync_data())
        });
    }

    /// Makes everything durable.
    pub fn finish(&mut self, now_ms: u64) {
        let _ = self.file.mend(now_ms);
        let _ = self.file.handle().and_then(|file| file.sync_data());
    }

    fn settle(&mut self, outcome: io::Result<()>) {
        if outcome.is_ok() {
            self.syncs.mark_dirty();
        }
        self.refused = outcome.err().map(|error| Refused {
            error: error.to_string(),
            retry_at: Instant::now() + RETRY_INTERVAL,
        });
    }
}
