//! How old the output is that an engine draws: a program that asked its terminal something long ago waits no more.

use std::path::Path;
use std::time::{Duration, Instant};

use sempre_journal::Reader;
use sempre_protocol::Offset;

use crate::sessions::clock::wall_ms;

/// A query that has waited longer is marked answered without a reply: the program has given up.
const MAX_QUERY_AGE: Duration = Duration::from_secs(2);
/// While catching up, the age of the output is asked for again after this.
const AGE_INTERVAL: Duration = Duration::from_millis(500);

/// How old output is, as far as that matters for queries.
#[derive(Debug, Default)]
pub(super) struct Age {
    /// The output to be drawn may be old.
    pub(super) ask: bool,
    /// Output before this is older than a query may be.
    pub(super) old_before: Offset,
    found_at: Option<Instant>,
}

impl Age {
    /// Whether the index is to be asked.
    pub(super) fn is_due(&self) -> bool {
        self.ask && self.found_at.is_none_or(|at| at.elapsed() > AGE_INTERVAL)
    }

    /// Asks the index of the journal in `directory`.
    pub(super) fn find(&mut self, directory: &Path) {
        let max_age_ms = u64::try_from(MAX_QUERY_AGE.as_millis()).unwrap_or_default();
        let then = wall_ms().saturating_sub(max_age_ms);
        // An index that cannot be read tells no age: an answer too late is better than none.
        let found = Reader::open(directory).and_then(|reader| reader.offset_at_time(then));
        if let Ok(Some(offset)) = found {
            self.old_before = self.old_before.max(Offset(offset));
        }
        self.found_at = Some(Instant::now());
    }
}
