//! The way to a server: one HTTP client, and streams for the native wire.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::ClientError;
use super::target::{Target, Way};

/// Until the other side takes the connection.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// What the server knows this client by.
pub(super) const USER_AGENT: &str = concat!("sempre/", env!("CARGO_PKG_VERSION"));

/// A stream of bytes in both directions, whatever carries it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug> Stream for S {}

/// An HTTP client that talks to `target` alone. Proxies of the environment are not asked: they would see the key.
pub(super) fn http(target: &Target) -> Result<reqwest::Client, ClientError> {
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(USER_AGENT);
    let builder = match &target.way {
        // Certificates of the system are not needed for a socket, and reading them takes a while.
        Way::Unix(socket) => builder.unix_socket(socket.short()).tls_built_in_root_certs(false),
        Way::Tcp => builder,
    };
    builder.build().map_err(|error| target.unreachable(error))
}

/// A connection for a WebSocket.
pub(super) async fn connect(target: &Target) -> Result<Box<dyn Stream>, ClientError> {
    match timeout(CONNECT_LIMIT, connect_unhurried(target)).await {
        Ok(connected) => connected,
        Err(_) => Err(target.unreachable("no answer in time")),
    }
}

async fn connect_unhurried(target: &Target) -> Result<Box<dyn Stream>, ClientError> {
    let unreachable = |error: std::io::Error| target.unreachable(error);
    if let Way::Unix(socket) = &target.way {
        return Ok(Box::new(
            UnixStream::connect(socket.short()).await.map_err(unreachable)?,
        ));
    }
    let addresses = target.base.socket_addrs(|| None).map_err(unreachable)?;
    let tcp = TcpStream::connect(addresses.as_slice())
        .await
        .map_err(unreachable)?;
    // Echo is small packets, they must not wait for company. Without it, it is only slower.
    let _ = tcp.set_nodelay(true);
    if target.base.scheme() != "https" {
        return Ok(Box::new(tcp));
    }
    let host = target.base.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(|error| target.unreachable(error))?;
    let connector = TlsConnector::from(Arc::new(tls(target)?));
    let stream = connector.connect(name, tcp).await.map_err(unreachable)?;
    Ok(Box::new(stream))
}

/// TLS with the certificate authorities of the system, or those of `SSL_CERT_FILE`: the same as of [`http`].
fn tls(target: &Target) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore::empty();
    // What cannot be read of them is missing; if it was needed, the handshake says so.
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| target.unreachable(error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
