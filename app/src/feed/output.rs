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
    /// From a reset terminal.
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
        /// The terminal must be reset before them.
        reset: bool,
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

/// What the terminal holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Held {
    /// Nothing that a stream could continue.
    #[default]
    Nothing,
    /// Something old: a snapshot, or the output from this offset on, replaces it.
    Stale(Offset),
    /// The session's output up to this offset.
    UpTo(Offset),
}

/// Where reading stands.
#[derive(Debug, Default)]
pub(super) struct Output {
    held: Held,
    /// End of what the terminal has parsed.
    drawn: Mark,
    /// End of what the server was told is drawn; none: it waits to hear of a snapshot.
    acked: Option<Offset>,
    /// Everything below is replay on this connection.
    tail: Offset,
    epoch: u32,
    ack_at_ms: Option<u64>,
}

impl Output {
    /// Where the next connection goes on; none: from a reset terminal.
    pub(super) fn resume_from(&self) -> Option<Offset> {
        match self.held {
            Held::UpTo(offset) => Some(offset),
            Held::Nothing | Held::Stale(_) => None,
        }
    }

    /// Whether what the terminal shows is about to be replaced.
    pub(super) fn is_stale(&self) -> bool {
        self.resume_from().is_none()
    }

    pub(super) fn drawn(&self) -> Offset {
        self.drawn.offset
    }

    pub(super) fn is_replaying(&self) -> bool {
        self.is_stale() || self.drawn.offset < self.tail
    }

    pub(super) fn ack_at_ms(&self) -> Option<u64> {
        self.ack_at_ms
    }

    /// The stream is beyond repair: the next connection starts from a reset terminal.
    pub(super) fn forget(&mut self) {
        self.held = Held::Nothing;
    }

    /// The connection is gone, and with it whom to tell.
    pub(super) fn cut_off(&mut self) {
        self.ack_at_ms = None;
    }

    pub(super) fn begin(&mut self, hello: &Hello) -> Join {
        let join = match self.held {
            Held::UpTo(received) if !hello.reset && hello.offset > received => return Join::Gap,
            Held::UpTo(_) if !hello.reset => Join::Continue,
            _ => Join::Reset,
        };
        if join == Join::Reset {
            self.held = Held::Stale(hello.offset);
        }
        self.acked = Some(hello.offset);
        self.tail = hello.tail_offset;
        self.ack_at_ms = None;
        join
    }

    /// Who may speak at the present end of the stream.
    pub(super) fn voice(&self) -> Voice {
        match self.held {
            Held::UpTo(received) if received >= self.tail => Voice::Reports,
            _ => Voice::Replay,
        }
    }

    /// Takes the new bytes of a frame; the marks of their writes come from [`Self::mark`].
    pub(super) fn take<'a>(&mut self, offset: Offset, bytes: &'a [u8]) -> Taken<'a> {
        let (received, reset) = match self.held {
            Held::UpTo(received) if offset <= received => (received, false),
            Held::Stale(from) if offset == from => (from, true),
            _ => return Taken::Gap,
        };
        let known = usize::try_from(received.since(offset)).unwrap_or(usize::MAX);
        let Some(new) = bytes.get(known..).filter(|new| !new.is_empty()) else {
            return Taken::Known;
        };
        if reset {
            self.epoch = self.epoch.wrapping_add(1);
        }
        let replay = usize::try_from(self.tail.since(received)).unwrap_or(usize::MAX);
        let (replayed, fresh) = new.split_at(replay.min(new.len()));
        self.held = Held::UpTo(received.plus(new.len() as u64));
        Taken::New {
            reset,
            replayed,
            fresh,
        }
    }

    /// Whether a snapshot at `offset` brings the terminal forward: offsets go back only behind a `hello` that says so.
    pub(super) fn wants_snapshot(&self, offset: Offset) -> bool {
        match self.held {
            Held::UpTo(at) | Held::Stale(at) => offset >= at,
            Held::Nothing => false,
        }
    }

    /// Takes a snapshot that was wanted: the mark of its write, and how much output it stands for that nobody saw.
    pub(super) fn take_snapshot(&mut self, offset: Offset) -> (Mark, u64) {
        let skipped = match self.held {
            Held::UpTo(received) => offset.since(received),
            Held::Nothing | Held::Stale(_) => 0,
        };
        self.epoch = self.epoch.wrapping_add(1);
        self.held = Held::UpTo(offset);
        // The server sends little before it knows that a snapshot was drawn.
        self.acked = None;
        self.ack_at_ms = None;
        (self.mark(0), skipped)
    }

    /// The mark of a write that ends `back` bytes before the end of what was taken.
    pub(super) fn mark(&self, back: usize) -> Mark {
        let end = self.resume_from().unwrap_or_default();
        Mark {
            epoch: self.epoch,
            offset: Offset(end.0.saturating_sub(back as u64)),
        }
    }

    /// Notes that the terminal parsed up to `mark`; the offset to acknowledge at once, if it is time.
    pub(super) fn on_drawn(&mut self, mark: Mark, now_ms: u64) -> Option<Offset> {
        let first = self.drawn.epoch != mark.epoch;
        if mark.epoch != self.epoch || (!first && mark.offset <= self.drawn.offset) {
            return None;
        }
        self.drawn = mark;
        if self
            .acked
            .is_none_or(|acked| mark.offset.since(acked) >= ACK_BYTES)
        {
            return self.ack();
        }
        if self.is_ack_due() {
            self.ack_at_ms.get_or_insert(now_ms + ACK_DELAY_MS);
        }
        None
    }

    fn is_ack_due(&self) -> bool {
        self.acked.is_none_or(|acked| self.drawn.offset > acked)
    }

    /// The offset to acknowledge now, if there is anything to tell.
    pub(super) fn ack(&mut self) -> Option<Offset> {
        self.ack_at_ms = None;
        let due = self.is_ack_due();
        self.acked = self.acked.max(Some(self.drawn.offset));
        due.then_some(self.drawn.offset)
    }
}
