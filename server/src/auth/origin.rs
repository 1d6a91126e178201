//! Where a request may come from: which `Host` it may name, which `Origin` may send it.
//!
//! `Host` stops DNS rebinding: names other than loopback's must be configured; IP addresses cannot be rebound.
//! `Origin` stops other sites' pages from using a browser's login (cross-site WebSocket hijacking).

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, header};

use super::Credential;

/// Why a request may not come from there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// No `Host`, more than one, or one that is not text.
    #[error("the request names no host; send exactly one Host header")]
    NoHost,
    /// A host name this server is not known by.
    #[error("this server is not known as {0:?}; start it with --allowed-host {0} if that is right")]
    UnknownHost(String),
    /// Another site's page sent the request.
    #[error("the page at {origin:?} may not use this server at {host:?}")]
    Foreign {
        /// What it says it is.
        origin: String,
        /// The host it reached.
        host: String,
    },
    /// A browser's login was used by something that does not say what it is.
    #[error(
        "a request with a login cookie must say its Origin; programs use an Authorization header instead"
    )]
    Missing,
}

/// The request's host, checked.
///
/// # Errors
/// [`OriginError::NoHost`] or [`OriginError::UnknownHost`].
pub fn check_host<'a>(
    headers: &'a HeaderMap,
    authority: Option<&'a str>,
    allowed_hosts: &[String],
) -> Result<&'a str, OriginError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().map_err(|_| OriginError::NoHost)?,
        (None, None) => authority.ok_or(OriginError::NoHost)?,
        _ => return Err(OriginError::NoHost),
    };
    let name = host_name(host);
    let known = name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok()
        || allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name));
    if known {
        Ok(host)
    } else {
        Err(OriginError::UnknownHost(name.to_owned()))
    }
}

/// A host without its port and without the brackets of an IPv6 address.
fn host_name(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return address;
    }
    host.split_once(':').map_or(host, |(name, _)| name)
}

/// Whether the request's origin fits its host.
///
/// `streams`: the request opens a WebSocket or an event stream. `encrypted`: it came by TLS, so a page that came
/// without may be anyone's.
///
/// # Errors
/// [`OriginError::Foreign`], or [`OriginError::Missing`] for a login cookie without an origin.
pub fn check_origin(
    headers: &HeaderMap,
    host: &str,
    method: &Method,
    streams: bool,
    encrypted: bool,
    credential: Option<Credential>,
) -> Result<(), OriginError> {
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !(changes || streams) {
        return Ok(());
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) => {
            let origin = origin.to_str().unwrap_or("?");
            // A proxy that is not known to be one may have taken TLS off: then both are the server's own.
            let plain = origin.strip_prefix("http://").filter(|_| !encrypted);
            let own = plain.or_else(|| origin.strip_prefix("https://"));
            let same = own.is_some_and(|own| own.eq_ignore_ascii_case(host));
            let foreign = || OriginError::Foreign {
                origin: origin.to_owned(),
                host: host.to_owned(),
            };
            if same { Ok(()) } else { Err(foreign()) }
        }
        (None, _) if !credential.is_some_and(Credential::is_ambient) => Ok(()),
        // Browsers send no Origin with a same-origin GET, but say this, which pages cannot set.
        (None, _) if !changes && says_same_origin(headers) && !is_upgrade(headers) => Ok(()),
        _ => Err(OriginError::Missing),
    }
}

fn says_same_origin(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "same-origin")
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn only_known_hosts_are_served() {
        let allowed = ["term.example".to_owned()];
        for host in [
            "localhost:8084",
            "127.0.0.1:1",
            "[::1]:8084",
            "192.168.1.2",
            "TERM.example:443",
        ] {
            assert_eq!(
                check_host(&headers(&[(header::HOST, host)]), None, &allowed),
                Ok(host)
            );
        }
        for host in [
            "evil.example",
            "localhost.evil.example:8084",
            "127.0.0.1.evil.example",
            "term.example.evil",
        ] {
            let headers = headers(&[(header::HOST, host)]);
            let result = check_host(&headers, None, &allowed);
            assert!(matches!(result, Err(OriginError::UnknownHost(_))), "{host}");
        }
        assert_eq!(
            check_host(&HeaderMap::new(), None, &allowed),
            Err(OriginError::NoHost)
        );
    }

    #[test]
    fn foreign_pages_are_refused() {
        let check = |origin: &str, method: Method, streams: bool| {
            let headers = headers(&[(header::ORIGIN, origin)]);
            check_origin(
                &headers,
                "localhost:8084",
                &method,
                streams,
                false,
                Some(Credential::Cookie),
            )
        };
        assert_eq!(check("http://localhost:8084", Method::POST, false), Ok(()));
        assert_eq!(
            check("https://evil.example", Method::GET, false),
            Ok(()),
            "a plain page is no secret channel"
        );
        for origin in [
            "http://evil.example",
            "null",
            "http://localhost:8085",
            "http://localhost:8084.evil.example",
            "",
        ] {
            assert!(check(origin, Method::POST, false).is_err(), "{origin:?}");
            assert!(check(origin, Method::GET, true).is_err(), "{origin:?}");
        }
    }

    #[test]
    fn under_tls_a_page_that_came_without_is_foreign() {
        let check = |origin: &str, encrypted: bool| {
            let headers = headers(&[(header::ORIGIN, origin)]);
            let cookie = Some(Credential::Cookie);
            check_origin(
                &headers,
                "localhost:8084",
                &Method::POST,
                false,
                encrypted,
                cookie,
            )
        };
        assert!(check("http://localhost:8084", true).is_err());
        assert_eq!(check("https://localhost:8084", true), Ok(()));
        assert_eq!(check("https://localhost:8084", false), Ok(()), "behind a proxy");
    }

    #[test]
    fn a_cookie_without_an_origin_opens_nothing() {
        let check = |headers: &HeaderMap, credential| {
            check_origin(
                headers,
                "localhost:8084",
                &Method::GET,
                true,
                false,
                Some(credential),
            )
        };
        let upgrade = headers(&[(header::UPGRADE, "websocket")]);
        assert_eq!(check(&upgrade, Credential::Cookie), Err(OriginError::Missing));
        assert_eq!(check(&upgrade, Credential::Bearer), Ok(()));
        let site = header::HeaderName::from_static("sec-fetch-site");
        assert_eq!(
            check(&headers(&[(site.clone(), "same-origin")]), Credential::Cookie),
            Ok(())
        );
        let both = headers(&[(header::UPGRADE, "websocket"), (site, "same-origin")]);
        assert_eq!(check(&both, Credential::Cookie), Err(OriginError::Missing));
    }
}
