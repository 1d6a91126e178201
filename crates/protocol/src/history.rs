//! Answers of the history routes: what scrolled off the screen, as rows of styled text.
//!
//! A row's number counts the rows of the normal screen that came before it since the session began. What has
//! scrolled out of the live screen's memory keeps its number for ever; younger rows are numbered anew when a resize
//! wraps them otherwise.

use serde::{Deserialize, Serialize};

use crate::colours::Rgb;

/// Rows a history page holds at most, and when nothing is said.
pub const MAX_HISTORY_LINES: u32 = 1_000;
/// Rows of a history page whose request names no number.
pub const HISTORY_LINES: u32 = 200;
/// Matches a search answers at most, and when nothing is said.
pub const MAX_HISTORY_MATCHES: u32 = 1_000;
/// Matches of a search whose request names no limit.
pub const HISTORY_MATCHES: u32 = 100;
/// Longest text searched for, characters.
pub const MAX_SEARCH_CHARS: usize = 256;

/// Answer to `GET /api/v1/sessions/{id}/history`: consecutive rows, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryPage {
    /// The oldest row that can be asked for.
    pub first_line: u64,
    /// One past the newest row: the bottom of the screen.
    pub end_line: u64,
    /// Output is missing somewhere in what is kept: rows may be wrong or left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inexact: bool,
    /// The rows.
    pub lines: Vec<HistoryLine>,
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryLine {
    /// Its number.
    pub number: u64,
    /// It goes on from the row above: no line end stands between them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wrapped: bool,
    /// Its text from the left; blanks at the end are left out.
    pub runs: Vec<HistoryRun>,
}

/// Text in one style.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryRun {
    /// Plain text, never markup.
    pub text: String,
    /// How it looks.
    #[serde(flatten)]
    pub style: RunStyle,
    /// Where it links to, as the program wrote it: not to be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A colour as the program named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum RunColour {
    /// One of the 256 of the palette.
    Indexed(u8),
    /// Mixed by the program.
    Rgb(Rgb),
}

/// How text is underlined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the name of what it looks like")]
pub enum RunUnderline {
    Single,
    Double,
    Curly,
    Dotted,
    Dashed,
}

/// How text looks; what is not said is the display's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[allow(missing_docs, reason = "each field is the name of what it switches")]
pub struct RunStyle {
    /// The text's colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreground: Option<RunColour>,
    /// The colour behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<RunColour>,
    /// The underline; none: not underlined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underline: Option<RunUnderline>,
    /// The underline's colour; none: the text's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underline_colour: Option<RunColour>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bold: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dim: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub italic: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blink: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inverse: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invisible: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strikethrough: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overline: bool,
}

/// Answer to `GET /api/v1/sessions/{id}/history/search`: the newest match first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryMatches {
    /// What was found.
    pub matches: Vec<HistoryMatch>,
    /// There may be more: ask again with `before` set to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_before: Option<u64>,
}

/// One match; text that wraps has a part on each of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryMatch {
    /// Where it stands, top row first; never empty.
    pub parts: Vec<MatchPart>,
}

/// The part of a match that is on one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchPart {
    /// The row's number.
    pub line: u64,
    /// Its first character, counted in characters (Unicode scalar values) of the row's text from 0.
    pub start: u32,
    /// One past its last character.
    pub end: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_history() {
        let page = HistoryPage {
            first_line: 3,
            end_line: 9,
            inexact: false,
            lines: vec![HistoryLine {
                number: 3,
                wrapped: true,
                runs: vec![
                    HistoryRun {
                        text: "a ".into(),
                        ..HistoryRun::default()
                    },
                    HistoryRun {
                        text: "b".into(),
                        style: RunStyle {
                            foreground: Some(RunColour::Indexed(1)),
                            background: Some(RunColour::Rgb("#010203".parse().unwrap())),
                            underline: Some(RunUnderline::Curly),
                            bold: true,
                            ..RunStyle::default()
                        },
                        link: Some("http://x".into()),
                    },
                ],
            }],
        };
        let golden = r##"{"first_line":3,"end_line":9,"lines":[{"number":3,"wrapped":true,"runs":[{"text":"a "},{"text":"b","foreground":1,"background":"#010203","underline":"curly","bold":true,"link":"http://x"}]}]}"##;
        assert_eq!(serde_json::to_string(&page).unwrap(), golden);
        assert_eq!(serde_json::from_str::<HistoryPage>(golden).unwrap(), page);
    }

    #[test]
    fn golden_matches() {
        let matches = HistoryMatches {
            matches: vec![HistoryMatch {
                parts: vec![MatchPart {
                    line: 7,
                    start: 0,
                    end: 4,
                }],
            }],
            next_before: Some(7),
        };
        let golden = r#"{"matches":[{"parts":[{"line":7,"start":0,"end":4}]}],"next_before":7}"#;
        assert_eq!(serde_json::to_string(&matches).unwrap(), golden);
        assert_eq!(serde_json::from_str::<HistoryMatches>(golden).unwrap(), matches);
    }
}
