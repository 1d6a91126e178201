//! What a holder tells unasked.

use serde::{Deserialize, Serialize};

use super::EndReason;
use crate::texts::ExitStatus;
use crate::{Offset, Size, WriterId};

/// Something happened that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The PTY has a new size for output from `offset` on.
    Resized {
        /// Output offset it takes effect at.
        offset: Offset,
        /// The new size.
        size: Size,
    },
    /// Input was not taken.
    InputRefused {
        /// Whose stream.
        writer: WriterId,
        /// `true`: it began beyond the expected offset; `false`: the holder holds its limit already.
        gap: bool,
        /// The next byte expected.
        accepted: Offset,
    },
    /// The child was reaped and the journal is complete and synced.
    Exit {
        /// Final output offset.
        offset: Offset,
        /// Code or signal.
        #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
        status: Option<ExitStatus>,
        /// Why.
        reason: EndReason,
        /// When, ms since the Unix epoch, as in the journal's exit record.
        time_ms: u64,
    },
    /// The disk refuses output (with what it said), or takes it again (none).
    Disk {
        /// What the disk said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// An event of a later release; skipped.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_json() {
        let exit = Event::Exit {
            offset: Offset(1),
            status: Some(ExitStatus::Code(0)),
            reason: EndReason::Exited,
            time_ms: 9,
        };
        let golden = r#"{"event":"exit","offset":1,"code":0,"reason":"exited","time_ms":9}"#;
        assert_eq!(serde_json::to_string(&exit).unwrap(), golden);
        assert_eq!(serde_json::from_str::<Event>(golden).unwrap(), exit);
        assert_eq!(
            serde_json::from_str::<Event>(r#"{"event":"moon","x":1}"#).unwrap(),
            Event::Unknown
        );
    }
}
