//! Asking another server: briefly, for little, and no further than the address that was configured.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use url::{Host, Url};

/// Until the other side takes the connection, and until all of its answer is there.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const LIMIT: Duration = Duration::from_secs(5);
/// Longest answer, bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// An HTTP client; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Fetcher(Client);

impl Fetcher {
    /// Trusts the certificate authorities of the system (or of `SSL_CERT_FILE`).
    ///
    /// # Errors
    /// If those cannot be read.
    pub(super) fn new() -> anyhow::Result<Self> {
        let client = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(LIMIT)
            .redirect(Policy::none())
            .user_agent(concat!("sempre/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self(client.context("cannot make a client for HTTPS")?))
    }

    /// What is at `url`.
    ///
    /// # Errors
    /// If it does not come, is too long, or is anything but a 200.
    pub(super) async fn get(&self, url: &Url) -> anyhow::Result<Vec<u8>> {
        let (status, body) = self.send(url, self.0.get(url.clone())).await?;
        if status != StatusCode::OK {
            bail!("{url} answered {status}");
        }
        Ok(body)
    }

    /// What a form sent to `url` is answered; `user` is a name and a password for Basic authentication.
    ///
    /// # Errors
    /// If no answer comes, or one too long.
    pub(super) async fn post(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        user: Option<(String, String)>,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let request = self.0.post(url.clone()).form(form);
        let request = match user {
            Some((name, password)) => request.basic_auth(name, Some(password)),
            None => request,
        };
        self.send(url, request).await
    }

    async fn send(&self, url: &Url, request: RequestBuilder) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let unreachable = || format!("no answer from {url}");
        let mut answer = request.send().await.with_context(unreachable)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.with_context(unreachable)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                bail!("{url} answered more than {MAX_ANSWER_BYTES} bytes");
            }
            body.extend_from_slice(&chunk);
        }
        Ok((answer.status(), body))
    }
}

/// Reads an address that is asked for keys or logins: https, or http on this machine.
///
/// # Errors
/// What is wrong with it.
pub fn trustworthy_url(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).with_context(|| format!("{text:?} is no address"))?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if local => Ok(url),
        _ => bail!("{text:?} is not https: what comes from there decides who comes in"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_decide_who_comes_in() {
        for good in [
            "https://id.example.org/",
            "http://127.0.0.1:9/k",
            "http://[::1]/",
            "http://localhost:1",
        ] {
            assert!(trustworthy_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example.org/",
            "ftp://x/",
            "file:///etc/passwd",
            "nonsense",
            "data:,x",
        ] {
            assert!(trustworthy_url(bad).is_err(), "{bad}");
        }
    }
}
