//! Tokens that someone else signs (JWT, RFC 7519): who they let in, as whom, until when.
//!
//! The algorithm is the key's and the key is the configuration's: a token chooses neither. One that was genuine once is
//! remembered until it expires, so that all it opened ends together.

mod crypto;
mod keys;
mod people;
mod source;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sempre_protocol::access::Role;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::deadlines::Deadlines;
use super::fetch::Fetcher;
use super::users::Users;
use crate::calendar::now_ms;
use keys::{LEEWAY_S, Mark};

pub(super) use keys::Claims;
pub use keys::Expected;
pub use people::PersonRule;
pub(super) use people::words_of;
pub use source::KeySource;
pub(super) use source::Keys;

/// Tokens that are remembered; beyond it the one used longest ago is forgotten, and what it opened closes.
const MAX_KNOWN: usize = 10_000;
/// The end of the year 9999: later is never.
const LAST_MS: u64 = 253_402_300_799_000;

/// Why a token lets nobody in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It cannot be read.
    #[error("it is no signed token")]
    Malformed,
    /// Signed in another way than the configured one, or not at all.
    #[error("its algorithm is not the configured one")]
    Algorithm,
    /// Signed with a key that is not among the configured ones.
    #[error("it is signed with a key that is not known")]
    UnknownKey,
    /// The signature is not of this token and this key.
    #[error("its signature is wrong")]
    Signature,
    /// It is over.
    #[error("it has expired")]
    Expired,
    /// It has not begun.
    #[error("it is not valid yet")]
    NotYet,
    /// Someone else made it.
    #[error("its issuer is not the configured one")]
    Issuer,
    /// It is for someone else.
    #[error("its audience is not the configured one")]
    Audience,
    /// A claim is missing or of no use.
    #[error("its claim {0:?} is missing or not what it should be")]
    Missing(String),
    /// The claim that names the user is no name of one.
    #[error("its claim {0:?} is no user name: 1 to 64 letters, digits, '.', '_', '-', '@', '+'")]
    Name(String),
    /// Nothing says what they may do.
    #[error("its claim {0:?} names no role, viewer, operator or admin")]
    Role(String),
}

/// How tokens are checked.
#[derive(Debug, Clone)]
pub struct JwtOptions {
    /// Where the keys come from.
    pub source: KeySource,
    /// Whom tokens must be by and for.
    pub expected: Expected,
    /// Whom they let in.
    pub people: PersonRule,
}

/// Whom a token lets in.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    pub(super) name: String,
    pub(super) role: Role,
    /// ms since the Unix epoch.
    pub(super) expires_at: u64,
    /// Cancelled then, or when its key or the user is taken away.
    pub(super) ended: CancellationToken,
}

#[derive(Debug)]
struct Seen {
    bearer: Bearer,
    key: Mark,
    /// The server had its own word on this user.
    is_known: bool,
    used_at: u64,
}

/// All there is to checking tokens.
#[derive(Debug)]
pub(super) struct Jwt {
    keys: Keys,
    expected: Expected,
    people: PersonRule,
    seen: Mutex<HashMap<[u8; 32], Seen>>,
}

impl Jwt {
    /// Reads the keys. Those at an address may come later: nobody comes in by a token until then.
    ///
    /// # Errors
    /// If a file cannot be used, or there is no client for HTTPS.
    pub(super) async fn open(options: JwtOptions) -> anyhow::Result<Self> {
        let remote = matches!(options.source, KeySource::JwksUrl(_));
        let fetcher = if remote { Some(Fetcher::new()?) } else { None };
        let keys = Keys::new(options.source, fetcher);
        match keys.load().await {
            Err(error) if remote => tracing::warn!("{error:#}; tried again when a token is shown"),
            read => read?,
        }
        Ok(Self {
            keys,
            expected: options.expected,
            people: options.people,
            seen: Mutex::default(),
        })
    }

    /// Whether `secret` is for [`Jwt::verify`].
    pub(super) fn is_meant(secret: &str) -> bool {
        keys::looks_signed(secret)
    }

    /// Looks for the key of a token, if it is not known.
    pub(super) async fn make_ready(&self, token: &str) {
        if self.keys.make_ready(token).await {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            // A key that was taken away takes its tokens along.
            seen.retain(|_, seen| {
                let stays = self.keys.has(&seen.key);
                if !stays {
                    seen.bearer.ended.cancel();
                }
                stays
            });
        }
    }

    /// Whom a token lets in.
    ///
    /// # Errors
    /// Any [`TokenError`].
    pub(super) fn verify(
        &self,
        token: &str,
        users: &Users,
        deadlines: &Deadlines,
    ) -> Result<Bearer, TokenError> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let now_ms = now_ms();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(former) = seen.get_mut(&digest) {
            let bearer = &former.bearer;
            let same = users.get(&bearer.name).is_some() == former.is_known;
            if same && bearer.expires_at > now_ms && !bearer.ended.is_cancelled() {
                former.used_at = now_ms;
                return Ok(former.bearer.clone());
            }
            former.bearer.ended.cancel();
            seen.remove(&digest);
        }
        drop(seen);
        let (claims, key) = self.keys.verify(token, &self.expected)?;
        let name = self.people.name(&claims)?;
        let known = users.get(&name);
        let role = self
            .people
            .role(&claims, known.as_ref().map(|known| known.row.role))?;
        let expires_at = ends_at(&claims, now_ms)?;
        let ended = match &known {
            Some(known) => known.ended.child_token(),
            None => CancellationToken::new(),
        };
        deadlines.cancel_at(expires_at, ended.clone());
        let bearer = Bearer {
            name,
            role,
            expires_at,
            ended,
        };
        self.remember(
            digest,
            Seen {
                bearer: bearer.clone(),
                key,
                is_known: known.is_some(),
                used_at: now_ms,
            },
        );
        Ok(bearer)
    }

    fn remember(&self, digest: [u8; 32], one: Seen) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MAX_KNOWN {
            seen.retain(|_, seen| !seen.bearer.ended.is_cancelled());
        }
        if seen.len() >= MAX_KNOWN {
            let oldest = seen.iter().min_by_key(|(_, seen)| seen.used_at);
            if let Some(forgotten) = oldest
                .map(|(digest, _)| *digest)
                .and_then(|digest| seen.remove(&digest))
            {
                forgotten.bearer.ended.cancel();
            }
        }
        // Two requests may have looked at the same token at once: what the first opened ends with its own deadline.
        seen.insert(digest, one);
    }
}

/// When what a token opens closes: when it expires, or, as clocks differ, a little later if it just did.
fn ends_at(claims: &Claims, now_ms: u64) -> Result<u64, TokenError> {
    let exp = claims.get("exp");
    let exp_s = exp.and_then(|exp| exp.as_u64().or_else(|| exp.as_f64().map(|exp| exp as u64)));
    let exp_s = exp_s.ok_or_else(|| TokenError::Missing("exp".into()))?;
    let exp_ms = exp_s.saturating_mul(1000).min(LAST_MS);
    Ok(match exp_ms > now_ms {
        true => exp_ms,
        false => exp_ms.saturating_add(LEEWAY_S * 1000),
    })
}

/// The text of a claim.
pub(super) fn text<'a>(claims: &'a Claims, claim: &str) -> Option<&'a str> {
    claims.get(claim).and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
