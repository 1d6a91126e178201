//! Who typed last by request, so that the audit log has one line when somebody begins and not one a key.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::sessions::Session;

/// Somebody who has not typed for this long begins again.
const TYPING_PAUSE: Duration = Duration::from_secs(60);

/// Who typed last without being attached, and when.
#[derive(Debug, Default)]
pub(super) struct LastTypist(Mutex<Option<(Option<String>, Instant)>>);

impl LastTypist {
    /// Notes that `who` types; true if somebody else did before, or nobody for [`TYPING_PAUSE`].
    fn begins(&self, who: Option<&str>, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = last.as_ref().is_some_and(|(by, at)| {
            by.as_deref() == who && now.saturating_duration_since(*at) < TYPING_PAUSE
        });
        *last = Some((who.map(str::to_owned), now));
        !goes_on
    }
}

impl Session {
    /// Notes that `who` types without being attached; true if that is new: somebody else typed so before them, or nobody
    /// for a minute.
    pub fn begins_to_type(&self, who: Option<&str>, now: Instant) -> bool {
        self.programs().last_typist.begins(who, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_types_is_told_when_they_begin_and_not_with_each_key() {
        let (last, now) = (LastTypist::default(), Instant::now());
        assert!(last.begins(None, now));
        assert!(!last.begins(None, now + TYPING_PAUSE / 2));
        assert!(
            !last.begins(None, now + TYPING_PAUSE),
            "counted from the last key"
        );
        assert!(last.begins(Some("key:ci"), now + TYPING_PAUSE));
        assert!(last.begins(None, now + TYPING_PAUSE));
        assert!(last.begins(None, now + 3 * TYPING_PAUSE));
    }
}
