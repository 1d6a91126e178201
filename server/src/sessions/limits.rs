//! How many sessions there may be: in all, in a group, of a user, and as many as the system lets this process open.
//!
//! A place is taken before a session is started and kept until it is in the registry, so that many requests at once
//! cannot pass a limit together.

use std::sync::{Mutex, PoisonError};

use rustix::process::{Resource, getrlimit};
use sempre_protocol::holder::Manifest;

use super::SessionError;

/// Open files left for clients, the database and the journals being read.
const SPARE_FILES: usize = 48;
/// Below this share of the limit on open files, counting them is not worth it.
const FILES_PER_SESSION: usize = 16;

/// How many sessions there may be whose process runs. Sessions that are there already stay when a limit is lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In all.
    pub max_active_sessions: usize,
    /// In one group.
    pub max_sessions_per_group: usize,
    /// Of one `user_id`.
    pub max_sessions_per_user: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_active_sessions: 1000,
            max_sessions_per_group: 100,
            max_sessions_per_user: 200,
        }
    }
}

/// What limits count of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    group: Option<String>,
    user_id: Option<String>,
}

impl Counted {
    pub(super) fn of(manifest: &Manifest) -> Self {
        Self {
            group: manifest.group.clone(),
            user_id: manifest.user_id.clone(),
        }
    }
}

/// Sessions that are being started.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<Vec<Counted>>);

/// A place for one session; free again when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    places: &'a Places,
    /// None once it is settled.
    counted: Option<Counted>,
}

impl Place<'_> {
    /// Runs `enter`, which puts the session among those that run; nobody counts it twice or not at all.
    pub(super) fn settle<T>(mut self, enter: impl FnOnce() -> T) -> T {
        let counted = self.counted.take();
        self.places.with(|pending| {
            let entered = enter();
            remove(pending, counted.as_ref());
            entered
        })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let counted = self.counted.take();
        self.places.with(|pending| remove(pending, counted.as_ref()));
    }
}

fn remove(pending: &mut Vec<Counted>, counted: Option<&Counted>) {
    if let Some(at) = pending.iter().position(|other| Some(other) == counted) {
        pending.swap_remove(at);
    }
}

impl Places {
    fn with<T>(&self, change: impl FnOnce(&mut Vec<Counted>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A place for the session of `manifest` beside those that run.
    ///
    /// # Errors
    /// [`SessionError::Limit`] with the limit that is reached.
    pub(super) fn take<'a>(
        &'a self,
        manifest: &Manifest,
        running: impl FnOnce() -> Vec<Counted>,
        limits: &Limits,
    ) -> Result<Place<'a>, SessionError> {
        let counted = Counted::of(manifest);
        self.with(|pending| {
            // Looked at with the pending ones locked: a session is in at least one of the two.
            let running = running();
            let all = || running.iter().chain(pending.iter());
            let of = |part: fn(&Counted) -> &Option<String>| match part(&counted) {
                None => 0,
                own => all().filter(|other| part(other) == own).count(),
            };
            check("max_active_sessions", all().count(), limits.max_active_sessions)?;
            check(
                "max_sessions_per_group",
                of(|c| &c.group),
                limits.max_sessions_per_group,
            )?;
            check(
                "max_sessions_per_user",
                of(|c| &c.user_id),
                limits.max_sessions_per_user,
            )?;
            check_open_files(all().count())?;
            pending.push(counted.clone());
            Ok::<_, SessionError>(())
        })?;
        Ok(Place {
            places: self,
            counted: Some(counted),
        })
    }
}

fn check(limit: &'static str, count: usize, value: usize) -> Result<(), SessionError> {
    match count < value {
        true => Ok(()),
        false => Err(SessionError::Limit { limit, value }),
    }
}

/// A session needs files here for as long as it runs; the last ones belong to the sessions there are.
fn check_open_files(sessions: usize) -> Result<(), SessionError> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if (sessions + SPARE_FILES) * FILES_PER_SESSION < limit {
        return Ok(());
    }
    // What cannot be counted is not refused.
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    match open + SPARE_FILES < limit {
        true => Ok(()),
        false => Err(SessionError::Limit {
            limit: "open_files",
            value: limit,
        }),
    }
}
