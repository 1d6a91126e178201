//! Who is attached to a session, who of them typed last, who is not let in again.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sempre_protocol::colours::Theme;
use sempre_protocol::texts::Role;
use sempre_protocol::viewers::{PeerKind, ViewerInfo};
use sempre_protocol::{Offset, Size, WriterId};
use tokio::sync::watch;

use super::clock::wall_ms;
use crate::calendar::rfc3339;

/// Viewers one session has room for.
pub(super) const MAX_VIEWERS: usize = 256;
/// Someone who typed within this is shown as typing.
pub(super) const TYPING: Duration = Duration::from_secs(3);
/// Who was disconnected is not let in again for this long.
const DISCONNECTED: Duration = Duration::from_secs(3600);
/// Disconnected clients that are remembered; the one whose time is over first is forgotten first.
const MAX_DISCONNECTED: usize = 1024;

/// Names a viewer within its session; later ones have greater numbers.
pub(super) type ViewerId = u64;

/// Who a client is, as far as it and its connection say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name it gave itself.
    pub name: Option<String>,
    /// The kind of program it is.
    pub client: Option<String>,
    /// How it reached the server.
    pub peer: PeerKind,
}

/// What all viewers of a session are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Presence {
    /// Viewers attached.
    pub(super) count: u32,
    /// Those that may type.
    pub(super) writers: u32,
    /// Rises with every change in who is there and who types.
    pub(super) version: u64,
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
    /// Someone disconnected this viewer.
    pub(super) disconnected: bool,
}

#[derive(Debug)]
struct Entry {
    id: ViewerId,
    writer: WriterId,
    role: Role,
    identity: Identity,
    since_ms: u64,
    size: Option<Size>,
    theme: Option<Theme>,
    /// Which of all times someone typed was the last here; 0: never.
    typed: u64,
    typed_at: Option<Instant>,
    input: watch::Sender<InputState>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: Vec<Entry>,
    next_id: ViewerId,
    /// Counts each time someone typed.
    typed: u64,
    version: u64,
    /// Until when a client is not let in.
    disconnected: HashMap<WriterId, Instant>,
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
        identity: Identity,
    ) -> Option<(ViewerId, watch::Receiver<InputState>)> {
        self.with(|inner| {
            if inner.entries.len() >= MAX_VIEWERS {
                return None;
            }
            for older in inner.entries.iter().filter(|entry| entry.writer == writer) {
                older.input.send_modify(|input| input.taken = true);
            }
            inner.next_id += 1;
            inner.version += 1;
            let id = inner.next_id;
            let input = watch::Sender::new(InputState::default());
            let receiver = input.subscribe();
            inner.entries.push(Entry {
                id,
                writer,
                role,
                identity,
                since_ms: wall_ms(),
                size: None,
                theme: None,
                typed: 0,
                typed_at: None,
                input,
            });
            Some((id, receiver))
        })
    }

    /// Removes a viewer.
    pub(super) fn leave(&self, id: ViewerId) {
        self.with(|inner| {
            inner.entries.retain(|entry| entry.id != id);
            inner.version += 1;
        });
    }

    /// Disconnects a viewer and does not let its client in again for a while; false if it is not there.
    pub(super) fn disconnect(&self, id: ViewerId) -> bool {
        self.with(|inner| {
            let Some(entry) = inner.entry(id) else {
                return false;
            };
            entry.input.send_modify(|input| input.disconnected = true);
            let writer = entry.writer;
            let now = Instant::now();
            inner.disconnected.retain(|_, until| *until > now);
            if inner.disconnected.len() >= MAX_DISCONNECTED {
                let first = inner.disconnected.iter().min_by_key(|(_, until)| **until);
                if let Some(first) = first.map(|(&writer, _)| writer) {
                    inner.disconnected.remove(&first);
                }
            }
            inner.disconnected.insert(writer, now + DISCONNECTED);
            true
        })
    }

    /// Whether a client was disconnected and that still holds.
    pub(super) fn is_disconnected(&self, writer: WriterId) -> bool {
        self.with(|inner| {
            let until = inner.disconnected.get(&writer);
            until.is_some_and(|until| *until > Instant::now())
        })
    }

    /// Notes that a person typed at this viewer; the size its terminal has, if it said so.
    pub(super) fn typed(&self, id: ViewerId) -> Option<Size> {
        self.with(|inner| {
            inner.typed += 1;
            let typed = inner.typed;
            let entry = inner.entry(id)?;
            let news = !entry.is_typing();
            entry.typed = typed;
            entry.typed_at = Some(Instant::now());
            let size = entry.size;
            inner.version += u64::from(news);
            size
        })
    }

    /// The viewer at which a person typed last, of those that are there.
    pub(super) fn who_typed_last(&self) -> Option<ViewerId> {
        self.with(|inner| {
            let typed = inner.entries.iter().filter(|entry| entry.typed > 0);
            typed.max_by_key(|entry| entry.typed).map(|entry| entry.id)
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

    /// Notes the colours a viewer shows.
    pub(super) fn themed(&self, id: ViewerId, theme: Theme) {
        self.with(|inner| {
            if let Some(entry) = inner.entry(id) {
                entry.theme = Some(theme);
            }
        });
    }

    /// The colours programs are told: of the writer who typed last, else of the oldest, of those that said theirs.
    pub(super) fn theme(&self) -> Option<Theme> {
        self.with(|inner| {
            let themed = inner.writers().filter(|entry| entry.theme.is_some());
            leader(themed).and_then(|entry| entry.theme)
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

    /// How presence changes. That someone stopped typing is no change: who shows it looks again after [`TYPING`].
    pub(super) fn watch(&self) -> watch::Receiver<Presence> {
        self.presence.subscribe()
    }

    /// Everyone attached, oldest first.
    pub(super) fn who(&self) -> Vec<ViewerInfo> {
        self.with(|inner| inner.entries.iter().map(Entry::info).collect())
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

impl Entry {
    fn is_typing(&self) -> bool {
        self.typed_at.is_some_and(|at| at.elapsed() < TYPING)
    }

    fn info(&self) -> ViewerInfo {
        ViewerInfo {
            viewer: self.id,
            role: self.role,
            typing: self.is_typing(),
            since: rfc3339(self.since_ms),
            peer: self.identity.peer,
            name: self.identity.name.clone(),
            client: self.identity.client.clone(),
        }
    }
}

/// Who typed last, else who is there longest.
fn leader<'a>(writers: impl Iterator<Item = &'a Entry>) -> Option<&'a Entry> {
    writers.max_by_key(|entry| (entry.typed, std::cmp::Reverse(entry.id)))
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

    fn leader(&self) -> Option<&Entry> {
        leader(self.writers())
    }

    fn presence(&self) -> Presence {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Presence {
            count: count(self.entries.len()),
            writers: count(self.writers().count()),
            version: self.version,
        }
    }
}

#[cfg(test)]
mod tests;
