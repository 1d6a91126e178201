//! The recording of input as programs read it (row P11): one JSON object a line.

use serde::{Deserialize, Serialize};

use crate::compat::Base64;

/// A line of `GET /api/v1/sessions/{id}/input-recording`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordedInput {
    /// What it tells.
    pub kind: RecordedKind,
    /// When, ms since the Unix epoch; left out for `damaged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
    /// Whose input: writers are counted from 1 in the order in which they typed first. A writer is a tab, or another
    /// client; `gap`, `full` and `damaged` are nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<u32>,
    /// The bytes, in base64; only of `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Base64>,
}

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordedKind {
    /// These bytes reached the terminal.
    Input,
    /// Something was typed while a program hid it, as for a password; how much is not known to anyone.
    Withheld,
    /// Something was typed that the disk did not take.
    Gap,
    /// The recording reached its size: nothing typed later is in it.
    Full,
    /// From here on the recording is damaged, cut off, or just being written.
    Damaged,
    /// Of a later release.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_lines() {
        let input = RecordedInput {
            kind: RecordedKind::Input,
            time_ms: Some(5),
            writer: Some(1),
            data: Some(Base64(b"ls\r".to_vec())),
        };
        let golden = r#"{"kind":"input","time_ms":5,"writer":1,"data":"bHMN"}"#;
        assert_eq!(serde_json::to_string(&input).unwrap(), golden);
        assert_eq!(serde_json::from_str::<RecordedInput>(golden).unwrap(), input);
        let damaged = serde_json::from_str::<RecordedInput>(r#"{"kind":"damaged"}"#).unwrap();
        assert_eq!(damaged.kind, RecordedKind::Damaged);
    }
}
