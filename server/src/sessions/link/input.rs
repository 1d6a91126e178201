//! Input on its way to the holder: never more under way than the window.

use std::collections::{HashMap, VecDeque};

use bytes::{Buf, Bytes};
use sempre_protocol::holder::Control;
use sempre_protocol::limits::{INPUT_WINDOW_BYTES, MAX_WRITERS};
use sempre_protocol::{Offset, Size, WriterId};

use super::connection::Connection;

/// Input of all writers of a session that may wait here, bytes: many windows, and an end to abuse.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;
/// Largest piece sent at once, bytes.
const PIECE_BYTES: usize = 64 * 1024;

struct Waiting {
    writer: WriterId,
    offset: Offset,
    size: Option<Size>,
    /// A signal threw it away; the holder is to count it all the same.
    discard: bool,
    bytes: Bytes,
}

/// How far a writer's input was sent and has arrived.
#[derive(Clone, Copy)]
struct Progress {
    sent: Offset,
    acked: Offset,
}

/// Input of all writers of a session. Each viewer leaves at most a window of un-acked input here.
#[derive(Default)]
pub(super) struct InputFlow {
    waiting: VecDeque<Waiting>,
    progress: HashMap<WriterId, Progress>,
}

impl InputFlow {
    /// Queues what is new of a writer's input: a client that comes back again and again sends the same bytes
    /// each time. False when too much waits already; nothing was queued then.
    pub(super) fn push(
        &mut self,
        writer: WriterId,
        offset: Offset,
        size: Option<Size>,
        mut bytes: Bytes,
    ) -> bool {
        let known = usize::try_from(self.end_of(writer).since(offset)).unwrap_or(usize::MAX);
        bytes.advance(known.min(bytes.len()));
        let waiting: usize = self.waiting.iter().map(|waiting| waiting.bytes.len()).sum();
        if waiting + bytes.len() > MAX_WAITING_BYTES {
            return false;
        }
        if !bytes.is_empty() {
            self.waiting.push_back(Waiting {
                writer,
                offset: offset.plus(known as u64),
                size,
                discard: false,
                bytes,
            });
        }
        true
    }

    /// Forgets a writer's input that was not sent: a new connection of it sends it again, or another writer does.
    pub(super) fn forget(&mut self, writer: WriterId) {
        self.waiting.retain(|waiting| waiting.writer != writer);
    }

    /// Throws away what was not sent, as the holder does with what it has: its offsets stay used.
    pub(super) fn discard(&mut self) {
        self.waiting.iter_mut().for_each(|waiting| waiting.discard = true);
    }

    /// The end of a writer's input that was sent or waits.
    fn end_of(&self, writer: WriterId) -> Offset {
        let sent = self.progress.get(&writer).map(|progress| progress.sent);
        let waiting = self.waiting.iter().filter(|waiting| waiting.writer == writer);
        waiting
            .map(|waiting| waiting.offset.plus(waiting.bytes.len() as u64))
            .chain(sent)
            .max()
            .unwrap_or_default()
    }

    /// Sends what fits into the window.
    pub(super) fn pump(&mut self, connection: &mut Connection) {
        self.pump_into(connection.outgoing());
    }

    fn pump_into(&mut self, out: &mut Vec<u8>) {
        let mut room = INPUT_WINDOW_BYTES.saturating_sub(self.under_way());
        while let Some(front) = self.waiting.front_mut() {
            let count = front.bytes.len().min(PIECE_BYTES).min(room);
            if count == 0 && !front.bytes.is_empty() {
                return;
            }
            let piece = front.bytes.split_to(count);
            let (writer, offset) = (front.writer, front.offset);
            Control::Input {
                writer,
                offset,
                size: front.size.take(),
                discard: front.discard,
                bytes: &piece,
            }
            .encode(out);
            front.offset = offset.plus(count as u64);
            let end = front.offset;
            if !front.bytes.has_remaining() {
                self.waiting.pop_front();
            }
            room -= count;
            self.sent(writer, offset, end);
        }
    }

    /// Notes what the holder wrote to the PTY.
    pub(super) fn acked(&mut self, writer: WriterId, offset: Offset) {
        let progress = self.progress.entry(writer).or_insert(Progress {
            sent: offset,
            acked: offset,
        });
        progress.acked = progress.acked.max(offset);
    }

    /// Forgets a writer's input beyond what the holder has.
    pub(super) fn refused(&mut self, writer: WriterId, accepted: Offset) {
        self.forget(writer);
        self.progress.insert(
            writer,
            Progress {
                sent: accepted,
                acked: accepted,
            },
        );
    }

    fn sent(&mut self, writer: WriterId, start: Offset, end: Offset) {
        if self.progress.len() >= MAX_WRITERS {
            self.progress.retain(|_, progress| progress.sent > progress.acked);
        }
        let progress = self.progress.entry(writer).or_insert(Progress {
            sent: start,
            acked: start,
        });
        progress.sent = progress.sent.max(end);
    }

    fn under_way(&self) -> usize {
        let bytes: u64 = self
            .progress
            .values()
            .map(|progress| progress.sent.since(progress.acked))
            .sum();
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: WriterId = WriterId::from_bytes([1; 16]);

    fn sent_bytes(out: &mut Vec<u8>) -> usize {
        let mut count = 0;
        while let Some((Control::Input { bytes, .. }, length)) = Control::decode(out).unwrap() {
            count += bytes.len();
            out.drain(..length);
        }
        count
    }

    #[test]
    fn only_a_window_is_under_way() {
        let mut flow = InputFlow::default();
        let mut out = Vec::new();
        flow.push(
            ONE,
            Offset(0),
            None,
            Bytes::from(vec![b'x'; INPUT_WINDOW_BYTES + 10]),
        );
        flow.pump_into(&mut out);
        assert_eq!(sent_bytes(&mut out), INPUT_WINDOW_BYTES);
        flow.acked(ONE, Offset(4));
        flow.pump_into(&mut out);
        assert_eq!(sent_bytes(&mut out), 4);
    }

    #[test]
    fn what_was_acked_before_it_was_sent_again_does_not_count() {
        let mut flow = InputFlow::default();
        let mut out = Vec::new();
        flow.acked(ONE, Offset(150));
        flow.push(ONE, Offset(100), None, Bytes::from(vec![b'x'; 100]));
        flow.pump_into(&mut out);
        assert_eq!(flow.under_way(), 50);
    }

    #[test]
    fn what_waits_already_does_not_wait_twice() {
        let mut flow = InputFlow::default();
        for _ in 0..100 {
            assert!(flow.push(ONE, Offset(0), None, Bytes::from(vec![b'x'; INPUT_WINDOW_BYTES])));
        }
        assert_eq!(flow.waiting.len(), 1);
        let other = |n: u8| WriterId::from_bytes([n; 16]);
        let taken = (2..100).filter(|&n| {
            flow.push(
                other(n),
                Offset(0),
                None,
                Bytes::from(vec![b'x'; INPUT_WINDOW_BYTES]),
            )
        });
        assert_eq!(taken.count() + 1, MAX_WAITING_BYTES / INPUT_WINDOW_BYTES);
    }

    #[test]
    fn what_a_signal_threw_away_is_sent_as_such_and_what_comes_after_it_is_not() {
        let mut flow = InputFlow::default();
        flow.push(ONE, Offset(0), None, Bytes::from_static(b"before"));
        flow.discard();
        flow.push(ONE, Offset(6), None, Bytes::from_static(b"after"));
        let mut out = Vec::new();
        flow.pump_into(&mut out);
        let mut sent = Vec::new();
        while let Some((
            Control::Input {
                offset,
                discard,
                bytes,
                ..
            },
            length,
        )) = Control::decode(&out).unwrap()
        {
            sent.push((offset.0, discard, bytes.to_vec()));
            out.drain(..length);
        }
        assert_eq!(
            sent,
            [(0, true, b"before".to_vec()), (6, false, b"after".to_vec())]
        );
    }

    #[test]
    fn refused_input_is_forgotten() {
        let mut flow = InputFlow::default();
        let mut out = Vec::new();
        flow.push(ONE, Offset(10), None, Bytes::from_static(b"abc"));
        flow.pump_into(&mut out);
        flow.refused(ONE, Offset(0));
        assert_eq!(flow.under_way(), 0);
    }
}
