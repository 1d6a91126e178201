//! How a client reached the server, and what it says of itself.

use std::io;
use std::net::SocketAddr;

use axum::extract::connect_info::Connected;
use axum::http::{HeaderMap, header};
use axum::serve::{IncomingStream, Listener};
use sempre_protocol::viewers::PeerKind;
use tokio::net::{TcpListener, TcpStream, UnixListener};

/// How a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer(pub(super) PeerKind);

/// A TCP listener whose connections send at once: echo is small packets, they must not wait for company.
#[derive(Debug)]
pub(super) struct PromptTcp(pub(super) TcpListener);

impl Listener for PromptTcp {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Without it, it is only slower.
        let _ = stream.set_nodelay(true);
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, PromptTcp>> for Peer {
    fn connect_info(stream: IncomingStream<'_, PromptTcp>) -> Self {
        let loopback = stream.remote_addr().ip().to_canonical().is_loopback();
        Self(if loopback {
            PeerKind::Loopback
        } else {
            PeerKind::Network
        })
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(_: IncomingStream<'_, UnixListener>) -> Self {
        Self(PeerKind::Unix)
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
