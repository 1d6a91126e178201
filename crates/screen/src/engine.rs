//! The engine: the parser before the terminal, and where in the journal both stand.

use sempre_protocol::{Offset, Size};

use crate::packed::{PackedRow, Packer};
use crate::parser::Parser;
use crate::terminal::Terminal;
use crate::{Event, Line, MAX_SCROLLBACK_LINES, Screen, Theme, snapshot, view};

/// Bytes fed between two looks at whether tables are to be collected.
const FEED_BYTES: usize = 64 * 1024;

/// A terminal with the behaviour of xterm.js 6, without a display.
#[derive(Debug, Clone)]
pub struct Engine {
    parser: Parser,
    terminal: Terminal,
    size: Size,
    offset: Offset,
}

impl Engine {
    /// An empty terminal that keeps `scrollback` lines (at most [`crate::MAX_SCROLLBACK_LINES`]) above its screen; the
    /// first byte fed is at `offset`.
    pub fn new(size: Size, scrollback: usize, offset: Offset) -> Self {
        let size = Self::possible(size);
        Self {
            parser: Parser::default(),
            terminal: Terminal::new(size, scrollback.min(MAX_SCROLLBACK_LINES)),
            size,
            offset,
        }
    }

    /// The nearest size a terminal can have: like xterm.js, no less than two columns, in which a wide character fits.
    fn possible(size: Size) -> Size {
        const MIN_COLS: u16 = 2;
        let size = size.clamped();
        Size::new(size.cols.max(MIN_COLS), size.rows)
    }

    /// The terminal a snapshot taken at `offset` rebuilds; its queries and news are not told again.
    pub fn restore(ansi: &[u8], size: Size, scrollback: usize, offset: Offset) -> Self {
        let mut engine = Self::new(size, scrollback, offset);
        engine.feed(ansi);
        engine.offset = offset;
        engine.take_events();
        engine
    }

    /// Offset of the next byte.
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// The size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// What happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.terminal.take_events()
    }

    /// The colours that queries are answered with.
    pub fn set_theme(&mut self, theme: Theme) {
        self.terminal.theme = Some(theme);
    }

    /// The window title; empty if none was set.
    pub fn title(&self) -> &str {
        &self.terminal.title
    }

    /// The directory the shell told last (OSC 7).
    pub fn cwd(&self) -> Option<&str> {
        self.terminal.cwd.as_deref()
    }

    /// Whether a full-screen program has the alternate buffer.
    pub fn is_alternate(&self) -> bool {
        self.terminal.on_alternate
    }

    /// Whether the program wants pastes marked as such (mode 2004).
    pub fn is_paste_bracketed(&self) -> bool {
        self.terminal.modes.bracketed_paste
    }

    /// Whether the cursor is shown (mode 25).
    pub fn is_cursor_visible(&self) -> bool {
        !self.terminal.lasting.cursor_hidden
    }

    /// Column and row of the cursor on the screen, from 0; the column may be one past the last while a wrap is pending.
    pub fn cursor(&self) -> (u16, u16) {
        let buffer = self.terminal.buffer();
        let cell = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        (cell(buffer.x), cell(buffer.y))
    }

    /// Number of the oldest line of the normal buffer that is kept: how many went before it.
    pub fn first_line(&self) -> u64 {
        self.terminal.normal.scrollback.dropped()
    }

    /// One past the number of the last line of the normal buffer, which is the bottom row of its screen.
    pub fn end_line(&self) -> u64 {
        self.terminal.end_line()
    }

    /// A line of the normal buffer (scrollback and screen) by number; none if it is not kept.
    pub fn line(&self, number: u64) -> Option<Line> {
        let normal = &self.terminal.normal;
        let index = usize::try_from(number.checked_sub(self.first_line())?).ok()?;
        if let Some(row) = normal.scrollback.get(index) {
            return Some(self.view(row));
        }
        let row = normal.rows.get(index - normal.scrollback.len())?;
        let packed = Packer::default().pack(row, self.terminal.cols, &self.terminal.clusters);
        Some(self.view(&packed))
    }

    /// The lines on show: of the alternate buffer while that is active.
    pub fn screen_lines(&self) -> Vec<Line> {
        let mut packer = Packer::default();
        let terminal = &self.terminal;
        let rows = terminal.buffer().rows.iter();
        rows.map(|row| self.view(&packer.pack(row, terminal.cols, &terminal.clusters)))
            .collect()
    }

    fn view(&self, row: &PackedRow) -> Line {
        view::line(row, &self.terminal.styles, &self.terminal.links)
    }
}

impl Screen for Engine {
    fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(FEED_BYTES) {
            self.terminal.begin(self.offset);
            self.parser.feed(piece, &mut self.terminal);
            self.terminal.collect();
            self.offset = self.offset.plus(piece.len() as u64);
        }
    }

    fn resize(&mut self, size: Size) {
        self.size = Self::possible(size);
        self.terminal.resize(self.size);
    }

    fn snapshot(&self, scrollback: usize) -> Vec<u8> {
        snapshot::write(&self.terminal, &self.parser.unfinished(), scrollback)
    }
}
