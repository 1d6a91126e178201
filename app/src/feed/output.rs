//! The reading side: which output bytes are new, which are replay, and when to acknowledge what was drawn.

use sempre_protocol::Offset;
use sempre_protocol::limits::OUTPUT_WINDOW_BYTES;
use sempre_protocol::texts::Hello;

use super::{Mark, Voice};

/// Drawn bytes after which an acknowledgement goes out at once.
const ACK_BYTES: u64 = OUTPUT_WINDOW_BYTES / 4;
/// How long a smaller acknowledgement waits for company, ms.
const ACK_DELAY_MS: u64 = 40;

/// How the stream of a connection joins what the terminal already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// Behind a reset of the terminal.
    Reset,
    /// At the end of what the terminal has.
    Continue,
    /// Beyond it: bytes would be missing.
    Gap,
}

/// A frame's bytes, cut to what is new. Offsets are those of the first byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken<'a> {
    /// New bytes: those drawn as replay, then the rest; either may be empty.
    New {
        /// Below the tail at attach.
        replayed: &'a [u8],
        /// From there on.
        fresh: &'a [u8],
    },
    /// All of it is already there.
    Known,
    /// It starts beyond what is there.
    Gap,
}

/// Where reading stands.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// End of what was handed to the terminal; none before the first hello.
    received: Option<Offset>,
    /// End of what the terminal has parsed.
    drawn: Offset,
    /// End of what the server was told is drawn.
    acked: Offset,
    /// Everything below is replay on this connection.
    tail: Offset,
    epoch: u32,
    ack_at_ms: Option<u64>,
}

impl Output {
    /// Where the next connection goes on; none: from a reset terminal.
    pub(super) fn resume_from(&self) -> Option<Offset> {
        self.received
    }

    pub(super) fn drawn(&self) -> Offset {
        self.drawn
    }

    pub(super) fn is_replaying(&self) -> bool {
        self.drawn < self.tail
    }

    pub(super) fn ack_at_ms(&self) -> Option<u64> {
        self.ack_at_ms
    }

    /// The stream is beyond repair: the next connection starts from a reset terminal.
    pub(super) fn forget(&mut self) {
        self.received = None;
    }

    /// The connection is gone, and with it whom to tell.
    pub(super) fn cut_off(&mut self) {
        self.ack_at_ms = None;
    }

    pub(super) fn begin(&mut self, hello: &Hello) -> Join {
        let join = match self.received {
            Some(received) if !hello.reset && hello.offset > received => return Join::Gap,
            Some(_) if !hello.reset => Join::Continue,
            _ => Join::Reset,
        };
        if join == Join::Reset {
            self.epoch = self.epoch.wrapping_add(1);
            self.received = Some(hello.offset);
            self.drawn = hello.offset;
        }
        self.acked = hello.offset;
        self.tail = hello.tail_offset;
        self.ack_at_ms = None;
        join
    }

    /// Who may speak at the present end of the stream.
    pub(super) fn voice(&self, answers: bool) -> Voice {
        match self.received {
            Some(received) if received >= self.tail && answers => Voice::Answers,
            Some(received) if received >= self.tail => Voice::Silent,
            _ => Voice::Replay,
        }
    }

    /// Takes the new bytes of a frame; the marks of their writes come from [`Self::mark`].
    pub(super) fn take<'a>(&mut self, offset: Offset, bytes: &'a [u8]) -> Taken<'a> {
        let Some(received) = self.received.filter(|&received| offset <= received) else {
            return Taken::Gap;
        };
        let known = usize::try_from(received.since(offset)).unwrap_or(usize::MAX);
        let Some(new) = bytes.get(known..).filter(|new| !new.is_empty()) else {
            return Taken::Known;
        };
        let replay = usize::try_from(self.tail.since(received)).unwrap_or(usize::MAX);
        let (replayed, fresh) = new.split_at(replay.min(new.len()));
        self.received = Some(received.plus(new.len() as u64));
        Taken::New { replayed, fresh }
    }

    /// The mark of a write that ends `back` bytes before the end of what was taken.
    pub(super) fn mark(&self, back: usize) -> Mark {
        let end = self.received.unwrap_or_default();
        Mark {
            epoch: self.epoch,
            offset: Offset(end.0.saturating_sub(back as u64)),
        }
    }

    /// Notes that the terminal parsed up to `mark`; the offset to acknowledge at once, if it is time.
    pub(super) fn on_drawn(&mut self, mark: Mark, now_ms: u64) -> Option<Offset> {
        if mark.epoch != self.epoch || mark.offset <= self.drawn {
            return None;
        }
        self.drawn = mark.offset;
        if self.drawn.since(self.acked) >= ACK_BYTES {
            return self.ack();
        }
        if self.drawn > self.acked {
            self.ack_at_ms.get_or_insert(now_ms + ACK_DELAY_MS);
        }
        None
    }

    /// The offset to acknowledge now, if there is anything to tell.
    pub(super) fn ack(&mut self) -> Option<Offset> {
        self.ack_at_ms = None;
        let due = self.drawn > self.acked;
        self.acked = self.acked.max(self.drawn);
        due.then_some(self.drawn)
    }
}
