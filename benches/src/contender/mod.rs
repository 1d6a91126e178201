//! Who is measured: a raw PTY, two peers anybody can install, and Sempre, all behind the same words.

mod peer;
mod program;
mod raw;
mod sempre;
mod socket;

use std::time::Duration;

use bytes::Bytes;

pub(crate) use peer::{Node, Terminado};
pub(crate) use raw::Raw;
pub(crate) use sempre::Sempre;

use crate::processes::Pids;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    /// A PTY of this program's own: the kernel's limit.
    Raw,
    /// terminado, as Jupyter uses it.
    Terminado,
    /// node-pty with a headless xterm.js.
    Node,
    /// Sempre with everything on.
    Sempre,
}

impl Column {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 4] = [Self::Raw, Self::Terminado, Self::Node, Self::Sempre];

    /// Its head in the table.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Terminado => "terminado",
            Self::Node => "node",
            Self::Sempre => "Sempre",
        }
    }
}

/// Something that can be started and measured.
pub(crate) trait Contender {
    /// Where its figures stand.
    fn column(&self) -> Column;

    /// What it is, with versions; or why it cannot be measured here.
    fn version(&self) -> Result<String, String>;

    /// Starts it. `scrollback`: rows above the screen that it must be able to show again, where it can be told.
    ///
    /// # Errors
    /// If it does not start or says no address.
    fn start(&self, scrollback: usize) -> anyhow::Result<Box<dyn Server>>;
}

/// How a viewer attaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Every byte from the first on.
    EveryByte,
    /// As the page of this server does: a screen first where there is one, then output, told what was drawn.
    Page,
    /// As the page, with this many rows above the screen, where that can be asked for.
    PageWithRows(usize),
}

/// A running contender; it and its sessions end with the value.
pub(crate) trait Server {
    /// Which one.
    fn column(&self) -> Column;

    /// Starts a session of 80×24; its id.
    ///
    /// # Errors
    /// If the server refuses.
    fn create(&self, command: &[&str]) -> anyhow::Result<String>;

    /// Attaches a viewer.
    ///
    /// # Errors
    /// If there is no such session.
    fn attach(&self, session: &str, manner: Manner) -> anyhow::Result<Box<dyn Viewer>>;

    /// Ends a session.
    ///
    /// # Errors
    /// If the server refuses.
    fn end(&self, session: &str) -> anyhow::Result<()>;

    /// The processes whose cost is measured.
    ///
    /// # Errors
    /// If the process table cannot be read.
    fn pids(&self) -> anyhow::Result<Pids>;

    /// Time after the last byte until a session that nobody watches costs least.
    fn rest(&self) -> Duration;

    /// Makes the screen of a session: milliseconds as the server itself says, and bytes; none if it says nothing.
    ///
    /// # Errors
    /// If it should say so and does not.
    fn snapshot(&self, _session: &str) -> anyhow::Result<Option<(f64, usize)>> {
        Ok(None)
    }
}

/// What a viewer sees next.
#[derive(Debug)]
pub(crate) enum Seen {
    /// Output bytes.
    Output(Bytes),
    /// A screen in place of all before: bytes on the wire, and the text.
    Screen(usize, Vec<u8>),
    /// Anything else.
    Other,
}

impl Seen {
    /// What is to be drawn.
    pub(crate) fn text(&self) -> &[u8] {
        match self {
            Self::Output(bytes) => bytes,
            Self::Screen(_, text) => text,
            Self::Other => &[],
        }
    }

    /// What came over the wire for it, bytes, without headers.
    pub(crate) fn wire_bytes(&self) -> usize {
        match self {
            Self::Output(bytes) => bytes.len(),
            Self::Screen(wire_bytes, _) => *wire_bytes,
            Self::Other => 0,
        }
    }
}

/// A client of one session.
pub(crate) trait Viewer: Send {
    /// Waits for what comes next.
    ///
    /// # Errors
    /// If the connection or the session ended, or nothing came for 30 s.
    fn next(&mut self) -> anyhow::Result<Seen>;

    /// Types.
    ///
    /// # Errors
    /// If the connection ended.
    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()>;

    /// Says that all that was seen has been drawn, if this wire has a word for it.
    ///
    /// # Errors
    /// If the connection ended.
    fn drawn(&mut self) -> anyhow::Result<()>;
}
