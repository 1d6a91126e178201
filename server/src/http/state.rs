//! What every handler can reach.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::assets::Site;
use crate::auth::Access;
use crate::sessions::Registry;

/// The server's state, cheap to clone.
#[derive(Clone)]
pub struct ServerState(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    access: Access,
    allowed_hosts: Vec<String>,
    drain: CancellationToken,
    sockets: TaskTracker,
    site: Site,
    leptos_options: LeptosOptions,
    started_at: Instant,
}

impl ServerState {
    /// State of a server that goes down when `drain` is cancelled.
    pub fn new(
        registry: Arc<Registry>,
        access: Access,
        allowed_hosts: Vec<String>,
        drain: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner {
            registry,
            access,
            allowed_hosts,
            drain,
            sockets: TaskTracker::new(),
            site: Site::embedded(),
            leptos_options: LeptosOptions::builder().output_name("sempre").build(),
            started_at: Instant::now(),
        }))
    }

    /// The sessions.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    /// Who may come in.
    pub fn access(&self) -> &Access {
        &self.0.access
    }

    /// Host names beyond loopback's and IP addresses.
    pub(super) fn allowed_hosts(&self) -> &[String] {
        &self.0.allowed_hosts
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
