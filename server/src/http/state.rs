//! What every handler can reach.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::assets::Site;
use crate::auth::Doors;
use crate::config::{BasePath, Names};
use crate::log::Log;
use crate::measure::Measures;
use crate::sessions::Registry;
use crate::sessions::workers::Workers;

/// The server's state, cheap to clone.
#[derive(Clone)]
pub struct ServerState(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    doors: Doors,
    names: Names,
    drain: CancellationToken,
    sockets: TaskTracker,
    site: Site,
    leptos_options: LeptosOptions,
    started_at: Instant,
    workers: OnceLock<Arc<Workers>>,
    measures: OnceLock<Measures>,
    log: OnceLock<Log>,
}

impl ServerState {
    /// State of a server that goes down when `drain` is cancelled.
    pub fn new(registry: Arc<Registry>, doors: Doors, names: Names, drain: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            registry,
            doors,
            names,
            drain,
            sockets: TaskTracker::new(),
            site: Site::embedded(),
            leptos_options: LeptosOptions::builder().output_name("sempre").build(),
            started_at: Instant::now(),
            workers: OnceLock::new(),
            measures: OnceLock::new(),
            log: OnceLock::new(),
        }))
    }

    /// Takes what records this process; once.
    pub fn measured_by(&self, measures: Measures) {
        // A second one would record nothing.
        let _ = self.0.measures.set(measures);
    }

    /// What records this process, if something does.
    pub(super) fn measures(&self) -> Option<&Measures> {
        self.0.measures.get()
    }

    /// Takes the log of this process; once.
    pub fn logged_by(&self, log: Log) {
        // A process has one log.
        let _ = self.0.log.set(log);
    }

    /// The log of this process, if there is one.
    pub(super) fn log(&self) -> Option<&Log> {
        self.0.log.get()
    }

    /// The sessions.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    /// Adds the pool that answers `/kiro/chat`; the first one stays.
    pub fn set_workers(&self, workers: Arc<Workers>) {
        // A server has one pool.
        let _ = self.0.workers.set(workers);
    }

    /// The pool that answers `/kiro/chat`, if there is one.
    pub(super) fn workers(&self) -> Option<&Workers> {
        self.0.workers.get().map(Arc::as_ref)
    }

    /// Who may come in.
    pub fn doors(&self) -> &Doors {
        &self.0.doors
    }

    /// Host names beyond loopback's and IP addresses.
    pub(super) fn allowed_hosts(&self) -> &[String] {
        &self.0.names.allowed_hosts
    }

    /// What paths begin with outside of this server.
    pub(super) fn base_path(&self) -> &BasePath {
        &self.0.names.base_path
    }

    /// The whole address of the start page, if it was named.
    pub(super) fn external_url(&self) -> Option<&url::Url> {
        self.0.names.external_url.as_ref()
    }

    /// Cancelled when the server goes down.
    pub(super) fn drain(&self) -> &CancellationToken {
        &self.0.drain
    }

    /// Counts the tasks of upgraded connections.
    pub(super) fn sockets(&self) -> &TaskTracker {
        &self.0.sockets
    }

    /// The built page.
    pub(super) fn site(&self) -> &Site {
        &self.0.site
    }

    /// Seconds since the start.
    pub(super) fn uptime_s(&self) -> u64 {
        self.0.started_at.elapsed().as_secs()
    }
}

impl FromRef<ServerState> for LeptosOptions {
    fn from_ref(state: &ServerState) -> Self {
        state.0.leptos_options.clone()
    }
}
