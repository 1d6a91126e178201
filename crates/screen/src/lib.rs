//! What a terminal shows after some output: a VT engine that behaves as xterm.js 6 does, and snapshots of it.
//!
//! A screen is derived from the journal and never the truth: it can be thrown away and made again. This room knows
//! bytes, cells and sizes; nothing of sessions, files, sockets or time.

#![forbid(unsafe_code)]

mod attributes;
mod buffer;
mod cell;
mod charset;
mod engine;
mod event;
mod line;
mod modes;
mod packed;
mod parser;
mod pen;
mod plain;
mod row;
mod scrollback;
mod snapshot;
mod tabs;
mod terminal;
mod view;
mod width;

pub use engine::Engine;
pub use event::{Event, EventKind, ShellMark, ShellStage};
pub use line::{Colour, Line, Run, Style, Underline};
pub use plain::PlainText;
pub use sempre_protocol::colours::{Rgb, Theme};

use sempre_protocol::Size;

/// Lines kept above the screen unless told otherwise.
pub const SCROLLBACK_LINES: usize = 5_000;
/// Most lines an engine keeps above the screen.
pub const MAX_SCROLLBACK_LINES: usize = 100_000;
/// Events an engine holds for [`Engine::take_events`]; when more come, the oldest go that are neither replies nor the
/// shell's.
pub const MAX_EVENTS: usize = 1_024;

/// A terminal without a display.
pub trait Screen {
    /// Takes output in, whatever it is; sequences may be cut anywhere.
    fn feed(&mut self, bytes: &[u8]);
    /// Changes the size as xterm.js does, long lines of the normal buffer being wrapped anew.
    fn resize(&mut self, size: Size);
    /// Bytes that rebuild this screen and the newest `scrollback` lines above it on a reset terminal of the same size.
    fn snapshot(&self, scrollback: usize) -> Vec<u8>;
}
