//! Flags of `sempre heartbeat`, and what they mean together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use url::Url;

use super::listen::DEFAULT_PORT;
use super::serve::{data_dir, kiro_port};
use crate::auth::Token;
use crate::heartbeat::{Backoff, Beating, Ping};
use crate::short_path::SocketPath;
use crate::store::HTTP_SOCKET;

/// The route, where an address names none.
const CHAT_PATH: &str = "kiro/chat";

/// Flags of `sempre heartbeat` (row K4).
#[derive(Debug, Clone, Args)]
pub struct HeartbeatFlags {
    /// Ask once instead of until a signal; the exit code tells whether it was answered
    #[arg(long)]
    pub once: bool,

    /// Show each step: the payload, when it is sent, how long the way there and back took, how long the answer is
    #[arg(long)]
    pub trace: bool,

    /// Print the payload and send nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Address of the server, or of its chat route [default: the socket in the data directory, else
    /// http://127.0.0.1:8084/kiro/chat]
    #[arg(long, value_name = "URL", env = "SEMPRE_HEARTBEAT_URL")]
    pub url: Option<String>,

    /// Time between two pings: seconds, or a time such as 5m
    #[arg(long, value_name = "TIME", default_value = "60", value_parser = seconds_or_time)]
    pub interval: Duration,

    /// Story the ping is about (`storyId`)
    #[arg(long, value_name = "ID")]
    pub story: Option<String>,

    /// Something the ping says besides (`context`); repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub context: Vec<(String, String)>,

    /// Tries after one that failed, before a ping counts as lost
    #[arg(long, value_name = "COUNT", default_value = "4")]
    pub retries: u32,

    /// Wait before the first retry; each later one waits twice as long, a minute at most
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = seconds_or_time)]
    pub retry_delay: Duration,

    /// Longest wait for one answer
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = seconds_or_time)]
    pub timeout: Duration,

    /// File that holds the access token to send [default: none; by the socket that of the data directory]
    #[arg(long, value_name = "FILE", env = "SEMPRE_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,

    /// Directory of the server's socket and token [default: $XDG_STATE_HOME/sempre]
    #[arg(long, value_name = "DIR", env = "SEMPRE_DATA_DIR")]
    pub data_dir: Option<PathBuf>,

    /// One JSON object per ping on standard output
    #[arg(long)]
    pub json: bool,
}

/// Reads a time; a number without a unit is seconds.
fn seconds_or_time(text: &str) -> Result<Duration, String> {
    let time = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => humantime::parse_duration(text)
            .map_err(|error| format!("{error}; write seconds, or a time such as 90s or 5m"))?,
    };
    match time.is_zero() {
        true => Err("it must be more than nothing".into()),
        false => Ok(time),
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".into()),
    }
}

impl HeartbeatFlags {
    /// What is asked, of whom, and how often. Nobody gets the token of the data directory but who listens in that
    /// directory: whoever is faster may have a port.
    ///
    /// # Errors
    /// For an address that is none, a `KIRO_PORT` that is no port, a data directory that cannot be looked into, and a
    /// token file that cannot be read.
    pub fn beating(&self, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Beating> {
        let directory = self.data_dir.clone().map_or_else(|| data_dir(&variable), Ok).ok();
        let socket = directory.as_deref().filter(|_| self.url.is_none());
        let socket = socket.map(find_socket).transpose()?.flatten();
        let url = match (&self.url, &socket) {
            (Some(text), _) => chat_url(text)?,
            (None, Some(_)) => chat_url("http://localhost")?,
            (None, None) => {
                let port = kiro_port(variable("KIRO_PORT"))?.unwrap_or(DEFAULT_PORT);
                chat_url(&format!("http://127.0.0.1:{port}"))?
            }
        };
        // The server's own user needs none there, but inside a session.
        let own = directory.map(|directory| directory.join("token"));
        let own = own.filter(|path| socket.is_some() && path.exists());
        let token = match self.token_file.as_ref().or(own.as_ref()) {
            Some(path) if !self.dry_run => Some(Token::read(path)?),
            _ => None,
        };
        let context: BTreeMap<_, _> = self.context.iter().cloned().collect();
        Ok(Beating {
            direct: is_loopback(&url),
            url,
            socket,
            token,
            ping: Ping::new(self.story.clone(), context),
            timeout: self.timeout,
            backoff: Backoff {
                retries: self.retries,
                delay: self.retry_delay,
            },
        })
    }
}

/// Where the server of this directory listens, if one does.
fn find_socket(directory: &Path) -> anyhow::Result<Option<SocketPath>> {
    let is_there = directory.join(HTTP_SOCKET).try_exists();
    is_there
        .and_then(|is_there| {
            is_there
                .then(|| SocketPath::open(directory, HTTP_SOCKET))
                .transpose()
        })
        .with_context(|| format!("cannot look into the data directory {}", directory.display()))
}

/// The chat route below an address, unless it names one itself.
fn chat_url(text: &str) -> anyhow::Result<Url> {
    let mut url = Url::parse(text).with_context(|| format!("--url {text:?} is no address"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        bail!("--url {text:?} is no address of a server; write http://HOST:PORT");
    }
    let path = url.path().trim_end_matches('/');
    if !path.ends_with("/chat") {
        let path = format!("{path}/{CHAT_PATH}");
        url.set_path(&path);
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k4_the_chat_route_is_found_below_an_address() {
        for (text, url) in [
            ("http://h:1", "http://h:1/kiro/chat"),
            ("https://h/sempre/", "https://h/sempre/kiro/chat"),
            ("http://h/kiro/chat", "http://h/kiro/chat"),
            ("http://h/api/v1/chat", "http://h/api/v1/chat"),
        ] {
            assert_eq!(chat_url(text).unwrap().as_str(), url, "{text}");
        }
        for text in ["", "h:1", "ftp://h", "unix:/s"] {
            assert!(chat_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn k4_an_interval_without_a_unit_is_seconds() {
        assert_eq!(seconds_or_time("60"), Ok(Duration::from_secs(60)));
        assert_eq!(seconds_or_time("250ms"), Ok(Duration::from_millis(250)));
        assert!(seconds_or_time("0").is_err() && seconds_or_time("soon").is_err());
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(pair("a").is_err() && pair("=b").is_err());
    }

    #[test]
    fn addresses_of_this_machine_are_known() {
        let local = |text: &str| is_loopback(&Url::parse(text).unwrap());
        assert!(local("http://127.0.0.9/") && local("http://[::1]/") && local("http://localhost:1/"));
        assert!(!local("http://10.0.0.1/") && !local("http://localhost.example/"));
    }
}
