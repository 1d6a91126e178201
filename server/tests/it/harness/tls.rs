//! Certificates of an authority that lives as long as a test, and TLS connections that trust it alone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A connection after its handshake.
pub(crate) type Secured = TlsStream<TcpStream>;

/// Who signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    root_pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Else it has the name of those it signs, and they look as if they had signed themselves.
        let name = "Sempre test authority";
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            root: certificate.der().clone(),
            root_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Writes a new certificate for this machine and its key: over those that are there.
    pub(crate) fn certify(&self, certificate: &Path, key: &Path) {
        let names = ["localhost", "127.0.0.1", "term.example"].map(str::to_owned);
        let params = CertificateParams::new(names).unwrap();
        let pair = KeyPair::generate().unwrap();
        let signed = params.signed_by(&pair, &self.issuer).unwrap();
        std::fs::write(certificate, signed.pem()).unwrap();
        std::fs::write(key, pair.serialize_pem()).unwrap();
    }

    /// Writes its own certificate, for clients that trust it.
    pub(crate) fn write_root(&self, dir: &Path) -> PathBuf {
        let path = dir.join("root.pem");
        std::fs::write(&path, &self.root_pem).unwrap();
        path
    }

    /// Connects and trusts this authority alone.
    pub(crate) async fn connect(&self, address: SocketAddr) -> std::io::Result<Secured> {
        self.secure(TcpStream::connect(address).await?).await
    }

    /// The same from another address of this machine.
    pub(crate) async fn connect_from(&self, from: SocketAddr, to: SocketAddr) -> std::io::Result<Secured> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(from)?;
        self.secure(socket.connect(to).await?).await
    }

    async fn secure(&self, stream: TcpStream) -> std::io::Result<Secured> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}
