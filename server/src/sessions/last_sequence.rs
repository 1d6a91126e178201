//! Where a user's newest connection to a session stood, for clients that ask to go on there without remembering it
//! themselves (`recover_from=last_sequence`, row T6).
//!
//! What moves is written to the store some seconds later, many acknowledgements at once (`sessions::recorder`). A server
//! that is killed before knows an older place: nothing is lost then, some output comes again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sempre_protocol::Offset;
use tokio::sync::Notify;

use crate::store::Place;

/// Users whose place in one session is remembered; who connected longest ago is forgotten first.
const MAX_USERS: usize = 256;
/// No connection has said anything yet.
const UNKNOWN: u64 = u64::MAX;

/// Whether a session's places are others than those in the store.
#[derive(Debug, Default)]
struct Moved {
    moved: AtomicBool,
    /// Told when that begins to be so.
    recorder: Arc<Notify>,
}

impl Moved {
    fn set(&self) {
        if !self.moved.swap(true, Ordering::Relaxed) {
            self.recorder.notify_one();
        }
    }
}

/// How far one connection came.
#[derive(Debug)]
pub struct Progress {
    offset: AtomicU64,
    acknowledges: AtomicBool,
    moved: Arc<Moved>,
}

impl Progress {
    fn at(offset: u64, moved: &Arc<Moved>) -> Arc<Self> {
        Arc::new(Self {
            offset: AtomicU64::new(offset),
            acknowledges: AtomicBool::new(false),
            moved: Arc::clone(moved),
        })
    }

    /// The client's end of the connection has everything before `offset`. Counts until the client acknowledges by itself.
    pub fn received(&self, offset: Offset) {
        if !self.acknowledges.load(Ordering::Relaxed) {
            self.stand(offset);
        }
    }

    /// The client says that everything before `offset` is safe with it.
    pub fn acknowledged(&self, offset: Offset) {
        self.acknowledges.store(true, Ordering::Relaxed);
        self.stand(offset);
    }

    fn stand(&self, offset: Offset) {
        if self.offset.swap(offset.0, Ordering::Relaxed) != offset.0 {
            self.moved.set();
        }
    }

    fn get(&self) -> Option<Offset> {
        let offset = self.offset.load(Ordering::Relaxed);
        (offset != UNKNOWN).then_some(Offset(offset))
    }
}

type Connections = Vec<(Option<String>, Arc<Progress>)>;

/// The newest connections of a session's users, oldest first.
#[derive(Debug, Default)]
pub struct LastSequences {
    connections: Mutex<Connections>,
    moved: Arc<Moved>,
}

impl LastSequences {
    /// Nobody's place is known; `recorder` is told once there is something to write.
    pub(super) fn new(recorder: Arc<Notify>) -> Self {
        let moved = Moved {
            moved: AtomicBool::default(),
            recorder,
        };
        Self {
            connections: Mutex::default(),
            moved: Arc::new(moved),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the newest connection of `user` stands or stood; none if that is not known.
    pub fn of(&self, user: Option<&str>) -> Option<Offset> {
        let connections = self.lock();
        let newest = connections.iter().find(|(of, _)| of.as_deref() == user);
        newest.and_then(|(_, progress)| progress.get())
    }

    /// A new connection of `user`: from now on it is the one that counts. Until it tells more it stands at `from`.
    pub fn begin(&self, user: Option<&str>, from: Option<Offset>) -> Arc<Progress> {
        let progress = Progress::at(from.map_or(UNKNOWN, |offset| offset.0), &self.moved);
        let mut connections = self.lock();
        connections.retain(|(of, _)| of.as_deref() != user);
        if connections.len() >= MAX_USERS {
            connections.remove(0);
        }
        connections.push((user.map(str::to_owned), Arc::clone(&progress)));
        drop(connections);
        self.moved.set();
        progress
    }

    /// Takes over what the store knew; nobody is connected yet.
    pub(super) fn restore(&self, places: Vec<Place>) {
        let oldest_first = places.into_iter().take(MAX_USERS);
        let known = oldest_first.map(|place| (place.user, Progress::at(place.offset, &self.moved)));
        self.lock().extend(known);
    }

    /// The places, oldest first, if they are others than when this was last asked.
    pub(super) fn take_moved(&self) -> Option<Vec<Place>> {
        if !self.moved.moved.swap(false, Ordering::Relaxed) {
            return None;
        }
        let connections = self.lock();
        let known = connections.iter().filter_map(|(user, progress)| {
            Some(Place {
                user: user.clone(),
                offset: progress.get()?.0,
            })
        });
        Some(known.collect())
    }

    /// What was taken was not written: it is to be asked for again.
    pub(super) fn still_moved(&self) {
        self.moved.set();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t6_the_newest_connection_of_a_user_counts() {
        let places = LastSequences::default();
        assert_eq!(places.of(None), None);
        let first = places.begin(None, None);
        let other = places.begin(Some("ada"), Some(Offset(3)));
        first.received(Offset(10));
        assert_eq!(
            (places.of(None), places.of(Some("ada"))),
            (Some(Offset(10)), Some(Offset(3)))
        );
        let second = places.begin(None, Some(Offset(10)));
        first.received(Offset(99));
        assert_eq!(places.of(None), Some(Offset(10)));
        second.received(Offset(20));
        second.acknowledged(Offset(15));
        second.received(Offset(30));
        assert_eq!(places.of(None), Some(Offset(15)));
        other.received(Offset(4));
        assert_eq!(places.of(Some("ada")), Some(Offset(4)));
    }

    #[test]
    fn t6_what_moved_is_told_once_and_taken_over_as_it_was() {
        let recorder = Arc::new(Notify::new());
        let places = LastSequences::new(Arc::clone(&recorder));
        assert_eq!(places.take_moved(), None);
        let ada = places.begin(Some("ada"), Some(Offset(3)));
        let _silent = places.begin(None, None);
        ada.acknowledged(Offset(7));
        let stored = places.take_moved().unwrap();
        let at_seven = Place {
            user: Some("ada".into()),
            offset: 7,
        };
        assert_eq!(stored, [at_seven], "of who said nothing nothing is known");
        ada.acknowledged(Offset(7));
        assert_eq!(places.take_moved(), None, "it stands where it stood");
        ada.acknowledged(Offset(8));
        places.take_moved().unwrap();
        places.still_moved();
        assert!(places.take_moved().is_some());
        let restarted = LastSequences::default();
        restarted.restore(stored);
        assert_eq!(restarted.of(Some("ada")), Some(Offset(7)));
        assert_eq!(restarted.take_moved(), None, "the store has it");
    }

    #[test]
    fn only_so_many_users_are_remembered() {
        let places = LastSequences::default();
        for user in 0..=MAX_USERS {
            places.begin(Some(&user.to_string()), Some(Offset(1)));
        }
        assert_eq!(places.of(Some("0")), None);
        assert_eq!(places.of(Some("1")), Some(Offset(1)));
    }
}
