//! Who is attached to a session, who of them typed last, and whose terminal answers the program's queries.

use std::sync::Mutex;

use sempre_protocol::texts::Role;
use sempre_protocol::{Offset, Size, WriterId};
use tokio::sync::watch;

/// Viewers one session has room for.
pub(super) const MAX_VIEWERS: usize = 256;

/// Names a viewer within its session; later ones have greater numbers.
pub(super) type ViewerId = u64;

/// What all viewers of a session are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Presence {
    /// Viewers attached.
    pub(super) count: u32,
    /// Those that may type.
    pub(super) writers: u32,
    /// The one whose terminal answers queries: it typed last, else is the oldest.
    pub(super) answering: Option<ViewerId>,
}

/// What one viewer is told about its own input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct InputState {
    /// Input before this has reached the PTY.
    pub(super) acked: Offset,
    /// Input began beyond this: nothing was written.
    pub(super) gap_at: Option<Offset>,
    /// A newer connection uses the writer id: nothing more is taken from this one.
    pub(super) taken: bool,
    /// Once taken and known: all input before this has reached the PTY or will, nothing after it.
    pub(super) final_offset: Option<Offset>,
    /// Input could not be passed on to the holder: attach again to learn how much arrived.
    pub(super) lost: bool,
}

#[derive(Debug)]
struct Entry {
    id: ViewerId,
    writer: WriterId,
    role: Role,
    size: Option<Size>,
    typed: u64,
    input: watch::Sender<InputState>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: Vec<Entry>,
    next_id: ViewerId,
    /// Counts each time someone typed.
    typed: u64,
}

/// The viewers of one session.
#[derive(Debug, Default)]
pub(super) struct Roster {
    inner: Mutex<Inner>,
    presence: watch::Sender<Presence>,
}

impl Roster {
    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self
            .inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let result = change(&mut inner);
        let presence = inner.presence();
        drop(inner);
        self.presence
            .send_if_modified(|current| std::mem::replace(current, presence) != presence);
        result
    }

    /// Adds a viewer; an older connection with the same writer id loses it. None: no room.
    pub(super) fn join(
        &self,
        writer: WriterId,
        role: Role,
        acked: Offset,
    ) -> Option<(ViewerId, watch::Receiver<InputState>)> {
        self.with(|inner| {
            if inner.entries.len() >= MAX_VIEWERS {
                return None;
            }
            for older in inner.entries.iter().filter(|entry| entry.writer == writer) {
                older.input.send_modify(|input| input.taken = true);
            }
            inner.next_id += 1;
            let id = inner.next_id;
            let input = watch::Sender::new(InputState {
                acked,
                ..InputState::default()
            });
            let receiver = input.subscribe();
            inner.entries.push(Entry {
                id,
                writer,
                role,
                size: None,
                typed: 0,
                input,
            });
            Some((id, receiver))
        })
    }

    /// Removes a viewer.
    pub(super) fn leave(&self, id: ViewerId) {
        self.with(|inner| inner.entries.retain(|entry| entry.id != id));
    }

    /// Notes that a person typed at this viewer; the size its terminal has, if it said so.
    pub(super) fn typed(&self, id: ViewerId) -> Option<Size> {
        self.with(|inner| {
            inner.typed += 1;
            let typed = inner.typed;
            let entry = inner.entry(id)?;
            entry.typed = typed;
            entry.size
        })
    }

    /// Notes a viewer's own size; true if the session should have it: it typed last, or it is the only writer.
    pub(super) fn resized(&self, id: ViewerId, size: Size) -> bool {
        self.with(|inner| {
            let leader = inner.leader().map(|leader| leader.id);
            let only = inner.writers().count() == 1;
            let Some(entry) = inner.entry(id) else {
                return false;
            };
            entry.size = Some(size);
            entry.role == Role::Writer && (only || (entry.typed > 0 && leader == Some(id)))
        })
    }

    /// Passes an acknowledgement of the holder on.
    pub(super) fn acked(&self, writer: WriterId, offset: Offset) {
        self.tell(writer, |input| input.acked = input.acked.max(offset));
    }

    /// Tells the connections that lost `writer` to viewer `newest` where their input ends for good; none: nobody
    /// could say, they have to attach again.
    pub(super) fn settle(&self, writer: WriterId, newest: ViewerId, offset: Option<Offset>) {
        self.with(|inner| {
            for entry in inner
                .entries
                .iter()
                .filter(|entry| entry.writer == writer && entry.id != newest)
            {
                entry.input.send_modify(|input| {
                    input.final_offset = input.final_offset.or(offset);
                    input.lost |= offset.is_none();
                });
            }
        });
    }

    /// Passes on that input began beyond the expected offset.
    pub(super) fn gap(&self, writer: WriterId, accepted: Offset) {
        self.tell(writer, |input| input.gap_at = Some(accepted));
    }

    /// Makes a writer attach again: its input could not be passed on.
    pub(super) fn lost_by(&self, writer: WriterId) {
        self.tell(writer, |input| input.lost = true);
    }

    /// Makes every viewer attach again: nobody knows how much of their input arrived.
    pub(super) fn lost(&self) {
        self.with(|inner| {
            inner
                .entries
                .iter()
                .for_each(|entry| entry.input.send_modify(|input| input.lost = true))
        });
    }

    /// Viewers attached.
    pub(super) fn count(&self) -> u32 {
        self.presence.borrow().count
    }

    /// How presence changes.
    pub(super) fn watch(&self) -> watch::Receiver<Presence> {
        self.presence.subscribe()
    }

    fn tell(&self, writer: WriterId, change: impl Fn(&mut InputState)) {
        self.with(|inner| {
            for entry in inner.entries.iter().filter(|entry| entry.writer == writer) {
                entry.input.send_modify(|input| {
                    if !input.taken {
                        change(input);
                    }
                });
            }
        });
    }
}

impl Inner {
    fn entry(&mut self, id: ViewerId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id == id)
    }

    fn writers(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.role == Role::Writer && !entry.input.borrow().taken)
    }

    /// Who typed last, else who is there longest.
    fn leader(&self) -> Option<&Entry> {
        self.writers()
            .max_by_key(|entry| (entry.typed, std::cmp::Reverse(entry.id)))
    }

    fn presence(&self) -> Presence {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Presence {
            count: count(self.entries.len()),
            writers: count(self.writers().count()),
            answering: self.leader().map(|leader| leader.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: WriterId = WriterId::from_bytes([1; 16]);
    const TWO: WriterId = WriterId::from_bytes([2; 16]);

    #[test]
    fn the_oldest_answers_until_another_types() {
        let roster = Roster::default();
        let (first, _a) = roster.join(ONE, Role::Writer, Offset(0)).unwrap();
        let (second, _b) = roster.join(TWO, Role::Writer, Offset(0)).unwrap();
        assert_eq!(roster.watch().borrow().answering, Some(first));
        roster.typed(second);
        assert_eq!(roster.watch().borrow().answering, Some(second));
        roster.leave(second);
        assert_eq!(
            *roster.watch().borrow(),
            Presence {
                count: 1,
                writers: 1,
                answering: Some(first)
            }
        );
    }

    #[test]
    fn a_newer_connection_takes_the_writer_id() {
        let roster = Roster::default();
        let (_, old) = roster.join(ONE, Role::Writer, Offset(0)).unwrap();
        let (newest, new) = roster.join(ONE, Role::Writer, Offset(0)).unwrap();
        roster.acked(ONE, Offset(5));
        assert!(old.borrow().taken);
        assert_eq!(
            old.borrow().final_offset,
            None,
            "not known before the holder was asked"
        );
        roster.settle(ONE, newest, Some(Offset(7)));
        assert_eq!(
            (old.borrow().final_offset, new.borrow().final_offset),
            (Some(Offset(7)), None)
        );
        assert_eq!((old.borrow().acked, new.borrow().acked), (Offset(0), Offset(5)));
    }

    #[test]
    fn the_size_follows_the_only_writer_or_the_typist() {
        let roster = Roster::default();
        let (first, _a) = roster.join(ONE, Role::Writer, Offset(0)).unwrap();
        assert!(roster.resized(first, Size::new(100, 30)), "the only writer");
        let (second, _b) = roster.join(TWO, Role::Writer, Offset(0)).unwrap();
        assert!(
            !roster.resized(second, Size::new(50, 20)),
            "who joins shrinks nobody"
        );
        assert_eq!(roster.typed(second), Some(Size::new(50, 20)));
        assert!(roster.resized(second, Size::new(60, 20)), "the typist");
        assert!(!roster.resized(first, Size::new(90, 30)));
    }

    #[test]
    fn who_only_looks_neither_answers_nor_sizes() {
        let roster = Roster::default();
        let (viewer, _a) = roster.join(ONE, Role::Viewer, Offset(0)).unwrap();
        assert!(!roster.resized(viewer, Size::new(10, 10)));
        assert_eq!(
            *roster.watch().borrow(),
            Presence {
                count: 1,
                writers: 0,
                answering: None
            }
        );
    }
}
