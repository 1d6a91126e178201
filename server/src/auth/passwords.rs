//! Passwords: argon2id, on blocking threads, a few at a time.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::random::random_bytes;

/// Passwords that are computed at once; each takes 19 MiB and a processor for some hundredths of a second.
const AT_ONCE: usize = 2;
/// Passwords that may wait for that; more are told to come back.
const MAX_WAITING: usize = 32;
/// Shortest and longest password, bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=1024;

/// Why a password could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Not one this server takes.
    #[error("a password is {} to {} bytes", LENGTHS.start(), LENGTHS.end())]
    Length,
    /// Too many wait.
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    /// The hash cannot be made or read.
    #[error("a password cannot be computed: {0}")]
    Broken(String),
}

/// Makes and checks hashes.
#[derive(Debug)]
pub struct Passwords {
    at_once: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// What an unknown user's password is compared with, so that it takes as long.
    nobody: String,
}

impl Passwords {
    /// Ready to check.
    ///
    /// # Errors
    /// If there are no random numbers.
    pub fn new() -> Result<Self, PasswordError> {
        let unguessable = random_bytes::<32>().map_err(broken)?;
        Ok(Self {
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            nobody: compute(&unguessable)?,
        })
    }

    /// The hash of a new password, in PHC form.
    ///
    /// # Errors
    /// Any [`PasswordError`].
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        if !LENGTHS.contains(&password.len()) {
            return Err(PasswordError::Length);
        }
        self.blocking(move || compute(password.as_bytes())).await
    }

    /// Whether a password is the one behind `hash`; without a hash it is not, after the same time.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] or [`PasswordError::Broken`].
    pub async fn matches(&self, password: String, hash: Option<String>) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        // No hash was made of a longer one, and computing it would take longer.
        let fits = password.len() <= *LENGTHS.end();
        let password = if fits { password } else { String::new() };
        let right = self.blocking(move || {
            let hash = PasswordHash::new(&hash).map_err(broken)?;
            Ok(Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok())
        });
        Ok(right.await? && known && fits)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let waiting = Arc::clone(&self.waiting);
        let waiting = waiting.try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let place = Arc::clone(&self.at_once).acquire_owned().await;
        let place = place.map_err(|_| PasswordError::Busy)?;
        // The work keeps its places: a client that hangs up does not end it.
        let work = move || {
            let _places = (waiting, place);
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(broken)?
    }
}

fn broken(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Broken(error.to_string())
}

fn compute(password: &[u8]) -> Result<String, PasswordError> {
    let salt = random_bytes::<16>().map_err(broken)?;
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password, &salt)
        .map_err(broken)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_opens_its_own_hash_only() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("correct horse".into()).await.unwrap());
        let matches =
            |password: &str, hash: Option<&String>| passwords.matches(password.to_owned(), hash.cloned());
        assert!(matches("correct horse", Some(&hash)).await.unwrap());
        for wrong in ["correct hors", "", "correct horse\0", &"x".repeat(2000)] {
            assert!(!matches(wrong, Some(&hash)).await.unwrap(), "{wrong:?}");
        }
        assert!(!matches("correct horse", None).await.unwrap());
        assert!(matches!(
            passwords.hash("short".into()).await,
            Err(PasswordError::Length)
        ));
        assert!(matches("x", Some(&"no hash".to_owned())).await.is_err());
    }
}
