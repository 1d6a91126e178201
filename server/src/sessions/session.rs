//! One session: what it is, where it stands, and the ways to act on it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sempre_protocol::api::{SessionInfo, SessionState};
use sempre_protocol::holder::{EndReason, Manifest, Op, WriterState};
use sempre_protocol::texts::{ExitStatus, Signal};
use sempre_protocol::{Offset, SessionId, Size};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::timeout;

use super::SessionError;
use super::link::Order;
use super::roster::Roster;

/// A holder that has not answered by then is called unreachable.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Time between SIGHUP and SIGKILL when someone ends a session.
const END_GRACE: Duration = Duration::from_secs(2);
/// Waiting for the end after SIGKILL: the holder drains output for a second at most.
const END_TIMEOUT: Duration = Duration::from_secs(5);

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
    last_activity_ms: AtomicU64,
    changes: broadcast::Sender<Change>,
}

/// A change in the list of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A session is new or stands otherwise than before.
    Session(SessionId),
    /// A session is gone with its journal.
    Removed(SessionId),
}

/// The wall clock, ms since the Unix epoch.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Session {
    pub(super) fn new(
        manifest: Manifest,
        directory: PathBuf,
        status: Status,
        last_activity_ms: u64,
        changes: broadcast::Sender<Change>,
    ) -> (Self, mpsc::Receiver<Order>) {
        let (orders, receiver) = mpsc::channel(super::link::MAX_ORDERS);
        let session = Self {
            manifest,
            directory,
            status: watch::Sender::new(status),
            orders,
            roster: Roster::default(),
            last_activity_ms: AtomicU64::new(last_activity_ms),
            changes,
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
        let _ = self.changes.send(Change::Session(self.id()));
    }

    pub(super) fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Notes output, input, a viewer or a resize.
    pub(super) fn touch(&self) {
        self.last_activity_ms.store(now_ms(), Ordering::Relaxed);
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
        let until_ms = exit.map_or_else(now_ms, |exit| exit.ended_at_ms);
        SessionInfo {
            session_id: manifest.session,
            shell: manifest.shell.clone(),
            pid: pid.filter(|_| exit.is_none()),
            rows: size.rows,
            cols: size.cols,
            uptime: until_ms.saturating_sub(manifest.started_at_ms) / 1000,
            last_activity: self.last_activity_ms.load(Ordering::Relaxed) / 1000,
            state: if exit.is_some() {
                SessionState::Completed
            } else {
                SessionState::Active
            },
            run: manifest.run,
            cmd: manifest.cmd.clone(),
            cwd: manifest.cwd.clone(),
            title: None,
            current_cwd: None,
            started_at: rfc3339(manifest.started_at_ms),
            ended_at: exit.map(|exit| rfc3339(exit.ended_at_ms)),
            exit: exit.and_then(|exit| exit.status),
            end_reason: exit.map(|exit| exit.reason.word().to_owned()),
            group: manifest.group.clone(),
            labels: manifest.labels.clone(),
            user_id: manifest.user_id.clone(),
            viewers: self.roster.count(),
            offset,
            base_offset,
            restarted_from: manifest.restarted_from,
            ttl: Some(manifest.ttl_s).filter(|&seconds| seconds > 0),
            idle: Some(manifest.idle_s).filter(|&seconds| seconds > 0),
            expires_at: None,
            expires_by: None,
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

    pub(super) async fn ask(&self, op: Op) -> Result<Option<WriterState>, SessionError> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.order(Order::Ask { op, reply }).await;
            answer.await
        };
        match timeout(ANSWER_TIMEOUT, asked).await {
            Ok(Ok(Ok(state))) => Ok(state),
            Ok(Ok(Err(message))) => Err(self.unreachable(&message)),
            Ok(Err(_)) if self.exit().is_some() => Err(SessionError::Ended(self.id())),
            Ok(Err(_)) => Err(self.unreachable("the connection to it was lost")),
            Err(_) => Err(self.unreachable(&format!("no answer within {ANSWER_TIMEOUT:?}"))),
        }
    }

    fn unreachable(&self, reason: &str) -> SessionError {
        SessionError::Unreachable {
            id: self.id(),
            reason: reason.to_owned(),
        }
    }
}

fn rfc3339(ms: u64) -> String {
    let time = UNIX_EPOCH
        .checked_add(Duration::from_millis(ms))
        .unwrap_or(UNIX_EPOCH);
    humantime::format_rfc3339_millis(time).to_string()
}
