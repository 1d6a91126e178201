//! Snapshots on their way to the terminal: parts are gathered, and what comes while one is decompressed waits.

use std::collections::VecDeque;

use sempre_protocol::frames::{SNAPSHOT_DEFLATE_RAW, SNAPSHOT_MORE};
use sempre_protocol::{Offset, Size};

use super::Event;

/// The largest snapshot that is gathered, bytes as they come: some hundred thousand lines.
const MAX_SNAPSHOT_BYTES: usize = 32 * 1024 * 1024;

/// A snapshot with all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) offset: Offset,
    pub(super) size: Size,
    /// Still to be decompressed.
    pub(super) deflated: bool,
    pub(super) bytes: Vec<u8>,
}

/// What a part brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gathered {
    /// More parts follow.
    Part,
    /// The last one.
    Whole(Whole),
    /// More than anybody should send.
    TooLarge,
}

/// One connection's snapshots.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    parts: Option<Whole>,
    inflating: Option<Whole>,
    ticket: u32,
    /// What came from the server meanwhile, in order. The server's windows bound it.
    waiting: VecDeque<Event>,
}

impl Snapshots {
    /// The connection is gone, and with it what it had begun.
    pub(super) fn cut_off(&mut self) {
        self.parts = None;
        self.inflating = None;
        self.waiting.clear();
    }

    /// Takes a part. The first one of another snapshot replaces what was gathered of the one before.
    pub(super) fn gather(&mut self, offset: Offset, size: Size, flags: u8, ansi: &[u8]) -> Gathered {
        let deflated = flags & SNAPSHOT_DEFLATE_RAW != 0;
        let mut whole = match self.parts.take() {
            Some(parts) if parts.offset == offset => parts,
            _ => Whole {
                offset,
                size,
                deflated,
                bytes: Vec::new(),
            },
        };
        if whole.bytes.len() + ansi.len() > MAX_SNAPSHOT_BYTES {
            return Gathered::TooLarge;
        }
        whole.bytes.extend_from_slice(ansi);
        if flags & SNAPSHOT_MORE == 0 {
            return Gathered::Whole(whole);
        }
        self.parts = Some(whole);
        Gathered::Part
    }

    /// Hands the bytes out to be decompressed, with a ticket for the answer.
    pub(super) fn inflate(&mut self, mut whole: Whole) -> (u32, Vec<u8>) {
        let bytes = std::mem::take(&mut whole.bytes);
        self.ticket = self.ticket.wrapping_add(1);
        self.inflating = Some(whole);
        (self.ticket, bytes)
    }

    /// The snapshot this answer belongs to; none if nobody waits for it any more.
    pub(super) fn inflated(&mut self, ticket: u32) -> Option<Whole> {
        self.inflating.take_if(|_| ticket == self.ticket)
    }

    /// Keeps an event back while a snapshot is decompressed: what follows it comes after it.
    pub(super) fn hold(&mut self, event: Event) -> Option<Event> {
        if self.inflating.is_none() {
            return Some(event);
        }
        self.waiting.push_back(event);
        None
    }

    /// The next event that need not wait any longer.
    pub(super) fn next_waiting(&mut self) -> Option<Event> {
        match self.inflating {
            Some(_) => None,
            None => self.waiting.pop_front(),
        }
    }
}
