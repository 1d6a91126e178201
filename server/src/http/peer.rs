//! How a client reached the server, and what it says of itself.

use std::io;

use axum::http::{HeaderMap, header};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::connections::Accept;
use crate::auth::{Peer, Principal, Process};
use crate::sessions::Identity;

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Peer)> {
        let (stream, address) = Self::accept(self).await?;
        // Echo is small packets, they must not wait for company. Without it, it is only slower.
        let _ = stream.set_nodelay(true);
        Ok((stream, Peer::tcp(address.ip())))
    }
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, Peer)> {
        let (stream, _) = Self::accept(self).await?;
        let process = stream.peer_cred().ok().and_then(|cred| {
            let pid = u32::try_from(cred.pid()?).ok()?;
            Some(Process::look(pid, cred.uid()))
        });
        Ok((stream, Peer::unix(process)))
    }
}

/// Programs by a word of their User-Agent; those that pretend to be others come first.
const CLIENTS: [(&str, &str); 13] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("Python/", "Python"),
    ("websocat", "websocat"),
    ("sempre/", "sempre"),
];

/// The kind of program a request comes from.
pub(super) fn client(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let known = CLIENTS.iter().find(|(word, _)| agent.contains(word));
    known.map(|(_, name)| (*name).to_owned())
}

/// What is known of a client before it says anything of itself.
pub(super) fn identity(principal: &Principal, headers: &HeaderMap, peer: &Peer) -> Identity {
    Identity {
        name: principal.name.clone(),
        client: client(headers),
        peer: peer.kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_though_they_all_claim_to_be_others() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                Some("Chrome"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                Some("Edge"),
            ),
            (
                "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                Some("Safari"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                Some("Firefox"),
            ),
            ("<script>alert(1)</script>", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            assert_eq!(client(&headers).as_deref(), name, "{agent}");
        }
        assert_eq!(client(&HeaderMap::new()), None);
    }
}
