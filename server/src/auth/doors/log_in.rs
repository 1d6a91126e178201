//! Logging a browser in: by the server's own token, an API key, a signed token, a password, a share link; and out again.

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};

use super::{Answer, Arrival, Credential, Doors, user};
use crate::auth::audit::{Action, Note};
use crate::auth::grants::{GrantError, Held, NewGrant};
use crate::auth::oidc::OidcError;
use crate::auth::passwords::PasswordError;
use crate::auth::{Principal, Subject};
use crate::calendar::now_ms;
use crate::store::GrantKind;

/// How long a browser stays logged in, seconds.
const LOGIN_S: u64 = 30 * 24 * 3600;

/// Why someone was not logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Neither the name nor the secret is said to be the wrong one.
    #[error("the name or the secret is wrong")]
    Wrong,
    /// Too many attempts.
    #[error("too many attempts; wait {} seconds", .0.as_secs() + 1)]
    TooMany(Duration),
    /// Passwords cannot be looked at now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The login service did not let them in.
    #[error(transparent)]
    Oidc(#[from] OidcError),
}

impl Doors {
    /// Who knows this secret: with a `name` a user by password, without one by the server's token, an API key or a signed token.
    ///
    /// # Errors
    /// Any [`LoginError`], noted in the audit log.
    pub async fn admit(
        &self,
        arrival: Arrival<'_>,
        name: &str,
        secret: &str,
    ) -> Result<Principal, LoginError> {
        let from = self.from(arrival);
        self.make_ready_for(secret).await;
        let who = (!name.is_empty()).then_some(name);
        let admitted = self.try_admit(arrival, name, secret).await;
        if let Err(error) = &admitted {
            let note = Note::by(who, &from, Action::Login).detail(&error.to_string());
            if self.note_refusal(&self.client(arrival), note) {
                tracing::warn!(from, %error, "a login was refused");
            }
        }
        Ok(Principal { from, ..admitted? })
    }

    async fn try_admit(
        &self,
        arrival: Arrival<'_>,
        name: &str,
        secret: &str,
    ) -> Result<Principal, LoginError> {
        let client = self.client(arrival);
        let now = Instant::now();
        self.by_client.take(&client, now).map_err(LoginError::TooMany)?;
        let principal = match (name, &self.token) {
            (_, None) => return Err(LoginError::Wrong),
            ("", Some(token)) => match self.by_secret(token, secret, Credential::Cookie) {
                Answer::In(principal) => principal,
                Answer::NotMeant | Answer::Wrong(_) => return Err(LoginError::Wrong),
            },
            (name, _) => {
                self.by_user.take(name, now).map_err(LoginError::TooMany)?;
                let known = self.users.get(name);
                let hash = known.as_ref().and_then(|known| known.row.password.clone());
                let right = self.passwords.matches(secret.to_owned(), hash).await?;
                let known = known.filter(|_| right).ok_or(LoginError::Wrong)?;
                self.by_user.forgive(name);
                Principal {
                    role: known.row.role,
                    ended: known.ended,
                    ..user(name, Credential::Cookie)
                }
            }
        };
        // Not all of them: who has an account of their own would guess at others' for ever.
        self.by_client.give_back(&client);
        Ok(principal)
    }

    /// Logs someone in; the `Set-Cookie` value.
    ///
    /// # Errors
    /// Any [`GrantError`].
    pub async fn log_in(&self, who: &Principal, secure: bool) -> Result<String, GrantError> {
        let parent = match &who.subject {
            Subject::Owner => self.owner_parent.clone(),
            subject => subject.to_string(),
        };
        let latest = now_ms() + LOGIN_S * 1000;
        let expires_at = who.expires_at.map_or(latest, |at| at.min(latest));
        let new = NewGrant {
            kind: GrantKind::Login,
            name: who.name.clone(),
            role: who.role,
            scope: who.scope.clone(),
            parent: Some(parent),
            made_by: None,
            expires_at: Some(expires_at),
            until: who.ended.clone(),
        };
        let (_, secret) = self.grants.give(new).await?;
        let max_age_s = expires_at.saturating_sub(now_ms()) / 1000;
        Ok(self.set_cookie(&secret, max_age_s, secure))
    }

    /// The `Set-Cookie` value that logs a browser out.
    pub fn log_out(&self, secure: bool) -> String {
        self.set_cookie("", 0, secure)
    }

    fn set_cookie(&self, secret: &str, max_age_s: u64, secure: bool) -> String {
        let (name, path) = (&self.cookie_name, &self.cookie_path);
        let secure = if secure { "; Secure" } else { "" };
        format!("{name}={secret}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}")
    }

    /// The login whose cookie the request brings.
    pub(super) fn cookie(&self, headers: &HeaderMap) -> Option<Held> {
        let cookies = headers.get_all(header::COOKIE).iter();
        let cookies = cookies.filter_map(|value| value.to_str().ok());
        let pairs = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let own = pairs.filter(|(name, _)| *name == self.cookie_name);
        let mut logins = own.filter_map(|(_, secret)| self.grants.by_secret(GrantKind::Login, secret));
        logins.next()
    }
}
