//! What the feed wants done, in this order.

use sempre_protocol::texts::ClientText;
use sempre_protocol::{Offset, Size, WriterId};

/// Who may speak through the terminal from a point of the stream on. The program's queries it never answers: the
/// server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Old output is drawn again: reports (focus, mouse) are dropped, only people are heard.
    Replay,
    /// Reports pass.
    Reports,
}

/// Names a place in the stream, so that a late "drawn" of an abandoned screen is not taken for one of the present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// Counts the resets and snapshots.
    pub epoch: u32,
    /// Output offset after the last byte of the write.
    pub offset: Offset,
}

/// Something to do. `Reset`, `Resize`, `Voice`, `Snapshot` and `Write` take effect in stream order: each after the
/// writes before it were parsed.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Open a socket; a former one is closed first.
    Connect {
        /// Names the socket in the events that follow.
        connection: u32,
        /// The writer id to ask for.
        writer: WriterId,
        /// Where the stream goes on; none: from a reset terminal.
        from: Option<Offset>,
    },
    /// Close the socket, if there is one.
    Disconnect,
    /// Send a text frame.
    SendText(ClientText),
    /// Send an input frame.
    SendInput {
        /// Input offset of the first byte.
        offset: Offset,
        /// What was typed or reported.
        bytes: Vec<u8>,
    },
    /// Keep this writer id for the next visit of this tab.
    KeepWriter(WriterId),
    /// Ask `GET /api/v1/sessions/{id}` why a socket could not be opened.
    Probe,
    /// Decompress a snapshot (raw deflate), then report [`super::Event::Inflated`].
    Inflate {
        /// Names it in that event.
        ticket: u32,
        /// All its parts.
        bytes: Vec<u8>,
    },
    /// Back to the state of a new terminal.
    Reset,
    /// Set the terminal to the session's size.
    Resize(Size),
    /// Who may speak from here on.
    Voice(Voice),
    /// Reset, resize and draw in one go, so that nobody sees an empty terminal; then report
    /// [`super::Event::Drawn`] with the mark.
    Snapshot {
        /// The size of the screen.
        size: Size,
        /// Output before it was skipped: it has less above the screen than there is.
        cut: bool,
        /// What rebuilds it on a reset terminal.
        ansi: Vec<u8>,
        /// The place it stands at.
        mark: Mark,
    },
    /// Draw these bytes, then report [`super::Event::Drawn`] with the mark.
    Write {
        /// Output as the program wrote it.
        bytes: Vec<u8>,
        /// The place after them.
        mark: Mark,
    },
}
