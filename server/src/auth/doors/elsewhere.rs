//! Logging a browser in at someone else's login page.

use std::time::Instant;

use url::Url;

use super::{Arrival, Credential, Doors, LoginError, user};
use crate::auth::Principal;
use crate::auth::audit::{Action, Note};
use crate::auth::oidc::{Callback, Oidc, OidcError};

impl Doors {
    /// The provider people log in at, if there is one.
    pub fn oidc(&self) -> Option<&Oidc> {
        self.oidc.as_ref().filter(|_| !self.is_open())
    }

    /// Begins a login: where to send the browser, and the `Set-Cookie` value that goes with it.
    ///
    /// # Errors
    /// [`LoginError::Oidc`]; [`LoginError::Wrong`] if there is no provider.
    pub async fn begin_elsewhere(
        &self,
        next: &str,
        redirect: &Url,
        secure: bool,
    ) -> Result<(Url, String), LoginError> {
        let oidc = self.oidc().ok_or(LoginError::Wrong)?;
        Ok(oidc.begin(next, redirect, secure).await?)
    }

    /// The `Set-Cookie` value that forgets a login that has begun.
    pub fn forget_elsewhere(&self, redirect: &Url) -> Option<String> {
        self.oidc().map(|oidc| oidc.forget(redirect))
    }

    /// Who comes back from the provider, and where they wanted to go.
    ///
    /// # Errors
    /// Any [`LoginError`], noted in the audit log.
    pub async fn admit_from_elsewhere(
        &self,
        arrival: Arrival<'_>,
        callback: &Callback,
        redirect: &Url,
    ) -> Result<(Principal, String), LoginError> {
        let from = self.from(arrival);
        match self.try_admit_from_elsewhere(arrival, callback, redirect).await {
            Ok((principal, next)) => Ok((Principal { from, ..principal }, next)),
            Err(error) => {
                let who = match &error {
                    LoginError::Oidc(OidcError::NotAllowed(name)) => Some(name.as_str()),
                    _ => None,
                };
                let note = Note::by(who, &from, Action::Login).detail(&error.to_string());
                if self.note_refusal(&self.client(arrival), note) {
                    tracing::warn!(from, %error, "a login was refused");
                }
                Err(error)
            }
        }
    }

    async fn try_admit_from_elsewhere(
        &self,
        arrival: Arrival<'_>,
        callback: &Callback,
        redirect: &Url,
    ) -> Result<(Principal, String), LoginError> {
        let oidc = self.oidc().ok_or(LoginError::Wrong)?;
        let client = self.client(arrival);
        self.by_client
            .take(&client, Instant::now())
            .map_err(LoginError::TooMany)?;
        let finished = oidc.finish(arrival.headers, callback, redirect).await?;
        let known = self.users.get(&finished.name);
        let role = oidc
            .people()
            .role(&finished.claims, known.as_ref().map(|known| known.row.role))
            .map_err(OidcError::from)?;
        self.by_client.give_back(&client);
        let mut principal = Principal {
            role,
            ..user(&finished.name, Credential::Cookie)
        };
        if let Some(known) = known {
            principal.ended = known.ended;
        }
        Ok((principal, finished.next))
    }
}
