//! Why sessions end, as words and as numbers.

use serde::{Deserialize, Serialize};

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The child ended by itself.
    Exited,
    /// Someone ended the session.
    Ended,
    /// Its time to live was over.
    Ttl,
    /// It was idle for too long.
    Idle,
    /// The machine or the service went down.
    Shutdown,
    /// Its holder was lost.
    Orphaned,
    /// Its group had too many sessions, and this one was the idle one with the oldest activity.
    GroupLimit,
    /// It never ran here: a recording from elsewhere was made a session.
    Imported,
    /// A reason this release does not know.
    #[serde(other)]
    Unknown,
}

impl EndReason {
    /// By number; only ever longer.
    const ALL: [Self; 9] = [
        Self::Exited,
        Self::Ended,
        Self::Ttl,
        Self::Idle,
        Self::Shutdown,
        Self::Orphaned,
        Self::Unknown,
        Self::GroupLimit,
        Self::Imported,
    ];

    /// The number in the journal's exit record.
    pub fn code(self) -> u8 {
        Self::ALL
            .iter()
            .position(|&reason| reason == self)
            .and_then(|n| u8::try_from(n).ok())
            .unwrap_or(6)
    }

    /// The reason with this number.
    pub fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or(Self::Unknown)
    }

    /// The reason with this word.
    pub fn from_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|reason| reason.word() == word);
        known.unwrap_or(Self::Unknown)
    }

    /// Whether a session that ended for the reason with this word can be started again: what stands in a recording never ran
    /// here.
    pub fn can_be_restarted(word: &str) -> bool {
        word != Self::Imported.word()
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Ended => "ended",
            Self::Ttl => "ttl",
            Self::Idle => "idle",
            Self::Shutdown => "shutdown",
            Self::Orphaned => "orphaned",
            Self::GroupLimit => "group_limit",
            Self::Imported => "imported",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_reasons_keep_their_numbers() {
        for (code, reason) in [
            (0, EndReason::Exited),
            (1, EndReason::Ended),
            (5, EndReason::Orphaned),
            (6, EndReason::Unknown),
            (7, EndReason::GroupLimit),
            (8, EndReason::Imported),
        ] {
            assert_eq!(EndReason::from_word(reason.word()), reason);
            assert_eq!((reason.code(), EndReason::from_code(code)), (code, reason));
        }
        assert_eq!(EndReason::from_code(200), EndReason::Unknown);
    }
}
