//! What writers typed and the PTY has not taken yet, each byte once.
//!
//! Every writer has an input stream of its own, addressed by offset: bytes below what was accepted are dropped,
//! bytes beyond it are refused. So a client that sends again after a lost connection never types twice. The
//! engine's answers to terminal queries are a stream of their own, addressed by the query's journal offset.

use std::collections::{HashMap, VecDeque};

use sempre_protocol::holder::WriterState;
use sempre_protocol::limits::{INPUT_WINDOW_BYTES, MAX_WRITERS};
use sempre_protocol::{Offset, Size, WriterId};

/// What became of an input frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// Its new bytes, if any, are queued.
    Taken,
    /// It begins beyond the next byte expected; nothing was taken.
    Gap {
        /// The next byte expected.
        accepted: Offset,
    },
    /// More is held than allowed; nothing was taken.
    Full {
        /// The next byte expected.
        accepted: Offset,
    },
}

struct Writer {
    accepted: Offset,
    written: Offset,
    last_used: u64,
}

struct Chunk {
    /// None: an answer of the engine.
    writer: Option<WriterId>,
    size: Option<Size>,
    bytes: Vec<u8>,
    taken: usize,
}

/// What throwing input away leaves to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    /// The writers concerned, and how far their input counts as written now.
    pub acks: Vec<(WriterId, Offset)>,
    /// The size that was to be set last.
    pub size: Option<Size>,
}

/// Input on its way to the PTY; at most [`INPUT_WINDOW_BYTES`] are held.
#[derive(Default)]
pub struct InputQueue {
    writers: HashMap<WriterId, Writer>,
    chunks: VecDeque<Chunk>,
    held_bytes: usize,
    uses: u64,
    answered: Offset,
}

impl InputQueue {
    /// Queues what is new in a writer's frame; `size` is set before its first new byte is written.
    pub fn offer(&mut self, id: WriterId, offset: Offset, size: Option<Size>, bytes: &[u8]) -> Offered {
        let full = self.held_bytes.saturating_add(bytes.len()) > INPUT_WINDOW_BYTES;
        let accepted = self.state(id).accepted;
        if offset > accepted {
            return Offered::Gap { accepted };
        }
        let known = usize::try_from(accepted.since(offset)).unwrap_or(usize::MAX);
        let Some(new) = bytes.get(known..).filter(|new| !new.is_empty()) else {
            return Offered::Taken;
        };
        if full {
            return Offered::Full { accepted };
        }
        self.writer(id).accepted = accepted.plus(new.len() as u64);
        self.push(Chunk {
            writer: Some(id),
            size,
            bytes: new.to_vec(),
            taken: 0,
        });
        Offered::Taken
    }

    /// Queues the engine's answer to the query that ends at `query_offset`, unless that one or a later one was
    /// answered; an empty answer only marks it. Dropped when too much is held: a program that reads nothing
    /// waits for no answer.
    pub fn answer(&mut self, query_offset: Offset, bytes: &[u8]) {
        if query_offset <= self.answered {
            return;
        }
        self.answered = query_offset;
        if !bytes.is_empty() && self.held_bytes.saturating_add(bytes.len()) <= INPUT_WINDOW_BYTES {
            self.push(Chunk {
                writer: None,
                size: None,
                bytes: bytes.to_vec(),
                taken: 0,
            });
        }
    }

    /// Journal offset of the newest query answered.
    pub fn answered(&self) -> Offset {
        self.answered
    }

    /// Where a writer's stream stands.
    pub fn state(&self, id: WriterId) -> WriterState {
        match self.writers.get(&id) {
            Some(writer) => WriterState {
                known: true,
                written: writer.written,
                accepted: writer.accepted,
            },
            None => WriterState {
                known: false,
                written: Offset::ZERO,
                accepted: Offset::ZERO,
            },
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The size to set, if any, before the next bytes, and those bytes.
    pub fn front(&mut self) -> Option<(Option<Size>, &[u8])> {
        let chunk = self.chunks.front_mut()?;
        let size = chunk.size.take();
        Some((size, chunk.bytes.get(chunk.taken..).unwrap_or_default()))
    }

    /// Whose bytes come next; none: nobody's, or an answer of the engine.
    pub fn front_writer(&self) -> Option<WriterId> {
        self.chunks.front()?.writer
    }

    /// Notes that the PTY took `count` of the front bytes; the writer they came from and how far it now is.
    pub fn wrote(&mut self, count: usize) -> Option<(WriterId, Offset)> {
        let chunk = self.chunks.front_mut()?;
        let count = count.min(chunk.bytes.len() - chunk.taken);
        chunk.taken += count;
        self.held_bytes -= count;
        let id = chunk.writer;
        if chunk.taken == chunk.bytes.len() {
            self.chunks.pop_front();
        }
        let writer = self.writers.get_mut(&id?)?;
        writer.written = writer.written.plus(count as u64);
        Some((id?, writer.written))
    }

    /// Throws away all that waits, answers of the engine too; it counts as written.
    pub fn discard(&mut self) -> Discarded {
        let size = self.chunks.iter().rev().find_map(|chunk| chunk.size);
        self.clear();
        let mut acks = Vec::new();
        for (&id, writer) in &mut self.writers {
            if writer.written < writer.accepted {
                writer.written = writer.accepted;
                acks.push((id, writer.written));
            }
        }
        Discarded { acks, size }
    }

    /// Takes note of a writer's frame that was thrown away on the way here: it, and what waits of that writer,
    /// counts as written. How far that is now.
    ///
    /// # Errors
    /// The next byte expected, if the frame begins beyond it.
    pub fn pass_over(&mut self, id: WriterId, offset: Offset, count: usize) -> Result<Offset, Offset> {
        let accepted = self.state(id).accepted;
        if offset > accepted {
            return Err(accepted);
        }
        let mut kept = 0;
        self.chunks.retain(|chunk| {
            let keep = chunk.writer != Some(id);
            if keep {
                kept += chunk.bytes.len() - chunk.taken;
            }
            keep
        });
        self.held_bytes = kept;
        let writer = self.writer(id);
        writer.accepted = accepted.max(offset.plus(count as u64));
        writer.written = writer.accepted;
        Ok(writer.written)
    }

    /// Forgets what is queued: nobody will read it.
    pub fn clear(&mut self) {
        self.chunks.clear();
        self.held_bytes = 0;
    }

    fn push(&mut self, chunk: Chunk) {
        self.held_bytes += chunk.bytes.len();
        self.chunks.push_back(chunk);
    }

    fn writer(&mut self, id: WriterId) -> &mut Writer {
        self.uses += 1;
        let uses = self.uses;
        if !self.writers.contains_key(&id) && self.writers.len() >= MAX_WRITERS {
            self.forget_one();
        }
        let writer = self.writers.entry(id).or_insert(Writer {
            accepted: Offset::ZERO,
            written: Offset::ZERO,
            last_used: uses,
        });
        writer.last_used = uses;
        writer
    }

    /// Forgets the longest silent writer that has nothing queued.
    fn forget_one(&mut self) {
        let oldest = self
            .writers
            .iter()
            .filter(|(_, writer)| writer.written == writer.accepted)
            .min_by_key(|(_, writer)| writer.last_used)
            .map(|(&id, _)| id);
        if let Some(id) = oldest {
            self.writers.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(n: u16) -> WriterId {
        let [a, b] = n.to_be_bytes();
        WriterId::from_bytes([a, b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    fn drain(queue: &mut InputQueue) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some((_, bytes)) = queue.front() {
            all.extend_from_slice(bytes);
            let count = bytes.len();
            queue.wrote(count);
        }
        all
    }

    #[test]
    fn bytes_sent_again_are_written_once() {
        let mut queue = InputQueue::default();
        assert_eq!(queue.offer(writer(1), Offset(0), None, b"abc"), Offered::Taken);
        assert_eq!(queue.offer(writer(1), Offset(1), None, b"bcd"), Offered::Taken);
        assert_eq!(queue.offer(writer(1), Offset(0), None, b"ab"), Offered::Taken);
        assert_eq!(drain(&mut queue), b"abcd");
        assert_eq!(queue.state(writer(1)).written, Offset(4));
    }

    #[test]
    fn a_gap_is_refused_whole() {
        let mut queue = InputQueue::default();
        assert_eq!(
            queue.offer(writer(1), Offset(5), None, b"x"),
            Offered::Gap { accepted: Offset(0) }
        );
        assert!(queue.is_empty());
    }

    #[test]
    fn what_is_thrown_away_counts_as_written() {
        let mut queue = InputQueue::default();
        queue.offer(writer(1), Offset(0), None, b"abc");
        queue.wrote(1);
        queue.offer(writer(2), Offset(0), Some(Size::new(90, 30)), b"d");
        queue.answer(Offset(9), b"answer");
        let mut discarded = queue.discard();
        discarded.acks.sort();
        assert_eq!(
            discarded,
            Discarded {
                acks: vec![(writer(1), Offset(3)), (writer(2), Offset(1))],
                size: Some(Size::new(90, 30)),
            }
        );
        assert_eq!(queue.discard(), Discarded::default(), "nothing is left");
        assert_eq!(queue.offer(writer(1), Offset(0), None, b"abc"), Offered::Taken);
        assert_eq!(queue.offer(writer(1), Offset(3), None, b"e"), Offered::Taken);
        assert_eq!(drain(&mut queue), b"e");
    }

    #[test]
    fn what_was_thrown_away_on_the_way_here_counts_too_and_takes_nothing_of_others() {
        let mut queue = InputQueue::default();
        queue.offer(writer(1), Offset(0), None, b"abc");
        queue.offer(writer(2), Offset(0), None, b"other");
        assert_eq!(queue.pass_over(writer(1), Offset(4), 1), Err(Offset(3)));
        assert_eq!(queue.pass_over(writer(1), Offset(2), 5), Ok(Offset(7)));
        queue.offer(writer(1), Offset(7), None, b"!");
        assert_eq!(drain(&mut queue), b"other!");
        assert_eq!(queue.held_bytes, 0);
    }

    #[test]
    fn no_more_than_the_window_is_held() {
        let mut queue = InputQueue::default();
        let window = vec![b'x'; INPUT_WINDOW_BYTES];
        assert_eq!(queue.offer(writer(1), Offset(0), None, &window), Offered::Taken);
        assert_eq!(
            queue.offer(writer(2), Offset(0), None, b"y"),
            Offered::Full { accepted: Offset(0) }
        );
        queue.wrote(1);
        assert_eq!(queue.offer(writer(2), Offset(0), None, b"y"), Offered::Taken);
        assert_eq!(drain(&mut queue).len(), INPUT_WINDOW_BYTES);
    }

    #[test]
    fn each_query_is_answered_once_and_only_forwards() {
        let mut queue = InputQueue::default();
        queue.answer(Offset(10), b"A");
        queue.answer(Offset(10), b"A");
        queue.answer(Offset(4), b"B");
        queue.answer(Offset(12), b"");
        queue.answer(Offset(12), b"C");
        assert_eq!(drain(&mut queue), b"A");
        assert_eq!(queue.answered(), Offset(12));
    }

    #[test]
    fn the_longest_silent_writer_is_forgotten_first() {
        let mut queue = InputQueue::default();
        for n in 0..=u16::try_from(MAX_WRITERS).unwrap() {
            queue.offer(writer(n), Offset(0), None, b"x");
            drain(&mut queue);
        }
        assert!(!queue.state(writer(0)).known);
        assert!(queue.state(writer(1)).known);
    }

    #[test]
    fn a_size_is_told_once_before_its_bytes() {
        let mut queue = InputQueue::default();
        queue.offer(writer(1), Offset(0), None, b"a");
        queue.offer(writer(2), Offset(0), Some(Size::new(90, 30)), b"bc");
        assert_eq!(queue.front(), Some((None, &b"a"[..])));
        queue.wrote(1);
        assert_eq!(queue.front(), Some((Some(Size::new(90, 30)), &b"bc"[..])));
        queue.wrote(1);
        assert_eq!(queue.front(), Some((None, &b"c"[..])));
    }
}
