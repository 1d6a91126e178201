//! What is on the local terminal: the session's bytes as they are, beside an engine that knows what they draw, so that
//! the terminal can be drawn anew.

use sempre_protocol::Size;
use sempre_screen::{Engine, Screen};

use super::queries::WithoutQueries;
use crate::cli::local_terminal::RESET;
use crate::client::Snapshot;

/// Empties the screen.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// What is shown.
#[derive(Debug)]
pub(super) struct Picture {
    filter: WithoutQueries,
    /// The session's screen after all output so far; none: nothing came yet.
    engine: Option<Engine>,
    local: Size,
    lines: usize,
    /// The notice is over the last line.
    noticed: bool,
}

impl Picture {
    /// An empty one, for a terminal of this size.
    pub(super) fn new(local: Size, lines: u32) -> Self {
        Self {
            filter: WithoutQueries::default(),
            engine: None,
            local,
            lines: usize::try_from(lines).unwrap_or(usize::MAX),
            noticed: false,
        }
    }

    /// The terminal has another size now.
    pub(super) fn local_size(&mut self, size: Size) {
        self.local = size;
    }

    /// The session has.
    pub(super) fn session_size(&mut self, size: Size) {
        if let Some(engine) = &mut self.engine {
            engine.resize(size);
        }
    }

    /// Draws a screen that came whole.
    pub(super) fn snapshot(&mut self, snapshot: &Snapshot) -> Vec<u8> {
        let mut shown = Vec::new();
        if self.engine.is_none() {
            // What the terminal showed before moves up, out of the way.
            shown.extend_from_slice(format!("\x1b[r\x1b[{};1H", self.local.rows).as_bytes());
            shown.resize(shown.len() + usize::from(self.local.rows), b'\n');
        }
        let engine = Engine::restore(&snapshot.ansi, snapshot.size, self.lines, snapshot.offset);
        self.engine = Some(engine);
        shown.extend(self.whole(self.lines));
        // Scrolled off once: not again.
        self.lines = 0;
        shown
    }

    /// Draws output.
    pub(super) fn output(&mut self, bytes: &[u8]) -> Vec<u8> {
        if let Some(engine) = &mut self.engine {
            engine.feed(bytes);
            // They are the server's to tell.
            engine.take_events();
        }
        self.filter.feed(bytes)
    }

    /// Says over the last line that the connection is lost.
    pub(super) fn notice(&mut self, advice: &str) -> Vec<u8> {
        self.noticed = true;
        let text: String = format!(" sempre: the server does not answer, trying again; {advice} ")
            .chars()
            .take(self.local.cols.into())
            .collect();
        format!(
            "\x1b7\x1b[{};1H\x1b[0;7m{text}\x1b[0m\x1b[K\x1b8",
            self.local.rows
        )
        .into_bytes()
    }

    /// Draws what was under the notice.
    pub(super) fn without_notice(&mut self) -> Vec<u8> {
        match std::mem::take(&mut self.noticed) {
            true => self.whole(0),
            false => Vec::new(),
        }
    }

    /// The whole screen and `lines` above it, as wide as the terminal is.
    fn whole(&mut self, lines: usize) -> Vec<u8> {
        let Some(engine) = &self.engine else {
            return Vec::new();
        };
        let mut ansi = engine.snapshot(lines);
        if engine.size() != self.local {
            let mut fitted = Engine::restore(&ansi, engine.size(), lines, engine.offset());
            fitted.resize(self.local);
            ansi = fitted.snapshot(lines);
        }
        // A sequence that has only begun goes on in the output.
        self.filter = WithoutQueries::default();
        let mut shown = format!("{RESET}{CLEAR}").into_bytes();
        shown.extend(self.filter.feed(&ansi));
        shown
    }
}
