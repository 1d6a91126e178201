//! All sessions this server knows: created, adopted, ended, removed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sempre_protocol::SessionId;
use sempre_protocol::api::{CreateSession, SessionInfo, Shells};
use sempre_protocol::holder::{EndReason, Spec};
use tokio::process::Child;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::environment::BaseEnvironment;
use super::session::{Change, Session, Status, now_ms};
use super::{SessionError, adopt, create, launch, link, shells};
use crate::store::DataDir;

/// Changes a slow watcher of the list may be behind before it has to fetch it again.
const CHANGES_KEPT: usize = 256;
/// Holders being started at once: more would only compete for the same cores.
const MAX_STARTING: usize = 16;

/// How many sessions there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Sessions whose process runs.
    pub max_active_sessions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_active_sessions: 1000,
        }
    }
}

/// The sessions of one data directory.
#[derive(Debug)]
pub struct Registry {
    data_dir: DataDir,
    holder: PathBuf,
    default_shell: String,
    environment: BaseEnvironment,
    limits: Limits,
    sessions: Mutex<HashMap<SessionId, Arc<Session>>>,
    starting: Semaphore,
    changes: broadcast::Sender<Change>,
    links: TaskTracker,
    stop: CancellationToken,
    unreadable: Mutex<Vec<String>>,
}

impl Registry {
    /// Opens the data directory's sessions: living holders are taken over, the rest has ended.
    ///
    /// # Errors
    /// If there is no holder program, no default shell, or the directory cannot be listed.
    pub fn open(
        data_dir: DataDir,
        default_shell: String,
        environment: BaseEnvironment,
        limits: Limits,
    ) -> Result<Arc<Self>, SessionError> {
        let path = environment.get("PATH").unwrap_or_default();
        if shells::find(&default_shell, path).is_none() {
            return Err(SessionError::ShellNotInstalled {
                name: default_shell,
                installed: shells::installed(path),
            });
        }
        let registry = Arc::new(Self {
            holder: launch::find_holder()?,
            data_dir,
            default_shell,
            environment,
            limits,
            sessions: Mutex::default(),
            starting: Semaphore::new(MAX_STARTING),
            changes: broadcast::Sender::new(CHANGES_KEPT),
            links: TaskTracker::new(),
            stop: CancellationToken::new(),
            unreadable: Mutex::default(),
        });
        registry.adopt_all()?;
        Ok(registry)
    }

    fn adopt_all(self: &Arc<Self>) -> Result<(), SessionError> {
        let ids = self
            .data_dir
            .session_ids()
            .map_err(SessionError::system("cannot list the sessions"))?;
        for id in ids {
            let directory = self.data_dir.session_dir(id);
            match adopt::read_manifest(&directory) {
                Ok(manifest) => {
                    let mut status = adopt::read_status(&directory, &manifest);
                    if adopt::is_abandoned(&directory) {
                        status.exit = Some(adopt::read_exit(&directory, status.offset));
                    }
                    let active_ms = status.exit.map_or_else(now_ms, |exit| exit.ended_at_ms);
                    self.insert(manifest, directory, status, active_ms, None);
                }
                Err(error) => {
                    tracing::warn!(session = %id, %error, "a session directory cannot be read; it is left alone");
                    lock(&self.unreadable).push(error.to_string());
                }
            }
        }
        Ok(())
    }

    fn insert(
        &self,
        manifest: sempre_protocol::holder::Manifest,
        directory: PathBuf,
        status: Status,
        active_ms: u64,
        holder: Option<Child>,
    ) -> Arc<Session> {
        let live = status.exit.is_none();
        let (session, orders) = Session::new(manifest, directory, status, active_ms, self.changes.clone());
        let session = Arc::new(session);
        lock(&self.sessions).insert(session.id(), Arc::clone(&session));
        if live {
            self.links
                .spawn(link::run(Arc::clone(&session), orders, holder, self.stop.clone()));
        }
        session.announce();
        session
    }

    /// Starts a session.
    ///
    /// # Errors
    /// Everything [`SessionError`] knows but [`SessionError::NotFound`]; nothing is left behind then.
    pub async fn create(&self, request: CreateSession) -> Result<Arc<Session>, SessionError> {
        let spec = create::spec(request, &self.default_shell, &self.environment)?;
        self.start(spec).await
    }

    /// Starts an ended session's command again as a new session.
    ///
    /// # Errors
    /// [`SessionError::Running`] while it runs, else as [`Registry::create`].
    pub async fn restart(&self, id: SessionId) -> Result<Arc<Session>, SessionError> {
        let session = self.get(id)?;
        if session.exit().is_none() {
            return Err(SessionError::Running(id));
        }
        let spec = create::again(session.manifest(), session.status().size, &self.environment)?;
        self.start(spec).await
    }

    async fn start(&self, spec: Spec) -> Result<Arc<Session>, SessionError> {
        let Ok(_place) = self.starting.acquire().await else {
            return Err(SessionError::Draining);
        };
        if self.stop.is_cancelled() {
            return Err(SessionError::Draining);
        }
        if self.active_count() >= self.limits.max_active_sessions {
            let value = self.limits.max_active_sessions;
            return Err(SessionError::Limit {
                limit: "max_active_sessions",
                value,
            });
        }
        let id = spec.manifest.session;
        let directory = self
            .data_dir
            .create_session_dir(id)
            .map_err(SessionError::system("cannot make the session's directory"))?;
        let holder = match launch::launch(&self.holder, &directory, &spec).await {
            Ok(holder) => holder,
            Err(error) => {
                // What is left of a session that never was.
                let _ = tokio::fs::remove_dir_all(&directory).await;
                return Err(error);
            }
        };
        let manifest = adopt::read_manifest(&directory).unwrap_or(spec.manifest);
        let mut status = adopt::read_status(&directory, &manifest);
        status.pid = Some(manifest.pid);
        tracing::info!(session = %id, shell = manifest.shell, pid = manifest.pid, "session started");
        Ok(self.insert(manifest, directory, status, now_ms(), Some(holder)))
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

    /// All sessions, newest first.
    pub fn list(&self) -> Vec<SessionInfo> {
        let mut sessions: Vec<_> = lock(&self.sessions).values().cloned().collect();
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.manifest().started_at_ms), session.id()));
        sessions.iter().map(|session| session.info()).collect()
    }

    /// Ends a running session, or removes an ended one with its journal.
    ///
    /// # Errors
    /// [`SessionError::NotFound`], [`SessionError::Unreachable`], or what removing said.
    pub async fn delete(&self, id: SessionId) -> Result<(), SessionError> {
        let session = self.get(id)?;
        if session.exit().is_none() {
            return match session.end(EndReason::Ended).await {
                // It ended by itself in the same moment.
                Err(SessionError::Ended(_)) | Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
        }
        tokio::fs::remove_dir_all(session.directory())
            .await
            .map_err(SessionError::system("cannot remove the session's directory"))?;
        lock(&self.sessions).remove(&id);
        // Nobody may be watching.
        let _ = self.changes.send(Change::Removed(id));
        Ok(())
    }

    /// Sessions whose process runs.
    pub fn active_count(&self) -> usize {
        lock(&self.sessions)
            .values()
            .filter(|session| session.exit().is_none())
            .count()
    }

    /// Changes in the list from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// What can be started here.
    pub fn shells(&self) -> Shells {
        let path = self.environment.get("PATH").unwrap_or_default();
        Shells {
            default: self.default_shell.clone(),
            installed: shells::installed(path),
        }
    }

    /// The data directory.
    pub fn data_dir(&self) -> &DataDir {
        &self.data_dir
    }

    /// Session directories that could not be read at start, and why.
    pub fn unreadable(&self) -> Vec<String> {
        lock(&self.unreadable).clone()
    }

    /// Ends every session, for a stop with `--end-sessions`.
    pub async fn end_all(&self) {
        let sessions: Vec<_> = lock(&self.sessions).values().cloned().collect();
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

    /// Lets go of the holders and waits until all links are down; the sessions go on.
    pub async fn close(&self) {
        self.stop.cancel();
        self.links.close();
        self.links.wait().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
