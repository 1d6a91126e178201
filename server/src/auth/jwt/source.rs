//! Where keys come from, and when they are looked at again: a token names one that is not known, or they are old.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::Semaphore;
use url::Url;

use super::TokenError;
use super::keys::{Claims, Expected, KeySet, Mark};
use crate::auth::attempts::Attempts;
use crate::auth::fetch::Fetcher;

/// Readings that unknown keys may cause at once, and when they may cause one more.
const REREAD: (u32, Duration) = (3, Duration::from_secs(60));
/// Keys older than this are read again before the next token is looked at: one of them may have been taken back.
const OLD: Duration = Duration::from_secs(15 * 60);

/// Where keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A file that holds the secret of HS256.
    Secret(PathBuf),
    /// A file that holds a JWK set.
    JwksFile(PathBuf),
    /// An address that answers a JWK set.
    JwksUrl(Url),
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secret(path) | Self::JwksFile(path) => path.display().fmt(f),
            Self::JwksUrl(url) => url.fmt(f),
        }
    }
}

#[derive(Debug, Default)]
struct Loaded {
    set: Arc<KeySet>,
    /// When it was last tried; none: never.
    tried_at: Option<Instant>,
}

/// The keys of one source, as they were last read.
#[derive(Debug)]
pub(in crate::auth) struct Keys {
    source: KeySource,
    fetcher: Option<Fetcher>,
    loaded: Mutex<Loaded>,
    /// One reading at a time; who waits looks whether it brought what they wait for.
    reading: Semaphore,
    budget: Attempts,
}

impl Keys {
    /// Nothing is read yet.
    pub(in crate::auth) fn new(source: KeySource, fetcher: Option<Fetcher>) -> Self {
        super::crypto::install();
        Self {
            source,
            fetcher,
            loaded: Mutex::default(),
            reading: Semaphore::new(1),
            budget: Attempts::new(REREAD.0, REREAD.1),
        }
    }

    /// Reads them.
    ///
    /// # Errors
    /// If they cannot be read or are none; those of before stay.
    pub(in crate::auth) async fn load(&self) -> anyhow::Result<()> {
        let read = self.read().await;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.tried_at = Some(Instant::now());
        loaded.set = Arc::new(read.with_context(|| format!("cannot use the keys of {}", self.source))?);
        Ok(())
    }

    async fn read(&self) -> anyhow::Result<KeySet> {
        match &self.source {
            KeySource::Secret(path) => KeySet::of_secret(tokio::fs::read(path).await?.trim_ascii_end()),
            KeySource::JwksFile(path) => KeySet::of_jwks(&tokio::fs::read(path).await?),
            KeySource::JwksUrl(url) => {
                let fetcher = self.fetcher.as_ref().context("there is no client for HTTP")?;
                KeySet::of_jwks(&fetcher.get(url).await?)
            }
        }
    }

    fn set(&self) -> Arc<KeySet> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&loaded.set)
    }

    fn is_old(&self) -> bool {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.tried_at.is_none_or(|at| at.elapsed() >= OLD)
    }

    /// Reads the keys again if one for `token` is missing or they are old; true: they were read.
    pub(in crate::auth) async fn make_ready(&self, token: &str) -> bool {
        let fixed = matches!(self.source, KeySource::Secret(_));
        let is_ready = || fixed || (!self.is_old() && self.set().knows_key_of(token));
        if is_ready() {
            return false;
        }
        let Ok(_permit) = self.reading.acquire().await else {
            return false;
        };
        if is_ready() || self.budget.take("", Instant::now()).is_err() {
            return false;
        }
        match self.load().await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!("{error:#}; tokens are checked with the keys of before");
                false
            }
        }
    }

    /// Whether a key is still among them.
    pub(super) fn has(&self, mark: &Mark) -> bool {
        self.set().has(mark)
    }

    /// What a genuine token says, and the key it is signed with.
    ///
    /// # Errors
    /// Any [`TokenError`].
    pub(super) fn verify(&self, token: &str, expected: &Expected) -> Result<(Claims, Mark), TokenError> {
        self.set().verify(token, expected)
    }

    /// What a genuine token says; a key that is not known is looked for.
    ///
    /// # Errors
    /// Any [`TokenError`].
    pub(in crate::auth) async fn read_token(
        &self,
        token: &str,
        expected: &Expected,
    ) -> Result<Claims, TokenError> {
        self.make_ready(token).await;
        self.verify(token, expected).map(|(claims, _)| claims)
    }
}
