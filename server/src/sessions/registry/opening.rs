//! Opening a registry: the database, the session directories, and what each of the two makes of the other.
//!
//! Directories are the truth: a living holder is adopted, one that is gone has ended, a row without its directory is
//! forgotten. Only archived sessions are rows without one, and only how a session ended is believed of a row when
//! its journal does not say (its disk was full, and the holder is gone with what it had in memory).

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sempre_protocol::SessionId;
use sempre_protocol::api::SessionState;
use sempre_protocol::holder::Manifest;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Changeable, Registry, RegistryOptions, Starts, lock};
use crate::sessions::clock::Clock;
use crate::sessions::import::MAX_IMPORTING;
use crate::sessions::recorder::{self, Recorder};
use crate::sessions::records::exit_of;
use crate::sessions::screen::Screens;
use crate::sessions::session::{Activity, Exit, Status, Surroundings};
use crate::sessions::shell_integration::ShellIntegration;
use crate::sessions::{SessionError, adopt, confinement, launch, lifecycle, screen, shells};
use crate::store::{DataDir, Place, SessionRow, SqliteStore, Store, StoreError};

/// Changes a slow watcher of the list may be behind before it has to fetch it again.
const CHANGES_KEPT: usize = 256;
/// Holders being started at once: more would only compete for the same cores.
const MAX_STARTING: usize = 16;

impl Registry {
    /// Opens the data directory's sessions: living holders are taken over, the rest has ended. From now on their
    /// lives are recorded and looked after until [`Registry::close`].
    ///
    /// # Errors
    /// If there is no holder program, no default shell, or the directory cannot be listed. A database that cannot
    /// be used is a health problem and no error.
    pub async fn open(data_dir: DataDir, options: RegistryOptions) -> Result<Arc<Self>, SessionError> {
        check_shell(&options)?;
        let holder = match &options.holder {
            Some(holder) => holder.clone(),
            None => launch::find_holder()?,
        };
        let database = open_database(&data_dir.database_path()).await?;
        let changes = broadcast::Sender::new(CHANGES_KEPT);
        let stop = CancellationToken::new();
        let rows = database.rows.clone();
        let (recorder, recording) = Recorder::new(
            database.store,
            database.notice,
            database.rows,
            changes.subscribe(),
        );
        let shell_integration = ShellIntegration::install(&data_dir.shell_dir()).inspect_err(|error| {
            let directory = data_dir.shell_dir();
            tracing::warn!(%error, directory = %directory.display(), "no shell integration: its files cannot be written");
        });
        let registry = Arc::new(Self {
            holder,
            shell_integration: shell_integration.ok(),
            data_dir,
            sessions: Default::default(),
            starting: Semaphore::new(MAX_STARTING),
            starts: Starts::default(),
            importing: Semaphore::new(MAX_IMPORTING),
            places: Default::default(),
            surroundings: Arc::new(Surroundings {
                changes,
                screens: Screens::new(stop.clone()),
                places_moved: Arc::default(),
                clock: Arc::clone(&options.clock),
                retention_ms: options.policy.keep.retention_ms,
            }),
            changeable: Mutex::new(Changeable {
                limits: options.limits,
                default_ttl_s: options.policy.default_ttl_s,
            }),
            options,
            recorder,
            links: TaskTracker::new(),
            stop,
            recording: TaskTracker::new(),
            stop_recording: CancellationToken::new(),
            unreadable: Default::default(),
        });
        if let Err(error) = registry.data_dir.remove_imports() {
            tracing::warn!(%error, "what is left of imports that broke off cannot be removed");
        }
        let gone = registry.adopt_all(rows)?;
        registry.restore_places(database.places);
        let run = recorder::run(Arc::clone(&registry), recording, registry.stop_recording.clone());
        registry.recording.spawn(run);
        registry.forget_rows(gone).await;
        let life = lifecycle::run(Arc::clone(&registry), registry.stop.clone());
        registry.links.spawn(life);
        let mut running = registry.sessions();
        running.retain(|session| session.exit().is_none());
        registry
            .links
            .spawn(screen::look_at(running, registry.stop.clone()));
        Ok(registry)
    }

    /// Users go on where they stood (T6); of sessions that are gone nothing is known any more.
    fn restore_places(&self, places: Vec<(SessionId, Vec<Place>)>) {
        for (id, places) in places {
            if let Ok(session) = self.get(id) {
                session.last_sequences().restore(places);
            }
        }
    }

    async fn forget_rows(&self, gone: Vec<SessionId>) {
        if !gone.is_empty()
            && let Err(error) = self.recorder.forget(gone).await
        {
            tracing::debug!(%error, "rows of sessions that are gone stay for now");
        }
    }

    /// Takes all session directories in; returns the rows that have none and should.
    fn adopt_all(&self, rows: Vec<SessionRow>) -> Result<Vec<SessionId>, SessionError> {
        let mut rows: HashMap<SessionId, SessionRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        let ids = self
            .data_dir
            .session_ids()
            .map_err(SessionError::system("cannot list the sessions"))?;
        for id in ids {
            let row = rows.remove(&id);
            let directory = self.data_dir.session_dir(id);
            if row
                .as_ref()
                .is_some_and(|row| row.state == SessionState::Archived)
            {
                finish_archiving(id, &directory);
                continue;
            }
            match adopt::read_manifest(&directory) {
                Ok(manifest) => self.adopt(manifest, &directory, row.as_ref()),
                Err(error) => {
                    tracing::warn!(session = %id, %error, "a session directory cannot be read; it is left alone");
                    lock(&self.unreadable).push(error.to_string());
                }
            }
        }
        rows.retain(|_, row| row.state != SessionState::Archived);
        Ok(rows.into_keys().collect())
    }

    fn adopt(&self, manifest: Manifest, directory: &Path, row: Option<&SessionRow>) {
        let row = row.filter(|row| row.run == manifest.run);
        let mut status = adopt::read_status(directory, &manifest);
        if adopt::is_abandoned(directory) {
            status.exit = Some(exit_of_abandoned(directory, &status, row));
            if manifest.cgroup.is_some() {
                let manifest = manifest.clone();
                self.links
                    .spawn(async move { confinement::clear(&manifest).await });
            }
        }
        let activity = match status.exit {
            Some(exit) => Activity {
                wall_ms: row.map_or(exit.ended_at_ms, |row| row.last_activity),
                monotonic_ms: 0,
            },
            None => last_activity(directory, row, self.clock()),
        };
        self.insert(manifest, directory.to_path_buf(), status, activity, None);
    }
}

fn check_shell(options: &RegistryOptions) -> Result<(), SessionError> {
    let path = options.environment.get("PATH").unwrap_or_default();
    match shells::find(&options.default_shell, path) {
        Some(_) => Ok(()),
        None => Err(SessionError::ShellNotInstalled {
            name: options.default_shell.clone(),
            installed: shells::installed(path),
        }),
    }
}

/// By the journal; else as the server that saw it wrote it down; else orphaned.
fn exit_of_abandoned(directory: &Path, status: &Status, row: Option<&SessionRow>) -> Exit {
    match adopt::recorded_exit(directory).or_else(|| row.and_then(exit_of)) {
        Some(exit) => Exit {
            // What was only in the holder's memory, or is damaged, is gone.
            offset: status.offset,
            ..exit
        },
        None => adopt::read_exit(directory, status.offset),
    }
}

/// The newest of what the row and the journal tell of a running session. A file's time is by the wall clock, which
/// may have been set since: never later than now, and the row's word is not given up for it.
fn last_activity(directory: &Path, row: Option<&SessionRow>, clock: &dyn Clock) -> Activity {
    let now = Activity::now(clock);
    let age_ms = now.wall_ms.saturating_sub(adopt::last_write_ms(directory));
    let written = Activity {
        wall_ms: now.wall_ms.saturating_sub(age_ms),
        monotonic_ms: now.monotonic_ms.saturating_sub(age_ms),
    };
    let noted = row.map(|row| Activity {
        wall_ms: row.last_activity,
        monotonic_ms: row.last_activity_monotonic.min(now.monotonic_ms),
    });
    match noted {
        Some(noted) if noted.monotonic_ms > written.monotonic_ms => noted,
        _ => written,
    }
}

/// Its row was written and the server was killed before the directory was gone.
fn finish_archiving(id: SessionId, directory: &Path) {
    if let Err(error) = std::fs::remove_dir_all(directory) {
        tracing::warn!(session = %id, %error, "the journal of an archived session cannot be removed");
    }
}

struct Database {
    store: Arc<dyn Store>,
    rows: Vec<SessionRow>,
    places: Vec<(SessionId, Vec<Place>)>,
    notice: Option<String>,
}

/// The database, or one in memory while it cannot be used.
async fn open_database(path: &Path) -> Result<Database, SessionError> {
    let (store, notice) = match SqliteStore::open(path).await {
        Ok(opened) => {
            let notice = opened.set_aside.map(|(aside, damage)| {
                format!(
                    "the database was damaged ({damage}); it was put aside as {} and rebuilt from the session \
                     directories; sessions archived before are only in the old one",
                    aside.display()
                )
            });
            (opened.store, notice)
        }
        Err(error) => (SqliteStore::in_memory().await?, Some(without(path, &error))),
    };
    if let Some(notice) = &notice {
        tracing::warn!(notice, "the database of sessions");
    }
    let store: Arc<dyn Store> = Arc::new(store);
    let rows = store.all().await?;
    // Whoever asks for a place nobody knows gets the screen.
    let places = store.places().await.unwrap_or_default();
    Ok(Database {
        store,
        rows,
        places,
        notice,
    })
}

fn without(path: &Path, error: &StoreError) -> String {
    format!(
        "{} cannot be used: {error}; sessions go on, but what is archived is not there and nothing is recorded; \
         mend it and start the server again",
        path.display()
    )
}
