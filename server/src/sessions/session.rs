//! One session: what it is and where it stands; `requests` are the ways to act on it, `info` how it is shown.

mod info;
mod requests;
mod status;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sempre_protocol::SessionId;
use sempre_protocol::holder::Manifest;
use sempre_protocol::viewers::ViewerInfo;
use tokio::sync::{Notify, broadcast, mpsc, watch};

use super::SessionError;
use super::clock::Clock;
use super::last_sequence::LastSequences;
use super::link::Order;
use super::programs::Programs;
use super::roster::Roster;
use super::screen::{Screen, Screens, Snapshot};
pub(super) use requests::ANSWER_TIMEOUT;
pub use status::{Exit, Status};

/// A session this server knows.
#[derive(Debug)]
pub struct Session {
    manifest: Manifest,
    directory: PathBuf,
    status: watch::Sender<Status>,
    orders: mpsc::Sender<Order>,
    roster: Roster,
    screen: Screen,
    last_sequences: LastSequences,
    programs: Programs,
    last_activity_ms: AtomicU64,
    last_activity_monotonic_ms: AtomicU64,
    compressed: AtomicBool,
    surroundings: Arc<Surroundings>,
}

/// What all sessions of a registry share.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// Who watches the list.
    pub(super) changes: broadcast::Sender<Change>,
    /// The screens in memory.
    pub(super) screens: Arc<Screens>,
    /// Told when a user's place in a session is another than in the store (T6).
    pub(super) places_moved: Arc<Notify>,
    /// Tells the time.
    pub(super) clock: Arc<dyn Clock>,
    /// How long the journal of an ended session is kept, ms; 0: for ever.
    pub(super) retention_ms: u64,
}

/// When something happened last in a session, by both clocks, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Activity {
    /// Since the Unix epoch.
    pub(super) wall_ms: u64,
    /// See [`Clock::monotonic_ms`].
    pub(super) monotonic_ms: u64,
}

impl Activity {
    /// Something happens now.
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self {
            wall_ms: clock.wall_ms(),
            monotonic_ms: clock.monotonic_ms(),
        }
    }
}

/// A change in the list of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A session is new or stands otherwise than before.
    Session(SessionId),
    /// A session is gone with its journal.
    Removed(SessionId),
    /// A session's journal is gone, and what is known of it is kept.
    Archived(SessionId),
}

impl Session {
    pub(super) fn new(
        manifest: Manifest,
        directory: PathBuf,
        status: Status,
        activity: Activity,
        surroundings: Arc<Surroundings>,
    ) -> (Self, mpsc::Receiver<Order>) {
        let (orders, receiver) = mpsc::channel(super::link::MAX_ORDERS);
        let session = Self {
            screen: Screen::new(Arc::clone(&surroundings.screens), manifest.shell_aid.clone()),
            manifest,
            directory,
            status: watch::Sender::new(status),
            orders,
            roster: Roster::default(),
            last_sequences: LastSequences::new(Arc::clone(&surroundings.places_moved)),
            programs: Programs::default(),
            last_activity_ms: AtomicU64::new(activity.wall_ms),
            last_activity_monotonic_ms: AtomicU64::new(activity.monotonic_ms),
            compressed: AtomicBool::new(false),
            surroundings,
        };
        (session, receiver)
    }

    /// Its id.
    pub fn id(&self) -> SessionId {
        self.manifest.session
    }

    /// What it was started with.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where its journal is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where it stands, and how that changes.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Where it stands now.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.status.borrow().exit
    }

    /// From when on its output is kept for a while: its end, or when it was imported; ms since the Unix epoch.
    pub(super) fn kept_from_ms(&self, exit: Exit) -> u64 {
        self.manifest.imported_at_ms.unwrap_or(exit.ended_at_ms)
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_modify(change);
    }

    /// Tells who watches the list that this session changed.
    pub(super) fn announce(&self) {
        // Nobody may be watching.
        let _ = self.surroundings.changes.send(Change::Session(self.id()));
    }

    pub(super) fn roster(&self) -> &Roster {
        &self.roster
    }

    pub(super) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// How far each user's newest connection came, for clients that do not remember it themselves (T6).
    pub fn last_sequences(&self) -> &LastSequences {
        &self.last_sequences
    }

    pub(super) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Notes output, input, a viewer or a resize.
    pub(super) fn touch(&self) {
        let now = Activity::now(self.surroundings.clock.as_ref());
        self.last_activity_ms.store(now.wall_ms, Ordering::Relaxed);
        self.last_activity_monotonic_ms
            .store(now.monotonic_ms, Ordering::Relaxed);
    }

    /// The newest activity.
    pub(super) fn activity(&self) -> Activity {
        Activity {
            wall_ms: self.last_activity_ms.load(Ordering::Relaxed),
            monotonic_ms: self.last_activity_monotonic_ms.load(Ordering::Relaxed),
        }
    }

    /// Whether nothing of its journal is left to compress, as far as this server knows.
    pub(super) fn is_compressed(&self) -> bool {
        self.compressed.load(Ordering::Relaxed)
    }

    pub(super) fn set_compressed(&self) {
        self.compressed.store(true, Ordering::Relaxed);
    }

    /// What a terminal would show now, with at most `lines` rows above the screen.
    ///
    /// # Errors
    /// [`SessionError::Busy`], or if the journal cannot be read.
    pub async fn snapshot(self: &Arc<Self>, lines: u32) -> Result<Snapshot, SessionError> {
        Screen::snapshot(self, lines, false).await
    }

    /// Everyone attached, oldest first.
    pub fn viewers(&self) -> Vec<ViewerInfo> {
        self.roster.who()
    }

    /// Disconnects a viewer; its client cannot attach again for a while.
    ///
    /// # Errors
    /// [`SessionError::NoViewer`].
    pub fn disconnect(&self, viewer: u64) -> Result<(), SessionError> {
        if self.roster.disconnect(viewer) {
            Ok(())
        } else {
            Err(SessionError::NoViewer(viewer))
        }
    }
}
