//! The access token: made once, kept in a private file, compared in constant time.

use std::path::Path;

use anyhow::{Context, bail};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::random::random_bytes;
use crate::store::write_private;

/// Shortest token accepted from a file, characters.
const MIN_TOKEN_CHARS: usize = 16;
const MARK_PURPOSE: &[u8] = b"sempre owner mark v1";
/// Characters of a mark.
const MARK_CHARS: usize = 16;

/// The secret that lets a client in.
#[derive(Clone)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Token {
    /// The token in a file; white space around it does not count.
    ///
    /// # Errors
    /// If the file cannot be read or holds no usable token.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the token file {}", path.display()))?;
        let token = text.trim();
        let usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        if token.len() < MIN_TOKEN_CHARS || !token.chars().all(usable) {
            bail!(
                "the token in {} is not {MIN_TOKEN_CHARS} or more letters, digits, '-', '_', '.' or '~'; \
                 `openssl rand -hex 32` makes a good one",
                path.display()
            );
        }
        Ok(Self(token.to_owned()))
    }

    /// The token in a file that is made, with mode 0600, if it is not there.
    ///
    /// # Errors
    /// If it cannot be read or made.
    pub fn read_or_make(path: &Path) -> anyhow::Result<Self> {
        if !path.exists() {
            let token = hex(&random_bytes::<32>().context("cannot make a token")?);
            write_private(path, token.as_bytes())
                .with_context(|| format!("cannot write the token file {}", path.display()))?;
        }
        Self::read(path)
    }

    /// The token itself, for the login URL.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// Whether `candidate` is the token.
    pub fn matches(&self, candidate: &str) -> bool {
        self.0.as_bytes().ct_eq(candidate.as_bytes()).into()
    }

    /// Tells this token from another, and nothing else of it.
    pub fn mark(&self) -> String {
        match Hmac::<Sha256>::new_from_slice(self.0.as_bytes()) {
            Ok(mut mac) => {
                mac.update(MARK_PURPOSE);
                let mut mark = hex(&mac.finalize().into_bytes());
                mark.truncate(MARK_CHARS);
                mark
            }
            // HMAC takes keys of any length.
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_private() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let path = temp.path().join("token");
        let made = Token::read_or_make(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(Token::read_or_make(&path).unwrap().secret(), made.secret());
        assert_eq!(made.secret().len(), 64);
    }

    #[test]
    fn short_tokens_are_refused() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let path = temp.path().join("token");
        std::fs::write(&path, "secret\n").unwrap();
        assert!(Token::read(&path).is_err());
    }

    #[test]
    fn a_mark_is_not_the_token_and_differs_with_it() {
        let (token, other) = (Token("0123456789abcdef".into()), Token("0123456789abcdeg".into()));
        assert!(token.matches("0123456789abcdef") && !token.matches(other.secret()));
        assert_eq!(token.mark().len(), MARK_CHARS);
        assert_ne!(token.mark(), other.mark());
        assert!(!token.matches(&token.mark()));
    }
}
