//! Starting sessions, new ones and ended ones again.

use std::sync::Arc;

use sempre_protocol::SessionId;
use sempre_protocol::api::CreateSession;
use sempre_protocol::holder::{Manifest, Spec};

use super::{Registry, RegistryOptions, lock};
use crate::measure;
use crate::sessions::limits::Counted;
use crate::sessions::session::{Activity, Session};
use crate::sessions::{Limits, SessionError, adopt, create, launch};

impl Registry {
    /// Starts a session that belongs to nobody but whoever has the server's own token.
    ///
    /// # Errors
    /// As [`Registry::create_for`].
    pub async fn create(&self, request: CreateSession) -> Result<Arc<Session>, SessionError> {
        self.create_for(request, None).await
    }

    /// Starts a session that belongs to `owner`.
    ///
    /// # Errors
    /// Everything [`SessionError`] knows but [`SessionError::NotFound`]; nothing is left behind then.
    pub async fn create_for(
        &self,
        request: CreateSession,
        owner: Option<String>,
    ) -> Result<Arc<Session>, SessionError> {
        self.create_within(request, &self.options.limits, owner).await
    }

    /// Starts a session within limits of the caller's.
    ///
    /// # Errors
    /// As [`Registry::create_for`].
    pub(in crate::sessions) async fn create_within(
        &self,
        request: CreateSession,
        limits: &Limits,
        owner: Option<String>,
    ) -> Result<Arc<Session>, SessionError> {
        let RegistryOptions {
            default_shell,
            environment,
            policy,
            ..
        } = &self.options;
        let integrate = request
            .shell_integration
            .unwrap_or(self.options.shell_integration);
        let request = CreateSession {
            record_input: Some(self.options.record_input.decide(request.record_input)?),
            ..request
        };
        let mut spec = create::spec(request, default_shell, environment, policy.default_ttl_s)?;
        if integrate {
            self.integrate(&mut spec)?;
        }
        spec.manifest.owner = owner;
        self.start(spec, limits).await
    }

    /// Starts an ended session's command again as a new session.
    ///
    /// # Errors
    /// [`SessionError::Running`] while it runs, [`SessionError::Archived`], else as [`Registry::create`].
    pub async fn restart(&self, id: SessionId) -> Result<Arc<Session>, SessionError> {
        let session = match self.get(id) {
            Err(error) => {
                let archived = self.archived(id).await?;
                return Err(archived.map_or(error, |_| SessionError::Archived(id)));
            }
            Ok(session) => session,
        };
        if session.exit().is_none() {
            return Err(SessionError::Running(id));
        }
        let manifest = session.manifest();
        let manifest = Manifest {
            records_input: self.options.record_input.decide_again(manifest.records_input),
            ..manifest.clone()
        };
        let mut spec = create::again(&manifest, session.status().size, &self.options.environment)?;
        if spec.manifest.shell_aid.take().is_some() {
            self.integrate(&mut spec)?;
        }
        self.start(spec, &self.options.limits).await
    }

    fn integrate(&self, spec: &mut Spec) -> Result<(), SessionError> {
        match &self.shell_integration {
            Some(integration) => integration.apply(spec),
            None => Ok(()),
        }
    }

    async fn start(&self, spec: Spec, limits: &Limits) -> Result<Arc<Session>, SessionError> {
        let Ok(_place) = self.starting.acquire().await else {
            return Err(SessionError::Draining);
        };
        if self.stop.is_cancelled() {
            return Err(SessionError::Draining);
        }
        let running = || {
            let sessions = lock(&self.sessions);
            let running = sessions.values().filter(|session| session.exit().is_none());
            running.map(|session| Counted::of(session.manifest())).collect()
        };
        let place = self.places.take(&spec.manifest, running, limits)?;
        let id = spec.manifest.session;
        let directory = self.data_dir.create_session_dir(id).map_err(|error| {
            let path = self.data_dir.session_dir(id);
            SessionError::system(format!("cannot make the session's directory {}", path.display()))(error)
        })?;
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
        measure::session_started();
        let activity = Activity::now(self.clock());
        Ok(place.settle(|| self.insert(manifest, directory, status, activity, Some(holder))))
    }
}
