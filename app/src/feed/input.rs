//! The writing side: what was typed and has not been confirmed, and what of it may be sent.
//!
//! Offsets count this writer's own bytes. A byte leaves the queue when the server says it reached the PTY, so a
//! connection that dies in between costs nothing: the next one sends again and the holder drops what it has.

use std::collections::VecDeque;

use sempre_protocol::limits::{INPUT_WINDOW_BYTES, PENDING_KEYS_BYTES};
use sempre_protocol::texts::Hello;
use sempre_protocol::{Offset, RunId, WriterId};

use super::view::{ParkReason, Parked};

/// Largest input frame, bytes: small enough that a long paste does not delay what follows a signal.
const PIECE_BYTES: usize = 16 * 1024;
/// Input unconfirmed for this long means that the program does not read, ms.
const STUCK_MS: u64 = 1_000;

/// Bytes of one origin, in the order they came.
#[derive(Debug)]
struct Piece {
    typed: bool,
    bytes: Vec<u8>,
}

/// A frame to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) typed: bool,
    pub(super) offset: Offset,
    pub(super) bytes: Vec<u8>,
}

/// One writer's unconfirmed input.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) writer: WriterId,
    /// The process the queue is meant for; none before the first hello.
    pub(super) run: Option<RunId>,
    /// Offset of the first queued byte.
    base: Offset,
    /// Offset of the first byte not sent on this connection.
    sent: Offset,
    len: usize,
    pieces: VecDeque<Piece>,
    window: u64,
    /// End of what was ever sent under this writer id: of queued bytes below it, only the holder knows whether
    /// they arrived.
    high: Offset,
    /// Queued bytes below this were thrown away by a signal: they are counted until the server confirms them.
    discarded: Offset,
    /// When a byte was last confirmed, or the queue began to fill.
    progress_ms: u64,
}

impl Input {
    pub(super) fn new(writer: WriterId) -> Self {
        Self {
            writer,
            run: None,
            base: Offset::ZERO,
            sent: Offset::ZERO,
            len: 0,
            pieces: VecDeque::new(),
            window: INPUT_WINDOW_BYTES as u64,
            high: Offset::ZERO,
            discarded: Offset::ZERO,
            progress_ms: 0,
        }
    }

    /// Bytes that are still to reach the program.
    pub(super) fn pending_bytes(&self) -> usize {
        self.len - self.discarded_bytes()
    }

    fn discarded_bytes(&self) -> usize {
        usize::try_from(self.discarded.since(self.base)).map_or(self.len, |count| count.min(self.len))
    }

    fn end(&self) -> Offset {
        self.base.plus(self.len as u64)
    }

    /// Whether the program does not read: nothing was confirmed for a while.
    pub(super) fn is_stuck(&self, now_ms: u64) -> bool {
        self.sent > self.base && now_ms >= self.progress_ms + STUCK_MS
    }

    /// Whether what is typed now would arrive late: the window is full, or the program does not read.
    pub(super) fn is_backed_up(&self, now_ms: u64) -> bool {
        self.is_stuck(now_ms) || (self.sent > self.base && self.sent < self.end())
    }

    /// When [`Self::is_stuck`] may become true by time alone, ms.
    pub(super) fn stuck_at_ms(&self) -> Option<u64> {
        (self.sent > self.base).then_some(self.progress_ms + STUCK_MS)
    }

    /// Queues bytes. While cut off at most [`PENDING_KEYS_BYTES`] are kept: all of `bytes` or none, since half a
    /// paste is worse than none. False if they were refused.
    pub(super) fn push(&mut self, typed: bool, bytes: &[u8], connected: bool, now_ms: u64) -> bool {
        if !connected && self.len + bytes.len() > PENDING_KEYS_BYTES {
            return false;
        }
        if self.len == 0 {
            self.progress_ms = now_ms;
        }
        self.len += bytes.len();
        let mut rest = bytes;
        if let Some(last) = self.pieces.back_mut().filter(|last| last.typed == typed) {
            let room = PIECE_BYTES.saturating_sub(last.bytes.len()).min(rest.len());
            let (head, tail) = rest.split_at(room);
            last.bytes.extend_from_slice(head);
            rest = tail;
        }
        self.pieces.extend(rest.chunks(PIECE_BYTES).map(|chunk| Piece {
            typed,
            bytes: chunk.to_vec(),
        }));
        true
    }

    /// The next frame the window has room for.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        let outstanding = self.sent.since(self.base);
        let room = usize::try_from(self.window.saturating_sub(outstanding)).unwrap_or(usize::MAX);
        let mut skip = usize::try_from(outstanding).ok()?;
        let piece = self.pieces.iter().find(|piece| {
            let here = skip < piece.bytes.len();
            skip = if here { skip } else { skip - piece.bytes.len() };
            here
        })?;
        let rest = piece.bytes.get(skip..)?;
        let bytes = rest
            .get(..rest.len().min(room))
            .filter(|bytes| !bytes.is_empty())?;
        let frame = Frame {
            typed: piece.typed,
            offset: self.sent,
            bytes: bytes.to_vec(),
        };
        self.sent = self.sent.plus(frame.bytes.len() as u64);
        self.high = self.high.max(self.sent);
        Some(frame)
    }

    /// Everything below `offset` has reached the PTY.
    pub(super) fn confirm(&mut self, offset: Offset, now_ms: u64) {
        let offset = offset.min(self.end());
        let mut done = usize::try_from(offset.since(self.base)).unwrap_or(usize::MAX);
        if done == 0 {
            return;
        }
        self.progress_ms = now_ms;
        self.base = offset;
        self.sent = self.sent.max(offset);
        self.len -= done;
        while let Some(front) = self.pieces.front_mut() {
            if front.bytes.len() > done {
                front.bytes.drain(..done);
                break;
            }
            done -= front.bytes.len();
            self.pieces.pop_front();
        }
    }

    /// The connection is gone: what was sent on it must be sent again, or asked about.
    pub(super) fn cut_off(&mut self) {
        self.sent = self.base;
    }

    /// Joins a new connection; text that must not be sent is handed back.
    pub(super) fn begin(&mut self, hello: &Hello, now_ms: u64) -> Option<Parked> {
        let same_run = self.run.is_none_or(|run| run == hello.run);
        self.run = Some(hello.run);
        self.window = hello.input_window;
        self.progress_ms = now_ms;
        let some_sent = self.high > self.base;
        let standing = hello.writer_known && (self.base..=self.end()).contains(&hello.input_offset);
        let some_sent = some_sent && self.settle_discarded(hello, same_run && standing);
        let parked = if self.len > 0 && !same_run {
            self.park(ParkReason::OtherRun)
        } else if self.len > 0 && some_sent && !standing {
            self.park(ParkReason::Uncertain)
        } else {
            None
        };
        if self.len > 0 && some_sent {
            self.confirm(hello.input_offset, now_ms);
        } else {
            self.base = hello.input_offset;
            self.high = self.base;
        }
        self.sent = self.base;
        parked
    }

    /// Takes what a signal threw away out of the queue as a new connection finds it: what the server took over
    /// keeps its offsets, the rest is as if it had never been. Whether something of the rest was sent before.
    fn settle_discarded(&mut self, hello: &Hello, standing: bool) -> bool {
        if self.discarded <= self.base {
            return true;
        }
        if !standing {
            self.take_discarded(self.base);
            return self.high > self.base;
        }
        // A signal that did not arrive has thrown nothing away: what it was meant for is pending again.
        let taken_over = hello.input_accepted.unwrap_or(self.discarded);
        if taken_over < self.discarded {
            self.take_discarded(taken_over);
            // Nothing beyond it arrived either.
            self.high = self.high.min(taken_over.max(self.base));
        }
        self.discarded = Offset::ZERO;
        self.high > self.base
    }

    /// Removes what a signal threw away from offset `from` on; what follows moves up.
    fn take_discarded(&mut self, from: Offset) {
        let from = from.max(self.base);
        let count = usize::try_from(self.discarded.since(from)).unwrap_or(usize::MAX);
        let mut keep = usize::try_from(from.since(self.base)).unwrap_or(usize::MAX);
        let mut left = count;
        for piece in &mut self.pieces {
            let start = keep.min(piece.bytes.len());
            let gone = left.min(piece.bytes.len() - start);
            keep -= start;
            left -= gone;
            piece.bytes.drain(start..start + gone);
        }
        let gone = count - left;
        self.pieces.retain(|piece| !piece.bytes.is_empty());
        self.len -= gone;
        let back = |at: Offset| {
            if at > from {
                from.max(Offset(at.0.saturating_sub(gone as u64)))
            } else {
                at
            }
        };
        self.sent = back(self.sent);
        self.high = back(self.high);
        self.discarded = Offset::ZERO;
    }

    /// Another tab took the writer id at `taken_at`: goes on under `fresh` with what had not arrived by then.
    pub(super) fn move_to(
        &mut self,
        fresh: WriterId,
        taken_at: Option<Offset>,
        now_ms: u64,
    ) -> Option<Parked> {
        let certain = taken_at.filter(|at| (self.base..=self.end()).contains(at));
        certain.into_iter().for_each(|at| self.confirm(at, now_ms));
        self.take_discarded(self.base);
        let parked = match certain {
            Some(_) => None,
            None if self.sent > self.base => self.park(ParkReason::Uncertain),
            None => None,
        };
        self.writer = fresh;
        self.base = Offset::ZERO;
        self.sent = Offset::ZERO;
        self.high = Offset::ZERO;
        parked
    }

    /// A signal throws away all that waits: what was not sent here, the rest where it is.
    pub(super) fn discard(&mut self) {
        self.drop_unsent();
        self.discarded = self.sent;
    }

    /// Forgets what has not been sent on this connection; what of it a person typed is handed back.
    fn drop_unsent(&mut self) -> Vec<u8> {
        let keep = usize::try_from(self.sent.since(self.base)).unwrap_or(usize::MAX);
        let mut typed = Vec::new();
        let mut seen = 0usize;
        for piece in &mut self.pieces {
            let cut = keep.saturating_sub(seen).min(piece.bytes.len());
            seen += piece.bytes.len();
            let unsent = piece.bytes.split_off(cut);
            if piece.typed {
                typed.extend_from_slice(&unsent);
            }
        }
        self.pieces.retain(|piece| !piece.bytes.is_empty());
        self.len = self.len.min(keep);
        typed
    }

    /// Empties the queue; none if nobody typed any of it.
    pub(super) fn park(&mut self, reason: ParkReason) -> Option<Parked> {
        self.take_discarded(self.base);
        self.sent = self.base;
        let bytes = self.drop_unsent();
        (!bytes.is_empty()).then_some(Parked { bytes, reason })
    }
}
