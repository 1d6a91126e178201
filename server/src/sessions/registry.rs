//! All sessions this server knows: created, adopted, ended, archived, removed.

mod opening;
mod starting;
mod starts;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sempre_protocol::SessionId;
use sempre_protocol::api::{DeleteOnly, SessionInfo, SessionState, Shells};
use sempre_protocol::holder::{EndReason, Manifest};
use tokio::process::Child;
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clock::Clock;
use super::confinement::Confiner;
use super::environment::BaseEnvironment;
use super::lifecycle::LifePolicy;
use super::limits::Places;
use super::record_input::RecordInput;
use super::recorder::Recorder;
use super::records::info_of;
use super::scopes::Scopes;
use super::session::{Activity, Change, Session, Status, Surroundings};
use super::shell_integration::ShellIntegration;
use super::{Limits, SessionError, link, shells};
use crate::store::{DataDir, SessionRow, Store};
use starts::Starts;

/// What a registry is told at its start.
#[derive(Debug)]
pub struct RegistryOptions {
    /// The shell of sessions that name none, by name or absolute path.
    pub default_shell: String,
    /// The holder program; none: named by `SEMPRE_HOLDER`, else beside this program.
    pub holder: Option<PathBuf>,
    /// What every child inherits.
    pub environment: BaseEnvironment,
    /// Soft limit of open files that each child begins with; none: that of this process.
    pub child_open_files: Option<u64>,
    /// Shells tell where their prompt is, unless a request says otherwise.
    pub shell_integration: bool,
    /// Which sessions have their input recorded.
    pub record_input: RecordInput,
    /// How many sessions there may be.
    pub limits: Limits,
    /// What each of them is held to.
    pub confiner: Confiner,
    /// Whether their holders get scopes of systemd.
    pub scopes: Scopes,
    /// When sessions end and how long they are kept.
    pub policy: LifePolicy,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// What can be changed while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changeable {
    /// How many sessions there may be.
    pub limits: Limits,
    /// Sessions created by API that ask for nothing else end when nothing happened for this long, seconds; 0: never.
    pub default_ttl_s: u64,
}

/// The sessions of one data directory.
#[derive(Debug)]
pub struct Registry {
    data_dir: DataDir,
    holder: PathBuf,
    options: RegistryOptions,
    changeable: Mutex<Changeable>,
    sessions: Mutex<HashMap<SessionId, Arc<Session>>>,
    starting: Semaphore,
    starts: Starts,
    importing: Semaphore,
    places: Places,
    surroundings: Arc<Surroundings>,
    recorder: Recorder,
    links: TaskTracker,
    stop: CancellationToken,
    /// The recorder outlives the links, so that it sees what they learn last.
    recording: TaskTracker,
    stop_recording: CancellationToken,
    unreadable: Mutex<Vec<String>>,
    /// None: its files could not be written.
    shell_integration: Option<ShellIntegration>,
}

impl Registry {
    /// Takes in a session whose directory is whole, with the holder that this process has started for it.
    pub(super) fn insert(
        &self,
        manifest: Manifest,
        directory: PathBuf,
        status: Status,
        activity: Activity,
        holder: Option<Child>,
    ) -> Arc<Session> {
        let live = status.exit.is_none();
        let surroundings = Arc::clone(&self.surroundings);
        let (session, orders) = Session::new(manifest, directory, status, activity, surroundings);
        let session = Arc::new(session);
        lock(&self.sessions).insert(session.id(), Arc::clone(&session));
        if live {
            self.links
                .spawn(link::run(Arc::clone(&session), orders, holder, self.stop.clone()));
        }
        session.announce();
        session
    }

    /// The session with this id.
    ///
    /// # Errors
    /// [`SessionError::NotFound`].
    pub fn get(&self, id: SessionId) -> Result<Arc<Session>, SessionError> {
        lock(&self.sessions)
            .get(&id)
            .cloned()
            .ok_or(SessionError::NotFound(id))
    }

    /// The session one of these processes leads, else the first known one of those `marks` name.
    pub fn session_of(&self, pids: &[u32], marks: &[SessionId]) -> Option<SessionId> {
        let sessions = self.sessions();
        let leads = |session: &&Arc<Session>| {
            let status = session.status();
            status.exit.is_none() && status.pid.is_some_and(|pid| pids.contains(&pid))
        };
        let led = sessions.iter().find(leads).map(|session| session.id());
        let known = |id: &&SessionId| sessions.iter().any(|session| session.id() == **id);
        led.or_else(|| marks.iter().find(known).copied())
    }

    /// Waits for the sessions that are being started: who speaks from one of them may be ahead of it.
    pub async fn starts_settled(&self) {
        self.starts.settled().await;
    }

    /// All sessions that have a directory, newest first.
    pub fn list(&self) -> Vec<SessionInfo> {
        let mut sessions = self.sessions();
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.manifest().started_at_ms), session.id()));
        sessions.iter().map(|session| session.info()).collect()
    }

    /// The sessions in one state, newest first.
    ///
    /// # Errors
    /// [`SessionError::Store`], for archived ones.
    pub async fn list_in(&self, state: SessionState) -> Result<Vec<SessionInfo>, SessionError> {
        if state == SessionState::Archived {
            let rows = self.archived_rows().await?;
            return Ok(rows.into_iter().map(info_of).collect());
        }
        let mut sessions = self.list();
        sessions.retain(|session| session.state == state);
        Ok(sessions)
    }

    /// A session as the API shows it, archived or not.
    ///
    /// # Errors
    /// [`SessionError::NotFound`] or [`SessionError::Store`].
    pub async fn info(&self, id: SessionId) -> Result<SessionInfo, SessionError> {
        match self.get(id) {
            Ok(session) => Ok(session.info()),
            Err(error) => self.archived(id).await?.map(info_of).ok_or(error),
        }
    }

    /// What stood on the screen of an archived session; none for any other.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn last_screen(&self, id: SessionId) -> Result<Option<String>, SessionError> {
        Ok(self.store().last_screen(id).await?)
    }

    async fn archived(&self, id: SessionId) -> Result<Option<SessionRow>, SessionError> {
        let row = self.store().get(id).await?;
        Ok(row.filter(|row| row.state == SessionState::Archived))
    }

    pub(super) async fn newest_archived(&self, limit: usize) -> Result<(u64, Vec<SessionRow>), SessionError> {
        Ok(self.store().newest_archived(limit).await?)
    }

    pub(super) async fn archived_rows(&self) -> Result<Vec<SessionRow>, SessionError> {
        let mut rows = self.store().all().await?;
        rows.retain(|row| row.state == SessionState::Archived);
        Ok(rows)
    }

    /// Ends a running session, or removes an ended one with its journal, or what is left of an archived one; with `only`
    /// one of the two or nothing.
    ///
    /// # Errors
    /// [`SessionError::NotFound`], [`SessionError::Unreachable`], or what removing said; against `only`
    /// [`SessionError::Running`], [`SessionError::Ended`] or [`SessionError::Archived`].
    pub async fn delete(&self, id: SessionId, only: Option<DeleteOnly>) -> Result<(), SessionError> {
        let session = match self.get(id) {
            Err(error) => {
                self.archived(id).await?.ok_or(error)?;
                if only == Some(DeleteOnly::Running) {
                    return Err(SessionError::Archived(id));
                }
                return Ok(self.recorder.forget(vec![id]).await?);
            }
            Ok(session) => session,
        };
        // Looked at once: what ends from here on is not removed in place of being ended.
        let runs = session.exit().is_none();
        match only {
            Some(DeleteOnly::Ended) if runs => return Err(SessionError::Running(id)),
            Some(DeleteOnly::Running) if !runs => return Err(SessionError::Ended(id)),
            _ => {}
        }
        if runs {
            return match session.end(EndReason::Ended).await {
                // It ended by itself in the same moment.
                Err(SessionError::Ended(_)) | Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
        }
        session.screen().stop().await;
        tokio::fs::remove_dir_all(session.directory())
            .await
            .map_err(SessionError::system("cannot remove the session's directory"))?;
        self.take_out(id, Change::Removed(id));
        if let Err(error) = self.recorder.forget(vec![id]).await {
            // It has no directory: the next start forgets it.
            tracing::debug!(session = %id, %error, "its row stays for now");
        }
        Ok(())
    }

    /// Takes a session off the list, and tells who watches it; false if it was not on it any more.
    pub(super) fn take_out(&self, id: SessionId, change: Change) -> bool {
        let was_there = lock(&self.sessions).remove(&id).is_some();
        // Nobody may be watching.
        let _ = self.surroundings.changes.send(change);
        was_there
    }

    /// All sessions that have a directory, in no order.
    pub(super) fn sessions(&self) -> Vec<Arc<Session>> {
        lock(&self.sessions).values().cloned().collect()
    }

    /// Places for recordings that are taken in.
    pub(super) fn importing(&self) -> &Semaphore {
        &self.importing
    }

    /// Whether the server goes down.
    pub(super) fn is_closing(&self) -> bool {
        self.stop.is_cancelled()
    }

    pub(super) fn ids(&self) -> Vec<SessionId> {
        lock(&self.sessions).keys().copied().collect()
    }

    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(super) fn policy(&self) -> &LifePolicy {
        &self.options.policy
    }

    pub(super) fn places_moved(&self) -> &Arc<Notify> {
        &self.surroundings.places_moved
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.options.clock.as_ref()
    }

    /// Decides what new sessions are held to.
    pub fn confiner(&self) -> &Confiner {
        &self.options.confiner
    }

    /// Scopes of systemd around the holders.
    pub fn scopes(&self) -> &Scopes {
        &self.options.scopes
    }

    pub(super) fn limits(&self) -> Limits {
        lock(&self.changeable).limits
    }

    /// Changes what can be changed; sessions that are there stay.
    pub fn change(&self, changeable: Changeable) {
        *lock(&self.changeable) = changeable;
    }

    fn store(&self) -> &dyn Store {
        self.recorder.store()
    }

    /// Sessions whose process runs.
    pub fn active_count(&self) -> usize {
        lock(&self.sessions)
            .values()
            .filter(|session| session.exit().is_none())
            .count()
    }

    /// Screen engines in memory.
    pub fn screen_count(&self) -> usize {
        self.surroundings.screens.count()
    }

    /// Changes in the list from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.surroundings.changes.subscribe()
    }

    /// What can be started here.
    pub fn shells(&self) -> Shells {
        let path = self.options.environment.get("PATH").unwrap_or_default();
        Shells {
            default: self.options.default_shell.clone(),
            installed: shells::installed(path),
        }
    }

    /// The program of the default shell, as long as it is installed.
    pub fn default_shell(&self) -> Option<PathBuf> {
        let path = self.options.environment.get("PATH").unwrap_or_default();
        let shell = shells::find(&self.options.default_shell, path)?;
        rustix::fs::access(&shell.program, rustix::fs::Access::EXEC_OK).ok()?;
        Some(shell.program)
    }

    /// The program that holds sessions.
    pub fn holder_program(&self) -> &Path {
        &self.holder
    }

    /// The data directory.
    pub fn data_dir(&self) -> &DataDir {
        &self.data_dir
    }

    /// Session directories that could not be read at start, and why.
    pub fn unreadable(&self) -> Vec<String> {
        lock(&self.unreadable).clone()
    }

    /// What is wrong with the database of sessions.
    pub fn store_problem(&self) -> Option<String> {
        self.recorder.problem()
    }

    /// Ends every session, for a stop with `--end-sessions`.
    pub async fn end_all(&self) {
        let sessions = self.sessions();
        let ends = sessions
            .iter()
            .filter(|session| session.exit().is_none())
            .map(|session| async {
                if let Err(error) = session.end(EndReason::Shutdown).await {
                    tracing::warn!(session = %session.id(), %error, "could not end the session");
                }
            });
        futures_util::future::join_all(ends).await;
    }

    /// Lets go of the holders, waits until all links are down and all is recorded; the sessions go on.
    pub async fn close(&self) {
        self.stop.cancel();
        self.links.close();
        self.links.wait().await;
        self.surroundings.screens.close().await;
        self.stop_recording.cancel();
        self.recording.close();
        self.recording.wait().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
