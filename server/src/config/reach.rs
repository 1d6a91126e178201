//! Flags of `sempre serve` about how browsers reach it: by which host names, below which path, with TLS or without, and
//! how long they may take.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use url::Url;

use super::BasePath;

/// Flags about the way to the server.
#[derive(Debug, Clone, Default, Args)]
pub struct ReachFlags {
    /// Further host name by which browsers reach this server; repeatable
    #[arg(long, value_name = "NAME", env = "SEMPRE_ALLOWED_HOST", value_delimiter = ',')]
    pub allowed_host: Vec<String>,

    /// Path below which browsers reach this server, such as /sempre; a proxy may pass it on or take it off
    #[arg(long, value_name = "PATH", env = "SEMPRE_BASE_PATH")]
    pub base_path: Option<BasePath>,

    /// Address by which browsers reach the start page, for login services that lead back here
    /// [default: the one each request names]
    #[arg(long, value_name = "URL", env = "SEMPRE_EXTERNAL_URL")]
    pub external_url: Option<String>,

    /// Certificate and those that lead to its root, PEM: serves https; read again at SIGHUP
    #[arg(long, value_name = "FILE", env = "SEMPRE_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE", env = "SEMPRE_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// How long a client may take for the TLS handshake, for a request's head, and between two requests
    #[arg(long, value_name = "MS", env = "SEMPRE_HEAD_TIMEOUT_MS", default_value = "15000",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub head_timeout_ms: u64,

    /// How long a client may take for a request's body
    #[arg(long, value_name = "MS", env = "SEMPRE_BODY_TIMEOUT_MS", default_value = "15000",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub body_timeout_ms: u64,

    /// How long a client may take nothing of an answer that waits for it; WebSockets have limits of their own
    #[arg(long, value_name = "MS", env = "SEMPRE_SEND_TIMEOUT_MS", default_value = "120000",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub send_timeout_ms: u64,
}

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that lead to its root, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// How long a client may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// For the TLS handshake, for a request's head, and between two requests.
    pub head: Duration,
    /// For a request's body.
    pub body: Duration,
    /// Without taking anything of an answer.
    pub send: Duration,
}

/// What browsers know the server by.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Host names beyond loopback's and IP addresses.
    pub allowed_hosts: Vec<String>,
    /// What its paths begin with.
    pub base_path: BasePath,
    /// The whole address of the start page; none: what each request names.
    pub external_url: Option<Url>,
}

impl ReachFlags {
    /// What browsers know the server by.
    ///
    /// # Errors
    /// For an external address that is none, or not above the base path.
    pub fn names(&self) -> anyhow::Result<Names> {
        Ok(Names {
            allowed_hosts: self.allowed_host.clone(),
            base_path: self.base_path.clone().unwrap_or_default(),
            external_url: self.external_url()?,
        })
    }

    fn external_url(&self) -> anyhow::Result<Option<Url>> {
        let Some(text) = &self.external_url else {
            return Ok(None);
        };
        let url = Url::parse(text).with_context(|| format!("--external-url {text:?} is no address"))?;
        let base = self.base_path.clone().unwrap_or_default();
        let web =
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
        if !web || url.path().trim_end_matches('/') != base.as_str() {
            bail!(
                "--external-url {text:?} is not the address of the start page; write https://HOST{} ",
                base.at("/")
            );
        }
        Ok(Some(url))
    }

    /// Certificate and key; none: plain HTTP.
    pub fn tls(&self) -> Option<TlsFiles> {
        Some(TlsFiles {
            certificate: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
        })
    }

    /// How long a client may take.
    pub fn limits(&self) -> TimeLimits {
        TimeLimits {
            head: Duration::from_millis(self.head_timeout_ms),
            body: Duration::from_millis(self.body_timeout_ms),
            send: Duration::from_millis(self.send_timeout_ms),
        }
    }
}
