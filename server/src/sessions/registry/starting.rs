//! Starting sessions, new ones and ended ones again.

use std::borrow::Cow;
use std::sync::Arc;

use sempre_protocol::SessionId;
use sempre_protocol::api::CreateSession;
use sempre_protocol::holder::{Manifest, Spec};

use super::{Registry, RegistryOptions, lock};
use crate::measure;
use crate::sessions::confinement::Account;
use crate::sessions::environment::BaseEnvironment;
use crate::sessions::limits::Counted;
use crate::sessions::session::{Activity, Session};
use crate::sessions::{Limits, SessionError, adopt, confinement, create, launch};

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
        self.create_within(request, &self.limits(), owner).await
    }

    /// Starts a session within limits of the caller's.
    ///
    /// # Errors
    /// As [`Registry::create_for`].
    pub(in crate::sessions) async fn create_within(
        &self,
        mut request: CreateSession,
        limits: &Limits,
        owner: Option<String>,
    ) -> Result<Arc<Session>, SessionError> {
        let RegistryOptions {
            default_shell,
            confiner,
            ..
        } = &self.options;
        let default_ttl_s = lock(&self.changeable).default_ttl_s;
        request.record_input = Some(self.options.record_input.decide(request.record_input)?);
        let asked = std::mem::take(&mut request.limits);
        let run_as = request.run_as.take();
        let account = confiner.account(run_as.as_deref(), owner.as_deref()).await?;
        let integrate = self.integrates(request.shell_integration, account.as_ref())?;
        let shell = account.as_ref().and_then(Account::shell).unwrap_or(default_shell);
        let environment = self.environment(account.as_ref());
        let mut spec = create::spec(request, shell, &environment, default_ttl_s)?;
        if integrate {
            self.integrate(&mut spec)?;
        }
        spec.manifest.owner = owner;
        confiner.apply(&mut spec, &asked, account.as_ref())?;
        self.start(spec, limits).await
    }

    /// Starts an ended session's command again as a new session: as the same Unix user, or as `run_as` if it had none.
    ///
    /// # Errors
    /// [`SessionError::Running`] while it runs, [`SessionError::Archived`], else as [`Registry::create`].
    pub async fn restart(&self, id: SessionId, run_as: Option<String>) -> Result<Arc<Session>, SessionError> {
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
        let confiner = &self.options.confiner;
        let manifest = session.manifest();
        // What stands in a recording is nothing this machine should run.
        if manifest.imported_at_ms.is_some() {
            return Err(SessionError::Imported(id));
        }
        let manifest = Manifest {
            records_input: self.options.record_input.decide_again(manifest.records_input),
            ..manifest.clone()
        };
        let run_as = manifest.run_as.clone().or(run_as);
        let account = confiner
            .account(run_as.as_deref(), manifest.owner.as_deref())
            .await?;
        let environment = self.environment(account.as_ref());
        let mut spec = create::again(&manifest, session.status().size, &environment)?;
        if spec.manifest.shell_aid.take().is_some() && account.is_none() {
            self.integrate(&mut spec)?;
        }
        confiner.apply(&mut spec, &confiner.again(&manifest.limits), account.as_ref())?;
        self.start(spec, &self.limits()).await
    }

    /// What a child inherits that runs as `account`.
    fn environment(&self, account: Option<&Account>) -> Cow<'_, BaseEnvironment> {
        let own = &self.options.environment;
        account.map_or(Cow::Borrowed(own), |account| Cow::Owned(account.environment(own)))
    }

    /// Whether a shell is to tell where its prompt is. The files for that are the server's own: another Unix user
    /// cannot read them.
    fn integrates(&self, asked: Option<bool>, account: Option<&Account>) -> Result<bool, SessionError> {
        match (asked, account) {
            (Some(true), Some(_)) => Err(SessionError::Invalid {
                field: "shell_integration",
                message: "there is none for sessions with run_as; leave one of the two away".into(),
            }),
            (_, Some(_)) => Ok(false),
            (asked, None) => Ok(asked.unwrap_or(self.options.shell_integration)),
        }
    }

    fn integrate(&self, spec: &mut Spec) -> Result<(), SessionError> {
        match &self.shell_integration {
            Some(integration) => integration.apply(spec),
            None => Ok(()),
        }
    }

    async fn start(&self, mut spec: Spec, limits: &Limits) -> Result<Arc<Session>, SessionError> {
        spec.open_files = self.options.child_open_files;
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
        // Until it is in the list: its programs run before.
        let _start = self.starts.begin();
        let RegistryOptions { scopes, confiner, .. } = &self.options;
        let holder = match launch::launch(&self.holder, &directory, &mut spec, scopes, confiner).await {
            Ok(holder) => holder,
            Err(error) => {
                // What is left of a session that never was.
                confinement::clear(&spec.manifest).await;
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
