//! Logging in at someone else's login page: the code flow of OpenID Connect, with PKCE (RFC 7636).
//!
//! Nothing is kept of a login that has begun: its number goes to the provider as `state` and, signed, into a short-lived
//! cookie; `nonce` and the PKCE verifier are computed from it, and never leave this server before they are needed.

mod begun;
mod provider;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::http::HeaderMap;
use tokio::sync::Semaphore;
use url::Url;

use super::attempts::Attempts;
use super::fetch::Fetcher;
use super::jwt::{Claims, PersonRule, TokenError, text, words_of};
use begun::{Begun, LoginKey};
use provider::{Exchange, Provider};

/// How often the provider's description is asked for at once, and when it is once more.
const DISCOVERIES: (u32, Duration) = (5, Duration::from_secs(5));
/// A description older than this is asked for again.
const OLD: Duration = Duration::from_secs(60 * 60);
/// The claim that is a name only if the provider has seen that it is theirs.
const EMAIL: &str = "email";

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// Another browser, another login, too late, or made up.
    #[error("this login was not begun in this browser within the last 10 minutes; begin again")]
    NotBegun,
    /// The provider did not log them in, or knows nothing of the code.
    #[error("the login service refused: {0}; begin again")]
    Refused(String),
    /// It cannot be reached, or is not what it should be; the log says more.
    #[error("the login service {0} cannot be reached or does not answer as it should; try again in a moment")]
    Provider(String),
    /// What it says is not genuine, or not enough.
    #[error("the login service's word does not let anyone in: {0}")]
    Token(#[from] TokenError),
    /// Its word is about another login.
    #[error("the login service's word is about another login; begin again")]
    Nonce,
    /// Who they are is known, and that they are not meant.
    #[error("logging in here is not for {0}; ask who runs this server")]
    NotAllowed(String),
    /// The system has no random numbers.
    #[error("cannot begin a login: {0}")]
    Random(#[from] std::io::Error),
}

/// Who may log in where.
#[derive(Debug, Clone)]
pub struct OidcOptions {
    /// The provider, as it names itself.
    pub issuer: Url,
    /// The same to the letter: what tokens must say.
    pub issuer_text: String,
    /// What it knows this server by.
    pub client_id: String,
    /// The file with the secret it knows this server by; none: PKCE alone.
    pub client_secret_file: Option<PathBuf>,
    /// What is asked of it.
    pub scopes: String,
    /// Which claims count.
    pub people: PersonRule,
    /// The claim with their groups.
    pub groups_claim: String,
    /// Users who may log in.
    pub allowed_users: Vec<String>,
    /// Groups whose members may.
    pub allowed_groups: Vec<String>,
}

impl OidcOptions {
    /// Who the claims stand for, if they may log in: someone on a list or, where there is none, someone with a role.
    fn admit(&self, claims: &Claims) -> Result<String, OidcError> {
        let name = self.people.name(claims)?;
        if self.people.user_claim == EMAIL && claims.get("email_verified").is_none_or(|seen| *seen != true) {
            return Err(TokenError::Missing("email_verified".into()).into());
        }
        let groups = words_of(claims, &self.groups_claim);
        let listed = self.allowed_users.contains(&name)
            || self
                .allowed_groups
                .iter()
                .any(|group| groups.contains(&group.as_str()));
        let no_list = self.allowed_users.is_empty() && self.allowed_groups.is_empty();
        match listed || (no_list && self.people.claimed_role(claims).is_some()) {
            true => Ok(name),
            false => Err(OidcError::NotAllowed(name)),
        }
    }
}

/// A login that was finished.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) name: String,
    pub(super) claims: Claims,
    /// Where they wanted to go.
    pub(super) next: String,
}

/// What the provider's redirect says.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Callback {
    /// The code to be exchanged.
    #[serde(default)]
    code: String,
    /// The number of the login.
    #[serde(default)]
    state: String,
    /// Why there is no code.
    error: Option<String>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
}

/// All there is to logging in elsewhere.
#[derive(Debug)]
pub struct Oidc {
    options: OidcOptions,
    secret: Option<String>,
    fetcher: Fetcher,
    key: LoginKey,
    cookie: String,
    known: Mutex<Option<(Arc<Provider>, Instant)>>,
    asking: Semaphore,
    budget: Attempts,
}

impl Oidc {
    /// Reads the secret and asks for the provider's description, which may also come later. `cookie` is the name of
    /// the cookie of a login that has begun.
    ///
    /// # Errors
    /// If the secret cannot be read, or there is no client for HTTPS or no random numbers.
    pub(super) async fn open(options: OidcOptions, cookie: String) -> anyhow::Result<Self> {
        let secret = match &options.client_secret_file {
            None => None,
            Some(path) => {
                let read = tokio::fs::read_to_string(path).await;
                let read =
                    read.with_context(|| format!("cannot read --oidc-client-secret-file {}", path.display()));
                Some(read?.trim().to_owned())
            }
        };
        let oidc = Self {
            options,
            secret,
            fetcher: Fetcher::new()?,
            key: LoginKey::new()?,
            cookie,
            known: Mutex::new(None),
            asking: Semaphore::new(1),
            budget: Attempts::new(DISCOVERIES.0, DISCOVERIES.1),
        };
        // It is told why; whoever logs in asks again.
        let _ = oidc.provider().await;
        Ok(oidc)
    }

    /// The provider's host, for people.
    pub fn host(&self) -> &str {
        self.options.issuer.host_str().unwrap_or("another server")
    }

    /// Which claims count.
    pub(super) fn people(&self) -> &PersonRule {
        &self.options.people
    }

    fn known(&self) -> Option<Arc<Provider>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.as_ref().filter(|(_, at)| at.elapsed() < OLD);
        fresh.map(|(provider, _)| Arc::clone(provider))
    }

    async fn provider(&self) -> Result<Arc<Provider>, OidcError> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let _permit = self.asking.acquire().await;
        if let Some(known) = self.known() {
            return Ok(known);
        }
        if self.budget.take("", Instant::now()).is_err() {
            return Err(self.unreachable(&anyhow::anyhow!("it was asked a moment ago")));
        }
        let found = Provider::discover(&self.fetcher, &self.options).await;
        let found = Arc::new(found.map_err(|error| self.unreachable(&error))?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Arc::clone(&found), Instant::now()));
        Ok(found)
    }

    fn unreachable(&self, error: &anyhow::Error) -> OidcError {
        tracing::warn!("login service {}: {error:#}", self.options.issuer_text);
        OidcError::Provider(self.host().to_owned())
    }

    /// Begins a login that goes on to `next` once it is finished: where to send the browser, and the `Set-Cookie` value
    /// that makes it finish only there. `redirect` is where the provider sends it back to.
    ///
    /// # Errors
    /// [`OidcError::Provider`], [`OidcError::Random`].
    pub(super) async fn begin(
        &self,
        next: &str,
        redirect: &Url,
        secure: bool,
    ) -> Result<(Url, String), OidcError> {
        let provider = self.provider().await?;
        let begun = Begun::new(next)?;
        let url = provider.login_url(&self.options, redirect, &begun, &self.key);
        let cookie = self.key.set_cookie(&self.cookie, &begun, redirect.path(), secure);
        Ok((url, cookie))
    }

    /// The `Set-Cookie` value that forgets a login that has begun.
    pub(super) fn forget(&self, redirect: &Url) -> String {
        begun::forget_cookie(&self.cookie, redirect.path())
    }

    /// Finishes a login.
    ///
    /// # Errors
    /// Any [`OidcError`].
    pub(super) async fn finish(
        &self,
        headers: &HeaderMap,
        callback: &Callback,
        redirect: &Url,
    ) -> Result<Finished, OidcError> {
        let begun = self.key.read_cookie(&self.cookie, headers);
        let begun = begun.filter(|begun| begun.is(&callback.state));
        let begun = begun.ok_or(OidcError::NotBegun)?;
        let foreign = callback
            .iss
            .as_ref()
            .is_some_and(|iss| *iss != self.options.issuer_text);
        if foreign {
            return Err(TokenError::Issuer.into());
        }
        if let Some(error) = &callback.error {
            return Err(OidcError::Refused(brief(error)));
        }
        let provider = self.provider().await?;
        let exchange = Exchange {
            code: &callback.code,
            verifier: &self.key.verifier(&begun),
            redirect,
            secret: self.secret.as_deref(),
        };
        let claims = match provider.exchange(&self.fetcher, &self.options, exchange).await {
            Ok(claims) => claims?,
            Err(error) => return Err(self.unreachable(&error)),
        };
        if text(&claims, "nonce") != Some(self.key.nonce(&begun).as_str()) {
            return Err(OidcError::Nonce);
        }
        Ok(Finished {
            name: self.options.admit(&claims)?,
            claims,
            next: begun.next,
        })
    }
}

/// The start of what a stranger says, without what would move a terminal.
fn brief(text: &str) -> String {
    const MAX_CHARS: usize = 80;
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(MAX_CHARS).collect()
}
