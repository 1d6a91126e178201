//! What was typed and has not reached the terminal yet: sent again where the server says, never twice into another shell.
//!
//! Pure: knows offsets and bytes, nothing of connections (`docs/protocol.md` 1.6).

use std::collections::VecDeque;

use sempre_protocol::limits::INPUT_WINDOW_BYTES;
use sempre_protocol::texts::Hello;
use sempre_protocol::{Offset, RunId};

/// Most input that waits here; who has more must stop reading.
const MAX_WAITING_BYTES: usize = INPUT_WINDOW_BYTES;
/// Largest frame of input, bytes.
const FRAME_BYTES: usize = 32 * 1024;

/// One writer's input from the first byte that is not acknowledged.
#[derive(Debug, Default)]
pub(super) struct InputQueue {
    /// Offset of the first byte in `bytes`: what is before it has reached the terminal.
    base: u64,
    bytes: VecDeque<u8>,
    /// What is before this was sent on this connection.
    sent: u64,
    /// What is before this was sent on some connection.
    high: u64,
    window: u64,
    run: Option<RunId>,
}

impl InputQueue {
    /// Takes what was typed.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Whether more may be pushed.
    pub(super) fn has_room(&self) -> bool {
        self.bytes.len() < MAX_WAITING_BYTES
    }

    /// A new connection says where the input stands. Bytes that may have been typed already, or were meant for another
    /// shell, are thrown away; how many.
    pub(super) fn greet(&mut self, hello: &Hello) -> usize {
        let same_run = self.run.is_none_or(|run| run == hello.run);
        self.run = Some(hello.run);
        self.window = hello.input_window;
        let some_sent = self.high > self.base;
        let end = self.base + self.bytes.len() as u64;
        let standing = hello.writer_known && (self.base..=end).contains(&hello.input_offset.0);
        let lost = match (same_run, some_sent && !standing) {
            (true, false) => 0,
            _ => {
                let lost = self.bytes.len();
                self.bytes.clear();
                lost
            }
        };
        if some_sent && lost == 0 && standing {
            self.acknowledge(hello.input_offset);
        } else {
            self.base = hello.input_offset.0;
            self.high = self.base;
        }
        self.sent = self.base;
        lost
    }

    /// The next bytes to send, and their offset; none while there are none or the window is full.
    pub(super) fn frame(&self) -> Option<(Offset, Vec<u8>)> {
        let start = usize::try_from(self.sent.checked_sub(self.base)?).ok()?;
        let open = (self.base + self.window).saturating_sub(self.sent);
        let waiting = self.bytes.len().saturating_sub(start);
        let count = waiting
            .min(FRAME_BYTES)
            .min(usize::try_from(open).unwrap_or(FRAME_BYTES));
        let bytes: Vec<u8> = self.bytes.iter().skip(start).take(count).copied().collect();
        (!bytes.is_empty()).then_some((Offset(self.sent), bytes))
    }

    /// What [`Self::frame`] gave was sent.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
        self.high = self.high.max(self.sent);
    }

    /// Input before `offset` has reached the terminal.
    pub(super) fn acknowledge(&mut self, offset: Offset) {
        let count = usize::try_from(offset.since(Offset(self.base))).unwrap_or(usize::MAX);
        let count = count.min(self.bytes.len());
        self.bytes.drain(..count);
        self.base += count as u64;
        self.sent = self.sent.max(self.base);
        self.high = self.high.max(self.base);
    }

    /// The server wants to have it again from `offset` on.
    pub(super) fn again_from(&mut self, offset: Offset) {
        self.sent = offset.0.clamp(self.base, self.high);
    }

    /// Another writer begins: what this one had is thrown away; how many bytes.
    pub(super) fn begin_anew(&mut self) -> usize {
        let lost = self.bytes.len();
        let run = self.run;
        *self = Self {
            run,
            ..Self::default()
        };
        lost
    }
}

#[cfg(test)]
mod tests {
    use sempre_protocol::texts::Role;
    use sempre_protocol::{SessionId, Size, WriterId};

    use super::*;

    fn hello(run: u8, known: bool, input_offset: u64) -> Hello {
        Hello {
            session: SessionId::from_bytes([1; 16]),
            writer: WriterId::from_bytes([2; 16]),
            run: RunId::from_bytes([run; 16]),
            writer_known: known,
            offset: Offset(0),
            base_offset: Offset(0),
            tail_offset: Offset(0),
            input_offset: Offset(input_offset),
            input_accepted: None,
            input_window: 8,
            size: Size::DEFAULT,
            role: Role::Writer,
            viewer: 1,
            answers: false,
            reset: false,
            records_input: false,
            server_version: String::new(),
        }
    }

    fn take(queue: &mut InputQueue) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some((_, bytes)) = queue.frame() {
            queue.sent(bytes.len());
            all.extend(bytes);
        }
        all
    }

    #[test]
    fn after_a_reconnect_it_goes_on_where_the_terminal_stands() {
        let mut queue = InputQueue::default();
        assert_eq!(queue.greet(&hello(1, false, 0)), 0);
        queue.push(b"abcdef");
        assert_eq!(take(&mut queue), b"abcdef");
        queue.acknowledge(Offset(2));
        queue.push(b"gh");
        assert_eq!(queue.greet(&hello(1, true, 4)), 0);
        assert_eq!(queue.frame(), Some((Offset(4), b"efgh".to_vec())));
    }

    #[test]
    fn what_was_never_sent_is_kept_for_a_server_that_does_not_know_the_writer() {
        let mut queue = InputQueue::default();
        queue.greet(&hello(1, false, 0));
        queue.push(b"abc");
        assert_eq!(queue.greet(&hello(1, false, 0)), 0);
        assert_eq!(take(&mut queue), b"abc");
        assert_eq!(
            queue.greet(&hello(1, false, 0)),
            3,
            "now it may have been typed already"
        );
        assert_eq!(take(&mut queue), b"");
    }

    #[test]
    fn nothing_is_typed_into_another_shell() {
        let mut queue = InputQueue::default();
        queue.greet(&hello(1, false, 0));
        queue.push(b"rm -rf x\r");
        assert_eq!(queue.greet(&hello(2, false, 0)), 9);
        queue.push(b"ls\r");
        assert_eq!(queue.frame(), Some((Offset(0), b"ls\r".to_vec())));
    }

    #[test]
    fn no_more_than_the_window_is_outstanding() {
        let mut queue = InputQueue::default();
        queue.greet(&hello(1, false, 0));
        queue.push(b"0123456789");
        assert_eq!(take(&mut queue), b"01234567");
        queue.acknowledge(Offset(5));
        assert_eq!(take(&mut queue), b"89");
        queue.again_from(Offset(7));
        assert_eq!(take(&mut queue), b"789");
    }
}
