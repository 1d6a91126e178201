//! A login that has begun: its number, and what is computed from it.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::auth::token::hex;
use crate::calendar::now_ms;
use crate::random::random_bytes;

/// How long a login may take, seconds.
const LIFETIME_S: u64 = 10 * 60;
/// Longest path that is gone on to; from a longer one, to the start page.
const MAX_NEXT_BYTES: usize = 1024;

/// A login that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Begun {
    id: String,
    at_ms: u64,
    /// Where they want to go.
    pub(super) next: String,
}

impl Begun {
    pub(super) fn new(next: &str) -> std::io::Result<Self> {
        let next = if next.len() <= MAX_NEXT_BYTES { next } else { "" };
        Ok(Self {
            id: hex(&random_bytes::<16>()?),
            at_ms: now_ms(),
            next: next.to_owned(),
        })
    }

    /// What the provider is told, to say it again.
    pub(super) fn state(&self) -> &str {
        &self.id
    }

    /// Whether the provider speaks of this one.
    pub(super) fn is(&self, state: &str) -> bool {
        self.id.as_bytes().ct_eq(state.as_bytes()).into()
    }

    fn is_over(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.at_ms) > LIFETIME_S * 1000
    }
}

/// What logins are signed with; another one after each start of the server.
pub(super) struct LoginKey([u8; 32]);

impl std::fmt::Debug for LoginKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginKey(…)")
    }
}

impl LoginKey {
    pub(super) fn new() -> std::io::Result<Self> {
        random_bytes().map(Self)
    }

    fn mac(&self, purpose: &str, facts: &str) -> [u8; 32] {
        match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mut mac) => {
                mac.update(purpose.as_bytes());
                mac.update(&[0]);
                mac.update(facts.as_bytes());
                mac.finalize().into_bytes().into()
            }
            // HMAC takes keys of any length.
            Err(_) => [0; 32],
        }
    }

    /// The PKCE verifier, 43 characters.
    pub(super) fn verifier(&self, begun: &Begun) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("pkce", &begun.id))
    }

    /// The PKCE challenge, by S256.
    pub(super) fn challenge(&self, begun: &Begun) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier(begun)))
    }

    /// What the id token must repeat.
    pub(super) fn nonce(&self, begun: &Begun) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("nonce", &begun.id))
    }

    fn signed(&self, begun: &Begun) -> String {
        let facts = format!(
            "{}.{}.{}",
            begun.id,
            begun.at_ms,
            URL_SAFE_NO_PAD.encode(&begun.next)
        );
        let signature = URL_SAFE_NO_PAD.encode(self.mac("cookie", &facts));
        format!("{facts}.{signature}")
    }

    fn read(&self, value: &str) -> Option<Begun> {
        let (facts, signature) = value.rsplit_once('.')?;
        let right = URL_SAFE_NO_PAD.encode(self.mac("cookie", facts));
        if !bool::from(right.as_bytes().ct_eq(signature.as_bytes())) {
            return None;
        }
        let mut parts = facts.split('.');
        let (id, at_ms, next) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Begun {
            id: id.to_owned(),
            at_ms: at_ms.parse().ok()?,
            next: String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?,
        })
    }

    /// The `Set-Cookie` value of a login. Lax: the provider's page leads back here.
    pub(super) fn set_cookie(&self, name: &str, begun: &Begun, path: &str, secure: bool) -> String {
        let secure = if secure { "; Secure" } else { "" };
        let value = self.signed(begun);
        format!("{name}={value}; Path={path}; Max-Age={LIFETIME_S}; HttpOnly; SameSite=Lax{secure}")
    }

    /// The login whose cookie the request brings, unless it is too old.
    pub(super) fn read_cookie(&self, name: &str, headers: &HeaderMap) -> Option<Begun> {
        let cookies = headers.get_all(header::COOKIE).iter();
        let cookies = cookies.filter_map(|value| value.to_str().ok());
        let pairs = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let own = pairs.filter(|(known, _)| *known == name);
        let begun = own.filter_map(|(_, value)| self.read(value)).next()?;
        (!begun.is_over(now_ms())).then_some(begun)
    }
}

/// The `Set-Cookie` value that forgets a login.
pub(super) fn forget_cookie(name: &str, path: &str) -> String {
    format!("{name}=; Path={path}; Max-Age=0; HttpOnly; SameSite=Lax")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers
    }

    fn cookie(key: &LoginKey, begun: &Begun) -> String {
        let set = key.set_cookie("c", begun, "/oidc/callback", true);
        assert!(
            set.ends_with("; Path=/oidc/callback; Max-Age=600; HttpOnly; SameSite=Lax; Secure"),
            "{set}"
        );
        set.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_login_is_finished_by_its_own_cookie_only() {
        let (key, other) = (LoginKey::new().unwrap(), LoginKey::new().unwrap());
        let begun = Begun::new("/t/new?x=1").unwrap();
        let own = cookie(&key, &begun);
        assert_eq!(
            key.read_cookie("c", &headers(&format!("a=b; {own}"))),
            Some(begun.clone())
        );
        assert_eq!(other.read_cookie("c", &headers(&own)), None);
        assert_eq!(key.read_cookie("d", &headers(&own)), None);
        let changed = own.replacen(begun.state(), &"0".repeat(32), 1);
        assert_eq!(key.read_cookie("c", &headers(&changed)), None);
        assert!(begun.is(&begun.id) && !begun.is("") && !begun.is(&"0".repeat(32)));
    }

    #[test]
    fn a_login_is_over_after_ten_minutes() {
        let key = LoginKey::new().unwrap();
        let begun = Begun::new("/").unwrap();
        assert!(!begun.is_over(begun.at_ms + 600_000) && begun.is_over(begun.at_ms + 600_001));
        let old = Begun {
            at_ms: begun.at_ms - 601_000,
            ..begun
        };
        assert_eq!(key.read_cookie("c", &headers(&cookie(&key, &old))), None);
    }

    #[test]
    fn what_is_computed_from_a_login_differs() {
        let key = LoginKey::new().unwrap();
        let (one, two) = (Begun::new("/").unwrap(), Begun::new("/").unwrap());
        assert_ne!(key.verifier(&one), key.verifier(&two));
        assert_ne!(key.verifier(&one), key.nonce(&one));
        assert_eq!(key.verifier(&one).len(), 43);
        assert_eq!(Begun::new(&"/x".repeat(600)).unwrap().next, "");
    }
}
