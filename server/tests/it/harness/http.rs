//! HTTP/1.1, one request a connection, over TCP or a Unix socket, with full control over the headers.
//!
//! Not a library's client: those share crates with the server under test, and their features would make the
//! tests compile another server than users get.

use std::net::SocketAddr;
use std::path::Path;

use sempre_protocol::api::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::{LONG, find};

/// A request that is being put together.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    pub(crate) fn delete(target: &str) -> Self {
        Self::new("DELETE", target)
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    pub(crate) fn json(self, body: &impl Serialize) -> Self {
        self.body("application/json", serde_json::to_vec(body).unwrap())
    }

    /// As a browser asks for a page.
    pub(crate) fn page(self) -> Self {
        self.header("accept", "text/html,application/xhtml+xml")
    }

    /// As a browser asks for a WebSocket; the answer is read as if it were a page.
    pub(crate) fn upgrade(self) -> Self {
        self.header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("sec-websocket-protocol", sempre_protocol::SUBPROTOCOL)
    }

    fn encode(&self, host: &str) -> Vec<u8> {
        let given = |name: &str| self.headers.iter().any(|(given, _)| given == name);
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let mut add = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        if !given("host") {
            add("host", host);
        }
        if !given("connection") {
            add("connection", "close");
        }
        if !self.body.is_empty() && !given("content-length") {
            add("content-length", &self.body.len().to_string());
        }
        self.headers.iter().for_each(|(name, value)| add(name, value));
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it over TCP and reads the whole answer.
    pub(crate) async fn send(&self, address: SocketAddr) -> Answer {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        self.exchange(stream, &address.to_string()).await
    }

    /// Sends it over a Unix socket.
    pub(crate) async fn send_unix(&self, path: &Path) -> Answer {
        let stream = UnixStream::connect(path).await.expect("the server listens");
        self.exchange(stream, "localhost").await
    }

    /// Sends it and reads until `needle` has come, then hangs up: for answers without an end.
    pub(crate) async fn stream_until(&self, address: SocketAddr, needle: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        stream
            .write_all(&self.encode(&address.to_string()))
            .await
            .unwrap();
        let mut bytes = Vec::new();
        let read = async {
            while find(&bytes, needle.as_bytes(), 0).is_none() {
                if stream.read_buf(&mut bytes).await.unwrap() == 0 {
                    break;
                }
            }
        };
        let in_time = tokio::time::timeout(LONG, read).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(
            in_time.is_ok() && text.contains(needle),
            "no {needle:?} in {text}"
        );
        text
    }

    /// Sends it over a connection that is there, and reads the whole answer.
    pub(crate) async fn exchange(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        host: &str,
    ) -> Answer {
        let mut bytes = Vec::new();
        let talk = async {
            // A server that refuses a large body answers before it has read it.
            let _ = stream.write_all(&self.encode(host)).await;
            while stream.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) && !is_whole(&bytes) {}
        };
        let in_time = tokio::time::timeout(LONG, talk).await;
        assert!(
            in_time.is_ok(),
            "{} {} was not answered",
            self.method,
            self.target
        );
        decode(&bytes)
    }
}

/// Status and headers, and where the body begins.
fn head_of(bytes: &[u8]) -> Option<(Answer, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(bytes).expect("the answer is HTTP") else {
        return None;
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = head.headers.iter();
    let answer = Answer {
        status: head.code.unwrap(),
        headers: headers
            .map(|header| (header.name.to_ascii_lowercase(), text(header.value)))
            .collect(),
        body: Vec::new(),
    };
    Some((answer, length))
}

/// Whether nothing more is to come, by what the head says; an answer may also end with its connection.
fn is_whole(bytes: &[u8]) -> bool {
    let Some((answer, start)) = head_of(bytes) else {
        return false;
    };
    let length = answer
        .header("content-length")
        .map(|length| length.parse::<usize>());
    answer.status == 101 || length.is_some_and(|length| bytes.len() >= start + length.unwrap())
}

fn decode(bytes: &[u8]) -> Answer {
    let Some((mut answer, length)) = head_of(bytes) else {
        panic!("the answer ends early: {}", bytes.escape_ascii());
    };
    let body = &bytes[length..];
    answer.body = match answer.header("transfer-encoding") {
        Some("chunked") => unchunk(body),
        _ => body.to_vec(),
    };
    answer
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
        let size = usize::try_from(size).unwrap();
        body.extend_from_slice(&rest[start..start + size]);
        rest = rest.get(start + size + 2..).unwrap_or_default();
    }
    body
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn value(&self) -> serde_json::Value {
        self.json()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in a {}: {}", self.status, self.text()),
        }
    }

    /// The answer as problem details (RFC 9457), which every error has to be.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> Problem {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text()
        );
        let problem: Problem = self.json();
        assert_eq!(problem.status, status);
        assert!(
            !problem.code.is_empty() && !problem.detail.is_empty(),
            "{problem:?}"
        );
        problem
    }
}
