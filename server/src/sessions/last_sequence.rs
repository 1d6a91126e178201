//! Where a user's newest connection to a session stood, for clients that ask to go on there without remembering it
//! themselves (`recover_from=last_sequence`, row T6).
//!
//! In memory only: after a restart of the server nobody's place is known, and who asks gets the screen.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sempre_protocol::Offset;

/// Users whose place in one session is remembered; who connected longest ago is forgotten first.
const MAX_USERS: usize = 256;
/// No connection has said anything yet.
const UNKNOWN: u64 = u64::MAX;

/// How far one connection came.
#[derive(Debug)]
pub struct Progress {
    offset: AtomicU64,
    acknowledges: AtomicBool,
}

impl Progress {
    /// The client's end of the connection has everything before `offset`. Counts until the client acknowledges by itself.
    pub fn received(&self, offset: Offset) {
        if !self.acknowledges.load(Ordering::Relaxed) {
            self.offset.store(offset.0, Ordering::Relaxed);
        }
    }

    /// The client says that everything before `offset` is safe with it.
    pub fn acknowledged(&self, offset: Offset) {
        self.acknowledges.store(true, Ordering::Relaxed);
        self.offset.store(offset.0, Ordering::Relaxed);
    }

    fn get(&self) -> Option<Offset> {
        let offset = self.offset.load(Ordering::Relaxed);
        (offset != UNKNOWN).then_some(Offset(offset))
    }
}

/// The newest connections of a session's users, oldest first.
#[derive(Debug, Default)]
pub struct LastSequences(Mutex<Vec<(Option<String>, Arc<Progress>)>>);

impl LastSequences {
    /// Where the newest connection of `user` stands or stood; none if that is not known.
    pub fn of(&self, user: Option<&str>) -> Option<Offset> {
        let connections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = connections.iter().find(|(of, _)| of.as_deref() == user);
        newest.and_then(|(_, progress)| progress.get())
    }

    /// A new connection of `user`: from now on it is the one that counts. Until it tells more it stands at `from`.
    pub fn begin(&self, user: Option<&str>, from: Option<Offset>) -> Arc<Progress> {
        let progress = Arc::new(Progress {
            offset: AtomicU64::new(from.map_or(UNKNOWN, |offset| offset.0)),
            acknowledges: AtomicBool::new(false),
        });
        let mut connections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|(of, _)| of.as_deref() != user);
        if connections.len() >= MAX_USERS {
            connections.remove(0);
        }
        connections.push((user.map(str::to_owned), Arc::clone(&progress)));
        progress
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
    fn only_so_many_users_are_remembered() {
        let places = LastSequences::default();
        for user in 0..=MAX_USERS {
            places.begin(Some(&user.to_string()), Some(Offset(1)));
        }
        assert_eq!(places.of(Some("0")), None);
        assert_eq!(places.of(Some("1")), Some(Offset(1)));
    }
}
