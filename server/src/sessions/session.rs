//! One session: what it is, where it stands, and the ways to act on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sempre_protocol::api::{SessionInfo, SessionState};
use sempre_protocol::holder::{EndReason, Manifest, Op, WriterState};
use sempre_protocol::texts::{ExitStatus, Signal};
use sempre_protocol::viewers::ViewerInfo;
use sempre_protocol::{Offset, SessionId, Size};
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};
use tokio::time::timeout;

use super::SessionError;
use super::clock::Clock;
use super::last_sequence::LastSequences;
use super::lifecycle::plan::due;
use super::link::Order;
use super::programs::Programs;
use super::roster::Roster;
use super::screen::{Screen, Screens, Snapshot};
use crate::calendar::rfc3339;

/// A holder that has not answered by then is called unreachable.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Time between SIGHUP and SIGKILL when someone ends a session.
const END_GRACE: Duration = Duration::from_secs(2);
/// Waiting for the end after SIGKILL: the holder drains output for a second at most.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// Two clocks read one after the other, and at two moments, differ by less than this unless one was set, ms.
const CLOCKS_AGREE_MS: u64 = 1000;

/// How and when a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Final output offset.
    pub offset: Offset,
    /// Code or signal; none if it was lost with the holder.
    pub status: Option<ExitStatus>,
    /// Why.
    pub reason: EndReason,
    /// When, ms since the Unix epoch.
    pub ended_at_ms: u64,
}

/// Where a session stands; viewers and pages watch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// End of the output.
    pub offset: Offset,
    /// Oldest byte kept.
    pub base_offset: Offset,
    /// The size of the PTY.
    pub size: Size,
    /// The output offset at which that size took effect.
    pub size_offset: Offset,
    /// The child's pid while it lives.
    pub pid: Option<u32>,
    /// Set once the session has ended.
    pub exit: Option<Exit>,
    /// What is wrong with it: the holder does not answer, the disk is full.
    pub problem: Option<String>,
}

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

    /// When it will be ended or its journal dropped if nothing happens, ms since the Unix epoch, and the word for it.
    fn expiry(&self, exit: Option<Exit>) -> Option<(u64, &'static str)> {
        let Surroundings {
            clock, retention_ms, ..
        } = self.surroundings.as_ref();
        if let Some(exit) = exit {
            let kept_until = exit.ended_at_ms.saturating_add(*retention_ms);
            return (*retention_ms > 0).then_some((kept_until, "retention"));
        }
        if self.roster.count() > 0 {
            return None;
        }
        let (ttl_s, idle_s) = (self.manifest.ttl_s, self.manifest.idle_s);
        let activity = self.activity();
        let (at, reason) = due(ttl_s, idle_s, activity.monotonic_ms)?;
        let now = Activity::now(clock.as_ref());
        let since = activity
            .wall_ms
            .saturating_add(at.saturating_sub(activity.monotonic_ms));
        let from_now = now.wall_ms.saturating_add(at.saturating_sub(now.monotonic_ms));
        // The same moment at each look, unless the wall clock was set in between.
        let shown = match since.abs_diff(from_now) <= CLOCKS_AGREE_MS {
            true => since,
            false => from_now,
        };
        Some((shown, reason.word()))
    }

    /// The session as the API shows it.
    pub fn info(&self) -> SessionInfo {
        let Status {
            offset,
            base_offset,
            size,
            pid,
            exit,
            problem,
            ..
        } = self.status();
        let manifest = &self.manifest;
        let until_ms = exit.map_or_else(|| self.surroundings.clock.wall_ms(), |exit| exit.ended_at_ms);
        let expiry = self.expiry(exit);
        let (title, current_cwd) = self.screen.title_and_cwd();
        SessionInfo {
            session_id: manifest.session,
            shell: manifest.shell.clone(),
            pid: pid.filter(|_| exit.is_none()),
            rows: size.rows,
            cols: size.cols,
            uptime: until_ms.saturating_sub(manifest.started_at_ms) / 1000,
            last_activity: self.activity().wall_ms / 1000,
            state: if exit.is_some() {
                SessionState::Completed
            } else {
                SessionState::Active
            },
            run: manifest.run,
            cmd: manifest.cmd.clone(),
            cwd: manifest.cwd.clone(),
            title,
            current_cwd,
            started_at: rfc3339(manifest.started_at_ms),
            ended_at: exit.map(|exit| rfc3339(exit.ended_at_ms)),
            exit: exit.and_then(|exit| exit.status),
            end_reason: exit.map(|exit| exit.reason.word().to_owned()),
            group: manifest.group.clone(),
            labels: manifest.labels.clone(),
            user_id: manifest.user_id.clone(),
            owner: manifest.owner.clone(),
            viewers: self.roster.count(),
            offset,
            base_offset,
            restarted_from: manifest.restarted_from,
            ttl: Some(manifest.ttl_s).filter(|&seconds| seconds > 0),
            idle: Some(manifest.idle_s).filter(|&seconds| seconds > 0),
            expires_at: expiry.map(|(at, _)| rfc3339(at)),
            expires_by: expiry.map(|(_, word)| word.to_owned()),
            summary: None,
            problem,
        }
    }

    /// Sets the size of the PTY until someone types at another one.
    ///
    /// # Errors
    /// [`SessionError::Ended`] or [`SessionError::Unreachable`].
    pub async fn resize(&self, size: Size) -> Result<(), SessionError> {
        let size = size.clamped();
        self.ask(Op::Resize {
            cols: size.cols,
            rows: size.rows,
        })
        .await?;
        self.touch();
        Ok(())
    }

    /// Signals the foreground process group.
    ///
    /// # Errors
    /// [`SessionError::Ended`] or [`SessionError::Unreachable`].
    pub async fn signal(&self, signal: Signal) -> Result<(), SessionError> {
        self.ask(Op::Signal { signal }).await.map(|_| ())
    }

    /// Ends the session and waits until it has ended: SIGHUP, after two seconds SIGKILL.
    ///
    /// # Errors
    /// [`SessionError::Ended`] or [`SessionError::Unreachable`].
    pub async fn end(&self, reason: EndReason) -> Result<Exit, SessionError> {
        let grace_ms = u64::try_from(END_GRACE.as_millis()).unwrap_or_default();
        let mut status = self.watch();
        self.ask(Op::End { grace_ms, reason }).await?;
        let ended = timeout(END_TIMEOUT, status.wait_for(|status| status.exit.is_some())).await;
        match ended {
            Ok(Ok(status)) => status.exit.ok_or(SessionError::Ended(self.id())),
            _ => Err(self.unreachable("the child was sent SIGHUP and SIGKILL and is still there")),
        }
    }

    /// Where a writer's input stands.
    pub(super) async fn writer_state(
        &self,
        writer: sempre_protocol::WriterId,
    ) -> Result<WriterState, SessionError> {
        let unknown = WriterState {
            known: false,
            written: Offset::ZERO,
            accepted: Offset::ZERO,
        };
        match self.ask(Op::Writer { writer }).await {
            Ok(state) => Ok(state.unwrap_or(unknown)),
            Err(SessionError::Ended(_)) => Ok(unknown),
            Err(error) => Err(error),
        }
    }

    /// Output that only the holder has, from `offset` on, and where it begins: later than asked for if what lies
    /// between is lost. None: there is none, or no holder.
    pub(super) async fn read_memory(&self, offset: Offset, max_bytes: u32) -> Option<(Offset, Vec<u8>)> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Read {
            offset,
            max_bytes,
            reply,
        })
        .await;
        let (offset, bytes) = timeout(ANSWER_TIMEOUT, answer).await.ok()?.ok()?;
        (!bytes.is_empty()).then_some((offset, bytes))
    }

    /// Gives the link an order that nobody waits for; false once the session has ended.
    pub(super) async fn order(&self, order: Order) -> bool {
        self.orders.send(order).await.is_ok()
    }

    /// Gives the link an order that is not worth waiting for; false if it is not taken.
    pub(super) fn try_order(&self, order: Order) -> bool {
        self.orders.try_send(order).is_ok()
    }

    /// Tells the holder of a keyframe that is on the disk for good.
    pub(super) async fn keyframe_made(&self, offset: Offset) {
        if self.exit().is_none() {
            // A holder that is away keeps output by the keyframe before.
            let _ = self.ask(Op::Keyframe { offset }).await;
        }
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

    pub(super) async fn ask(&self, op: Op) -> Result<Option<WriterState>, SessionError> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.order(Order::Ask { op, reply }).await;
            answer.await
        };
        match timeout(ANSWER_TIMEOUT, asked).await {
            Ok(Ok(Ok(state))) => Ok(state),
            Ok(Ok(Err(message))) => Err(self.unreachable(&message)),
            Ok(Err(_)) => Err(self.lost_or_ended()),
            Err(_) => Err(self.unreachable(&format!("no answer within {ANSWER_TIMEOUT:?}"))),
        }
    }

    pub(super) fn lost_or_ended(&self) -> SessionError {
        match self.exit() {
            Some(_) => SessionError::Ended(self.id()),
            None => self.unreachable("the connection to it was lost"),
        }
    }

    pub(super) fn unreachable(&self, reason: &str) -> SessionError {
        SessionError::Unreachable {
            id: self.id(),
            reason: reason.to_owned(),
        }
    }
}
