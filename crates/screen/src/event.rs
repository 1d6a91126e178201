//! What output does besides drawing: answers it wants, and news for whoever watches.

use sempre_protocol::Offset;

/// Something the output asked for or told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Journal offset of the last byte of the sequence.
    pub offset: Offset,
    /// What.
    pub kind: EventKind,
}

/// Kinds of [`Event`]. Texts are plain, without control characters, and cut at named lengths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A query was asked; these bytes answer it. They never hold text that the program chose.
    Reply(Vec<u8>),
    /// The window title is now this (OSC 0, 2).
    Title(String),
    /// The shell stands in this directory (OSC 7), an absolute path.
    Cwd(String),
    /// The bell rang.
    Bell,
    /// The program wants the user told (OSC 9, 777).
    Notify(String),
    /// Progress in per cent (OSC 9;4); none: busy without a known end, or over.
    Progress(Option<u8>),
}
