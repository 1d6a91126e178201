//! What a request shows to be let in.

use std::path::Path;

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use super::Token;

/// How long a browser stays logged in, seconds.
const COOKIE_MAX_AGE_S: u64 = 30 * 24 * 3600;

/// What a request was let in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Nothing is asked for.
    Open,
    /// The token in the `Authorization` header.
    Bearer,
    /// The token in the query.
    Query,
    /// The login cookie.
    Cookie,
}

/// The rule for being let in.
#[derive(Debug, Clone)]
pub struct Access {
    token: Option<Token>,
    cookie_name: String,
}

impl Access {
    /// Everyone who can connect.
    pub fn open() -> Self {
        Self {
            token: None,
            cookie_name: String::new(),
        }
    }

    /// Who knows the token. The cookie is named by the data directory: browsers send cookies to every port.
    pub fn token(token: Token, data_dir: &Path) -> Self {
        let digest = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
        let instance: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self {
            token: Some(token),
            cookie_name: format!("sempre-{instance}"),
        }
    }

    /// Whether nothing is asked for.
    pub fn is_open(&self) -> bool {
        self.token.is_none()
    }

    /// The token, for the login URL.
    pub fn secret(&self) -> Option<&str> {
        self.token.as_ref().map(Token::secret)
    }

    /// Whether `candidate` is the token.
    pub fn admits(&self, candidate: &str) -> bool {
        self.token.as_ref().is_some_and(|token| token.matches(candidate))
    }

    /// What the request is let in by; none: it is not.
    ///
    /// A wrong header is not mended by a right cookie: whoever shows a token means it.
    pub fn check(&self, headers: &HeaderMap, query: &str) -> Option<Credential> {
        let Some(token) = &self.token else {
            return Some(Credential::Open);
        };
        if let Some(authorization) = headers.get(header::AUTHORIZATION) {
            let (scheme, candidate) = authorization.to_str().ok()?.split_once(' ')?;
            let right = scheme.eq_ignore_ascii_case("bearer") && token.matches(candidate.trim());
            return right.then_some(Credential::Bearer);
        }
        if let Some(candidate) = query_token(query) {
            return token.matches(candidate).then_some(Credential::Query);
        }
        let cookies = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut pairs = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        pairs
            .any(|(name, value)| name == self.cookie_name && token.matches_cookie(value))
            .then_some(Credential::Cookie)
    }

    /// The `Set-Cookie` value that logs a browser in.
    pub fn set_cookie(&self) -> Option<String> {
        let value = self.token.as_ref()?.cookie_value();
        let name = &self.cookie_name;
        Some(format!(
            "{name}={value}; Path=/; Max-Age={COOKIE_MAX_AGE_S}; HttpOnly; SameSite=Strict"
        ))
    }
}

/// The `token` of a query string. Tokens need no percent-encoding.
pub(crate) fn query_token(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("token="))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn access() -> (Access, String) {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let token = Token::read_or_make(&temp.path().join("token")).unwrap();
        let secret = token.secret().to_owned();
        (Access::token(token, Path::new("/data")), secret)
    }

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_token_and_the_cookie_let_in() {
        let (access, secret) = access();
        let bearer = with(header::AUTHORIZATION, &format!("Bearer {secret}"));
        assert_eq!(access.check(&bearer, ""), Some(Credential::Bearer));
        assert_eq!(
            access.check(&HeaderMap::new(), &format!("a=b&token={secret}")),
            Some(Credential::Query)
        );
        let set = access.set_cookie().unwrap();
        let cookie = with(
            header::COOKIE,
            &format!("other=1; {}", set.split(';').next().unwrap()),
        );
        assert_eq!(access.check(&cookie, ""), Some(Credential::Cookie));
    }

    #[test]
    fn everything_else_does_not() {
        let (access, secret) = access();
        assert_eq!(access.check(&HeaderMap::new(), ""), None);
        assert_eq!(access.check(&HeaderMap::new(), "token="), None);
        for value in ["Bearer", "Bearer x", &format!("Basic {secret}")] {
            assert_eq!(
                access.check(&with(header::AUTHORIZATION, value), ""),
                None,
                "{value}"
            );
        }
        let name = access.cookie_name.clone();
        assert_eq!(
            access.check(&with(header::COOKIE, &format!("{name}={secret}")), ""),
            None
        );
    }
}
