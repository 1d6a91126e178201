//! A ping to a server's chat route (rows K4 and K5), tried again where that may help. Knows nothing of flags and prints
//! nothing: who calls is told of each step.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::auth::Token;
use crate::short_path::SocketPath;

/// Longest wait between two tries.
const MAX_DELAY: Duration = Duration::from_secs(60);
/// Longest answer that is read, bytes.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// As much of an error's answer is shown, characters.
const SHOWN_CHARS: usize = 300;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ping {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "storyId", skip_serializing_if = "Option::is_none")]
    story_id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    context: BTreeMap<String, String>,
}

impl Ping {
    /// About a story, with a context; both may be absent.
    pub fn new(story_id: Option<String>, context: BTreeMap<String, String>) -> Self {
        Self {
            kind: "ping",
            story_id,
            context,
        }
    }
}

/// When a failed try is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// Tries after the first.
    pub retries: u32,
    /// Before the first of them; each later one waits twice as long.
    pub delay: Duration,
}

impl Backoff {
    /// The wait before retry `number`, counted from 0; `asked` is what the server asked for.
    fn wait(&self, number: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.delay.saturating_mul(2_u32.saturating_pow(number));
        doubled.max(asked.unwrap_or_default()).min(MAX_DELAY)
    }
}

/// What is asked, of whom, and how patiently.
#[derive(Debug, Clone)]
pub struct Beating {
    /// The chat route.
    pub url: Url,
    /// Who is asked for it; none: whom the URL names.
    pub socket: Option<SocketPath>,
    /// Past any proxy of the environment.
    pub direct: bool,
    /// Shown to the server.
    pub token: Option<Token>,
    /// What is sent.
    pub ping: Ping,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// When it is tried again.
    pub backoff: Backoff,
}

/// What happens, as it happens.
#[derive(Debug)]
pub enum Step<'a> {
    /// The payload is put together.
    Payload {
        /// The body, JSON.
        body: &'a str,
    },
    /// A request leaves.
    Dispatch {
        /// Where to.
        to: &'a str,
        /// Which try, from 1.
        attempt: u32,
    },
    /// An answer is there.
    Answered {
        /// Its status.
        status: StatusCode,
        /// From the dispatch to the last byte.
        round_trip: Duration,
        /// Length of its body, bytes.
        bytes: usize,
    },
    /// A try failed and another follows.
    Retry {
        /// Why.
        error: &'a Lost,
        /// After this long.
        wait: Duration,
    },
}

/// A ping that was answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beat {
    /// Tries it took.
    pub attempts: u32,
    /// HTTP status of the answer.
    pub status: u16,
    /// From the last dispatch to the last byte, ms.
    pub round_trip_ms: u64,
    /// Length of the answer's body, bytes.
    pub response_bytes: usize,
    /// The answer, if it is JSON; else null.
    pub answer: Value,
}

/// Why a ping was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// No answer came.
    #[error("no answer from {from}: {source:#}")]
    Unreachable {
        /// Who was asked.
        from: String,
        /// What happened.
        source: anyhow::Error,
    },
    /// An answer that is no success.
    #[error("{from} answered {status}{}{}", Shown(body), hint(*status))]
    Refused {
        /// Who was asked.
        from: String,
        /// What it answered.
        status: StatusCode,
        /// Its words.
        body: String,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
}

/// The start of an answer, or nothing.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.0.trim().chars().take(SHOWN_CHARS).collect();
        match text.is_empty() {
            true => Ok(()),
            false => write!(f, ": {}", text.escape_debug()),
        }
    }
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "; name the file that holds its token with --token-file",
        _ => "",
    }
}

impl Lost {
    /// Whether the same request may be answered later.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
                    )
            }
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable { .. } => None,
            Self::Refused { retry_after, .. } => *retry_after,
        }
    }
}

/// Sends pings.
#[derive(Debug)]
pub struct Heart {
    beating: Beating,
    client: Client,
    body: String,
    shown: String,
}

impl Heart {
    /// Gets ready; nothing is sent yet.
    ///
    /// # Errors
    /// If the system's certificate authorities cannot be read.
    pub fn new(beating: Beating) -> anyhow::Result<Self> {
        let mut client = Client::builder()
            .timeout(beating.timeout)
            .redirect(Policy::none())
            .user_agent(concat!("sempre/", env!("CARGO_PKG_VERSION")));
        if beating.direct {
            client = client.no_proxy();
        }
        let shown = match &beating.socket {
            Some(socket) => {
                // Reading the certificates of the system takes a while, and no socket needs them.
                client = client.unix_socket(socket.short()).tls_built_in_root_certs(false);
                format!("{socket}:{}", beating.url.path())
            }
            None => beating.url.to_string(),
        };
        let body = serde_json::to_string(&beating.ping).context("cannot write the payload")?;
        Ok(Self {
            client: client.build().context("cannot make an HTTP client")?,
            beating,
            body,
            shown,
        })
    }

    /// The payload, JSON.
    pub fn payload(&self) -> &str {
        &self.body
    }

    /// Where it goes, for people.
    pub fn to(&self) -> &str {
        &self.shown
    }

    /// One ping, tried again while that may help.
    ///
    /// # Errors
    /// The failure of the last try.
    pub async fn beat(&self, mut tell: impl FnMut(Step<'_>)) -> Result<Beat, Lost> {
        tell(Step::Payload { body: &self.body });
        let mut attempt = 1;
        loop {
            let error = match self.attempt(attempt, &mut tell).await {
                Ok(beat) => return Ok(beat),
                Err(error) => error,
            };
            if attempt > self.beating.backoff.retries || !error.may_pass() {
                return Err(error);
            }
            let wait = self.beating.backoff.wait(attempt - 1, error.retry_after());
            tell(Step::Retry { error: &error, wait });
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, attempt: u32, tell: &mut impl FnMut(Step<'_>)) -> Result<Beat, Lost> {
        let unreachable = |source| Lost::Unreachable {
            from: self.shown.clone(),
            source,
        };
        let to = self.shown.as_str();
        tell(Step::Dispatch { to, attempt });
        let sent_at = Instant::now();
        let mut request = self
            .client
            .post(self.beating.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(self.body.clone());
        if let Some(token) = &self.beating.token {
            request = request.bearer_auth(token.secret());
        }
        let answer = request.send().await.map_err(|error| unreachable(plain(error)))?;
        let status = answer.status();
        let retry_after = retry_after(&answer);
        let body = read(answer).await.map_err(unreachable)?;
        let round_trip = sent_at.elapsed();
        tell(Step::Answered {
            status,
            round_trip,
            bytes: body.len(),
        });
        if !status.is_success() {
            return Err(Lost::Refused {
                from: self.shown.clone(),
                status,
                body: String::from_utf8_lossy(&body).into_owned(),
                retry_after,
            });
        }
        Ok(Beat {
            attempts: attempt,
            status: status.as_u16(),
            round_trip_ms: u64::try_from(round_trip.as_millis()).unwrap_or(u64::MAX),
            response_bytes: body.len(),
            answer: serde_json::from_slice(&body).unwrap_or(Value::Null),
        })
    }
}

/// What happened, without the address, which is told anyway.
fn plain(error: reqwest::Error) -> anyhow::Error {
    anyhow::Error::from(error.without_url())
}

async fn read(mut answer: Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(plain)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            anyhow::bail!("the answer is longer than {MAX_ANSWER_BYTES} bytes");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// In seconds; dates are not understood.
fn retry_after(answer: &Response) -> Option<Duration> {
    let value = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k4_a_ping_says_only_what_it_was_given() {
        let json = |ping: &Ping| serde_json::to_string(ping).unwrap();
        assert_eq!(json(&Ping::new(None, BTreeMap::new())), r#"{"type":"ping"}"#);
        let context = BTreeMap::from([("branch".to_owned(), "main".to_owned())]);
        assert_eq!(
            json(&Ping::new(Some("S-1".into()), context)),
            r#"{"type":"ping","storyId":"S-1","context":{"branch":"main"}}"#
        );
    }

    #[test]
    fn k4_waits_double_up_to_a_minute_and_respect_the_server() {
        let backoff = Backoff {
            retries: 9,
            delay: Duration::from_secs(1),
        };
        let waits: Vec<_> = (0..8).map(|n| backoff.wait(n, None).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.wait(0, Some(Duration::from_secs(5))).as_secs(), 5);
        assert_eq!(backoff.wait(0, Some(Duration::from_secs(9999))).as_secs(), 60);
        assert_eq!(backoff.wait(u32::MAX, None).as_secs(), 60);
    }
}
