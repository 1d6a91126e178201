//! The one writer of the store: sessions that changed are written soon, a few at a time, off every hot path.
//!
//! It listens to the changes of the list. Output and activity alone are no changes; activity is noted at every check
//! of the life cycle and at the end. A store that fails stops no session: the rows wait, and health says so.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sempre_protocol::SessionId;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Registry;
use super::records::{is_news, row_of};
use super::session::Change;
use crate::measure;
use crate::store::{ActivityNote, SessionRow, Store, StoreError};

/// Changes that come within this time after the first are written with it.
const GATHER: Duration = Duration::from_millis(50);
/// A store that failed is tried again after this.
const RETRY: Duration = Duration::from_secs(5);
/// Where users stand in sessions (T6) is written this long after the first of them moved, all at once.
const PLACES_EVERY: Duration = Duration::from_secs(5);
/// Orders that may wait for the recorder.
const MAX_ORDERS: usize = 64;

type Reply = oneshot::Sender<Result<(), StoreError>>;

/// What the recorder can be told beside changes.
#[derive(Debug)]
enum Order {
    /// Write the last row of a session.
    Archive(Box<SessionRow>, String, Reply),
    /// Remove rows.
    Forget(Vec<SessionId>, Reply),
    /// Write the newest activity of running sessions.
    NoteActivity,
}

/// The recorder as the registry sees it.
#[derive(Debug)]
pub(super) struct Recorder {
    store: Arc<dyn Store>,
    orders: mpsc::Sender<Order>,
    /// What happened to the store when it was opened.
    notice: Option<String>,
    problem: Mutex<Option<String>>,
}

/// What the recorder's task owns.
#[derive(Debug)]
pub(super) struct Recording {
    orders: mpsc::Receiver<Order>,
    changes: broadcast::Receiver<Change>,
    rows: Rows,
}

/// What the recorder remembers of the store.
#[derive(Debug, Default)]
struct Rows {
    /// Rows of sessions that have a directory, as they are in the store.
    written: HashMap<SessionId, SessionRow>,
    /// Sessions whose last row is written and that are still on the list: nothing more is said of them.
    archived: HashSet<SessionId>,
}

impl Recorder {
    /// A recorder for `store`, which holds `rows`.
    pub(super) fn new(
        store: Arc<dyn Store>,
        notice: Option<String>,
        rows: Vec<SessionRow>,
        changes: broadcast::Receiver<Change>,
    ) -> (Self, Recording) {
        let (orders, received) = mpsc::channel(MAX_ORDERS);
        let recorder = Self {
            store,
            orders,
            notice,
            problem: Mutex::default(),
        };
        let recording = Recording {
            orders: received,
            changes,
            rows: Rows {
                written: rows.into_iter().map(|row| (row.id, row)).collect(),
                archived: HashSet::new(),
            },
        };
        (recorder, recording)
    }

    /// The store, for reading.
    pub(super) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// What is wrong with the store, or was when it was opened.
    pub(super) fn problem(&self) -> Option<String> {
        self.lock_problem().clone().or_else(|| self.notice.clone())
    }

    fn lock_problem(&self) -> MutexGuard<'_, Option<String>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the last row of a session, which is to be taken off the list then; no other row replaces it.
    pub(super) async fn archive(&self, row: SessionRow, last_screen: String) -> Result<(), StoreError> {
        self.ask(|reply| Order::Archive(Box::new(row), last_screen, reply))
            .await
    }

    /// Removes the rows of sessions that are gone.
    pub(super) async fn forget(&self, ids: Vec<SessionId>) -> Result<(), StoreError> {
        self.ask(|reply| Order::Forget(ids, reply)).await
    }

    /// Has the newest activity written.
    pub(super) async fn note_activity(&self) {
        // Gone only when the server stops, which notes it anyway.
        let _ = self.orders.send(Order::NoteActivity).await;
    }

    async fn ask(&self, order: impl FnOnce(Reply) -> Order) -> Result<(), StoreError> {
        let gone = || StoreError::Unavailable("the server is going down".into());
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    fn note(&self, outcome: &Result<(), StoreError>) {
        let problem = outcome.as_ref().err().map(|error| {
            format!("{error}; sessions go on, what is known of ended ones may be lost with a restart")
        });
        let mut current = self.lock_problem();
        if problem != *current {
            match &problem {
                Some(problem) => {
                    measure::database_failed();
                    tracing::warn!(problem, "the database fails");
                }
                None => tracing::info!("the database works again"),
            }
            *current = problem;
        }
    }
}

/// Writes what changes until `end` is cancelled, then everything that is left.
pub(super) async fn run(registry: Arc<Registry>, mut recording: Recording, end: CancellationToken) {
    let mut dirty: HashSet<SessionId> = registry.ids().into_iter().collect();
    let mut write_at = Some(Instant::now());
    let mut places_at = None;
    let moved = Arc::clone(registry.places_moved());
    loop {
        tokio::select! {
            biased;
            () = end.cancelled() => break,
            order = recording.orders.recv() => match order {
                Some(order) => obey(&registry, order, &mut recording.rows).await,
                None => break,
            },
            () = reached(write_at) => {
                let written = write(&registry, &mut dirty, &mut recording.rows).await;
                write_at = (!written).then(|| Instant::now() + RETRY);
                continue;
            }
            () = moved.notified(), if places_at.is_none() => {
                places_at = Some(Instant::now() + PLACES_EVERY);
                continue;
            }
            () = reached(places_at) => {
                places_at = None;
                note_places(&registry, &recording.rows.written).await;
                continue;
            }
            change = recording.changes.recv() => match change {
                Ok(Change::Session(id)) => drop(dirty.insert(id)),
                Ok(Change::Removed(id) | Change::Archived(id)) => drop(recording.rows.archived.remove(&id)),
                Err(RecvError::Lagged(_)) => {
                    dirty.extend(registry.ids());
                    recording.rows.archived.retain(|&id| registry.get(id).is_ok());
                }
                Err(RecvError::Closed) => break,
            },
        }
        if !dirty.is_empty() && write_at.is_none() {
            write_at = Some(Instant::now() + GATHER);
        }
    }
    dirty.extend(registry.ids());
    write(&registry, &mut dirty, &mut recording.rows).await;
    note_activity(&registry, &mut recording.rows.written).await;
    note_places(&registry, &recording.rows.written).await;
    registry.recorder().store.close().await;
}

async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Writes the rows that are news; false if the store failed, and they are still to be written.
async fn write(
    registry: &Registry,
    dirty: &mut HashSet<SessionId>,
    Rows { written, archived }: &mut Rows,
) -> bool {
    let now_ms = registry.clock().wall_ms();
    dirty.retain(|id| !archived.contains(id));
    let sessions = dirty.iter().filter_map(|&id| registry.get(id).ok());
    let rows = sessions.map(|session| row_of(&session, now_ms));
    let rows: Vec<_> = rows
        .filter(|row| written.get(&row.id).is_none_or(|old| is_news(old, row)))
        .collect();
    if rows.is_empty() {
        dirty.clear();
        return true;
    }
    let recorder = registry.recorder();
    let outcome = recorder.store.put(rows.clone()).await;
    recorder.note(&outcome);
    if outcome.is_ok() {
        dirty.clear();
        written.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    outcome.is_ok()
}

async fn obey(registry: &Registry, order: Order, Rows { written, archived }: &mut Rows) {
    let recorder = registry.recorder();
    let (outcome, reply) = match order {
        Order::Archive(row, last_screen, reply) => {
            let id = row.id;
            let outcome = recorder.store.archive(*row, last_screen).await;
            if outcome.is_ok() {
                written.remove(&id);
                archived.insert(id);
            }
            (outcome, reply)
        }
        Order::Forget(ids, reply) => {
            ids.iter().for_each(|id| drop(written.remove(id)));
            (recorder.store.remove(ids).await, reply)
        }
        Order::NoteActivity => return note_activity(registry, written).await,
    };
    recorder.note(&outcome);
    // Who asked may have gone.
    let _ = reply.send(outcome);
}

async fn note_activity(registry: &Registry, written: &mut HashMap<SessionId, SessionRow>) {
    let mut notes = Vec::new();
    for (&id, row) in written.iter() {
        let Ok(session) = registry.get(id) else { continue };
        let activity = session.activity();
        if session.exit().is_none() && activity.monotonic_ms != row.last_activity_monotonic {
            notes.push(ActivityNote {
                id,
                last_activity: activity.wall_ms,
                last_activity_monotonic: activity.monotonic_ms,
            });
        }
    }
    if notes.is_empty() {
        return;
    }
    let outcome = registry.recorder().store.note_activity(notes.clone()).await;
    registry.recorder().note(&outcome);
    if outcome.is_ok() {
        for note in notes {
            if let Some(row) = written.get_mut(&note.id) {
                row.last_activity = note.last_activity;
                row.last_activity_monotonic = note.last_activity_monotonic;
            }
        }
    }
}

/// Writes where users stand in sessions that have a row; what cannot be written is tried again as late.
async fn note_places(registry: &Registry, written: &HashMap<SessionId, SessionRow>) {
    let sessions = written.keys().filter_map(|&id| registry.get(id).ok());
    let (mut taken, mut places) = (Vec::new(), Vec::new());
    for session in sessions {
        if let Some(moved) = session.last_sequences().take_moved() {
            places.push((session.id(), moved));
            taken.push(session);
        }
    }
    if places.is_empty() {
        return;
    }
    let outcome = registry.recorder().store.put_places(places).await;
    registry.recorder().note(&outcome);
    if outcome.is_err() {
        taken
            .iter()
            .for_each(|session| session.last_sequences().still_moved());
    }
}
