//! Proxies in front of this server: what they say of a client is believed, what others say is not.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use sempre_protocol::access::Role;
use sempre_protocol::viewers::PeerKind;

use super::Peer;

/// Proxies a request may have come through; what is further away is not looked for.
const MAX_HOPS: usize = 32;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// What a request that came through some proxy carries.
const TRACES: [&str; 6] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "forwarded",
    "via",
];

/// Who may be a proxy of this server: an address, a network, or `unix` for whoever connects to a Unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustedPeer {
    /// From these addresses.
    Network(IpNet),
    /// By a Unix socket.
    Unix,
}

impl FromStr for TrustedPeer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self::Network).map_err(|_| {
            format!(
                "{text:?} is no address and no network; write 192.0.2.7, 192.0.2.0/24, 2001:db8::/32 or unix"
            )
        })
    }
}

/// What is believed of whom.
#[derive(Debug, Clone)]
pub struct ProxyRule {
    /// The proxies.
    pub trusted: Vec<TrustedPeer>,
    /// The header that names the user; none: proxies name nobody.
    pub user_header: Option<HeaderName>,
    /// The role of a user that only the proxy knows.
    pub role: Role,
}

impl Default for ProxyRule {
    fn default() -> Self {
        Self {
            trusted: Vec::new(),
            user_header: None,
            role: Role::Operator,
        }
    }
}

impl ProxyRule {
    /// Whether `peer` is a proxy of this server.
    pub fn trusts(&self, peer: &Peer) -> bool {
        self.trusted.iter().any(|trusted| match (trusted, peer.address) {
            (TrustedPeer::Network(network), Some(address)) => network.contains(&address),
            (TrustedPeer::Unix, None) => peer.kind == PeerKind::Unix,
            _ => false,
        })
    }

    fn trusts_address(&self, address: IpAddr) -> bool {
        self.trusts(&Peer::tcp(address))
    }

    /// The client's address: the last one in the chain that is no proxy of this server. None on a Unix socket
    /// without a proxy's word.
    pub fn client_address(&self, headers: &HeaderMap, peer: &Peer) -> Option<IpAddr> {
        if !self.trusts(peer) {
            return peer.address;
        }
        let lines = headers.get_all(FORWARDED_FOR);
        let chain: Vec<_> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
        let hops = chain.iter().rev().flat_map(|line| line.rsplit(','));
        let mut nearest = peer.address;
        for hop in hops.take(MAX_HOPS) {
            // What cannot be read was not written by a proxy of this server.
            let Some(address) = read_hop(hop.trim()) else {
                return nearest;
            };
            nearest = Some(address);
            if !self.trusts_address(address) {
                break;
            }
        }
        nearest
    }

    /// Whether the client's connection is encrypted: by this server, or by a proxy's word.
    pub fn is_https(&self, headers: &HeaderMap, peer: &Peer) -> bool {
        let mut protos = headers.get_all(FORWARDED_PROTO).iter();
        let proto = protos.next_back().and_then(|proto| proto.to_str().ok());
        let proto = proto.and_then(|proto| proto.rsplit(',').next());
        let said = self.trusts(peer) && proto.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"));
        peer.tls || said
    }

    /// The user a proxy named; a stranger names nobody, nor does a proxy that names two.
    pub fn user<'a>(&self, headers: &'a HeaderMap, peer: &Peer) -> Option<&'a str> {
        let mut names = headers.get_all(self.user_header.as_ref()?).iter();
        match (names.next(), names.next()) {
            (Some(name), None) if self.trusts(peer) => name.to_str().ok().filter(|name| is_user_name(name)),
            _ => None,
        }
    }

    /// Whether a request on a Unix socket may be a proxy's: then it says nothing of who the client is.
    pub fn may_be_forwarded(&self, headers: &HeaderMap) -> bool {
        let browser = |name: &HeaderName| {
            let name = name.as_str();
            name.starts_with("sec-fetch-") || matches!(name, "origin" | "cookie" | "referer")
        };
        self.trusted.contains(&TrustedPeer::Unix)
            || TRACES.iter().any(|trace| headers.contains_key(*trace))
            || headers.keys().any(browser)
    }
}

/// An address as proxies write it: bare, with a port, in brackets.
fn read_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_matches('"');
    let address = bare
        .parse()
        .or_else(|_| bare.parse::<std::net::SocketAddr>().map(|address| address.ip()))
        .or_else(|_| bare.trim_start_matches('[').trim_end_matches(']').parse());
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// Whether a name can be a user's: 1 to 64 letters, digits, `.`, `_`, `-`, `@` or `+`.
pub fn is_user_name(name: &str) -> bool {
    let proper = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    (1..=64).contains(&name.chars().count()) && name.chars().all(proper)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn rule() -> ProxyRule {
        ProxyRule {
            trusted: vec!["10.0.0.0/8".parse().unwrap(), "192.0.2.7".parse().unwrap()],
            user_header: Some(HeaderName::from_static("remote-user")),
            role: Role::Operator,
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn peer(address: &str) -> Peer {
        Peer::tcp(address.parse().unwrap())
    }

    #[test]
    fn only_allowed_peers_are_believed() {
        let rule = rule();
        let said = headers(&[
            ("remote-user", "ada"),
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-proto", "https"),
        ]);
        for proxy in ["10.1.2.3", "192.0.2.7", "::ffff:10.1.2.3"] {
            assert_eq!(rule.user(&said, &peer(proxy)), Some("ada"), "{proxy}");
            assert!(rule.is_https(&said, &peer(proxy)));
            let client = rule.client_address(&said, &peer(proxy));
            assert_eq!(client, Some("198.51.100.1".parse().unwrap()));
        }
        for stranger in ["192.0.2.8", "127.0.0.1", "::1"] {
            assert_eq!(rule.user(&said, &peer(stranger)), None, "{stranger}");
            assert!(!rule.is_https(&said, &peer(stranger)));
            let client = rule.client_address(&said, &peer(stranger));
            assert_eq!(client, Some(stranger.parse().unwrap()));
        }
        assert_eq!(rule.user(&said, &Peer::unix(None)), None);
    }

    #[test]
    fn a_client_cannot_forge_its_place_in_the_chain() {
        let rule = rule();
        let client = |chain: &[&str]| {
            let pairs: Vec<_> = chain.iter().map(|line| ("x-forwarded-for", *line)).collect();
            rule.client_address(&headers(&pairs), &peer("10.0.0.1")).unwrap()
        };
        let real: IpAddr = "198.51.100.1".parse().unwrap();
        assert_eq!(client(&["127.0.0.1, 198.51.100.1"]), real);
        assert_eq!(client(&["1.2.3.4", "198.51.100.1, 10.9.9.9"]), real);
        assert_eq!(client(&["198.51.100.1:4711"]), real);
        assert_eq!(client(&["1.2.3.4, junk"]), "10.0.0.1".parse::<IpAddr>().unwrap());
        assert_eq!(client(&[]), "10.0.0.1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn two_names_are_none_and_neither_is_a_name_with_control_characters() {
        let rule = rule();
        let two = headers(&[("remote-user", "ada"), ("remote-user", "root")]);
        assert_eq!(rule.user(&two, &peer("10.0.0.1")), None);
        for name in ["", "a b", "key:ci", "a\tb", &"x".repeat(65)] {
            let one = headers(&[("remote-user", name)]);
            assert_eq!(rule.user(&one, &peer("10.0.0.1")), None, "{name:?}");
        }
    }

    #[test]
    fn peers_are_addresses_networks_or_unix() {
        assert_eq!("unix".parse(), Ok(TrustedPeer::Unix));
        for text in ["", "10.0.0.0/33", "proxy.example", "10.0.0"] {
            assert!(text.parse::<TrustedPeer>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_may_come_through_a_proxy_is_not_the_peers_own() {
        let rule = rule();
        assert!(!rule.may_be_forwarded(&headers(&[("user-agent", "curl/8"), ("authorization", "x")])));
        for name in ["x-forwarded-for", "via", "origin", "cookie", "sec-fetch-mode"] {
            assert!(rule.may_be_forwarded(&headers(&[(name, "x")])), "{name}");
        }
        let unix = ProxyRule {
            trusted: vec![TrustedPeer::Unix],
            ..rule
        };
        assert!(unix.may_be_forwarded(&HeaderMap::new()));
    }
}
