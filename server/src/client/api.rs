//! The HTTP API (`docs/api.md`) as functions.

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use sempre_protocol::api::{
    CreateSession, CreatedSession, DeleteOnly, Health, LogLevels, Problem, SessionInfo, SessionState, Shells,
};
use sempre_protocol::programs::{InputTaken, RunCommand, RunResult, SendInput, WaitRequest, WaitResult};
use sempre_protocol::stats::Stats;
use sempre_protocol::{Offset, SessionId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::target::Target;
use super::{ClientError, Events, transport};

/// Longest answer that is read as a whole, bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
const ID_DIGITS: usize = 2 * sempre_protocol::ids::ID_BYTES;

/// Talks to one server; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    target: Target,
}

/// How a screen is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenFormat {
    /// Plain rows.
    Text,
    /// Text that rebuilds the screen on a reset terminal.
    Ansi,
    /// Escaped text in styled spans.
    Html,
    /// Rows of runs, and the cursor.
    Json,
}

impl ScreenFormat {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Ansi => "ansi",
            Self::Html => "html",
            Self::Json => "json",
        }
    }
}

/// How output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// Every byte.
    Raw,
    /// Without sequences.
    Text,
    /// A recording with times since the start, for asciinema.
    AsciicastV2,
    /// One with times since the event before.
    AsciicastV3,
}

impl OutputFormat {
    /// The word on the wire.
    fn word(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Text => "text",
            Self::AsciicastV2 => "asciicast-v2",
            Self::AsciicastV3 => "asciicast-v3",
        }
    }
}

/// A session's output on its way.
#[derive(Debug)]
pub struct Output {
    /// Offset of the first byte.
    pub from: Offset,
    /// Offset after the last one.
    pub to: Offset,
    response: Response,
    target: Target,
}

impl Output {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] if it breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        let chunk = self.response.chunk().await;
        chunk.map_err(|error| self.target.unreachable(causes(&error)))
    }
}

impl Client {
    /// A client of `target`; nothing is asked yet.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(target: Target) -> Result<Self, ClientError> {
        Ok(Self {
            http: transport::http(&target)?,
            target,
        })
    }

    /// The server.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Every session with a journal, or those in one state.
    ///
    /// # Errors
    /// What the server refuses, or that it does not answer; so with all that follow.
    pub async fn sessions(&self, state: Option<SessionState>) -> Result<Vec<SessionInfo>, ClientError> {
        let query = state.map(|state| ("state", state.word().to_owned()));
        self.get("api/v1/sessions", query.as_slice()).await
    }

    /// One session.
    pub async fn session(&self, id: SessionId) -> Result<SessionInfo, ClientError> {
        self.get(&format!("api/v1/sessions/{id}"), &[]).await
    }

    /// The session whose id is `text` or, alone among all, begins with it.
    pub async fn find(&self, text: &str) -> Result<SessionId, ClientError> {
        let text = text.to_ascii_lowercase();
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let digits =
            (1..ID_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits {
            return Err(ClientError::NoSuchSession(text));
        }
        let sessions = self.sessions(None).await?;
        let ids = sessions.iter().map(|session| session.session_id);
        let found: Vec<_> = ids.filter(|id| id.to_string().starts_with(&text)).collect();
        match found.as_slice() {
            [] => Err(ClientError::NoSuchSession(text)),
            [id] => Ok(*id),
            _ => Err(ClientError::Ambiguous { text, found }),
        }
    }

    /// Starts a session.
    pub async fn create(&self, request: &CreateSession) -> Result<CreatedSession, ClientError> {
        self.post("api/v1/sessions", request).await
    }

    /// Ends a running session or removes an ended one, as `only` says; code `session_running`, `session_ended` or
    /// `session_archived` if it is not so.
    pub async fn delete(&self, id: SessionId, only: DeleteOnly) -> Result<(), ClientError> {
        let path = format!("api/v1/sessions/{id}");
        let query = [("only", only.word().to_owned())];
        self.send::<()>(Method::DELETE, &path, &query, None)
            .await
            .map(drop)
    }

    /// Ends a session if it runs; whether it did.
    pub async fn end(&self, id: SessionId) -> Result<bool, ClientError> {
        match self.delete(id, DeleteOnly::Running).await {
            Err(error) if matches!(error.code(), Some("session_ended" | "session_archived")) => Ok(false),
            deleted => deleted.map(|()| true),
        }
    }

    /// What the server logs.
    pub async fn log_levels(&self) -> Result<LogLevels, ClientError> {
        self.get("api/v1/log-level", &[]).await
    }

    /// Changes what the server logs; what it logs then.
    pub async fn set_log_levels(&self, levels: &LogLevels) -> Result<LogLevels, ClientError> {
        let set = self
            .send(Method::PUT, "api/v1/log-level", &[], Some(levels))
            .await?;
        self.read(set).await
    }

    /// Starts an ended session again, as a new one.
    pub async fn restart(&self, id: SessionId) -> Result<CreatedSession, ClientError> {
        self.post(&format!("api/v1/sessions/{id}/restart"), &()).await
    }

    /// Makes an ended session of a recording (asciicast v2 or v3).
    pub async fn import(
        &self,
        recording: Vec<u8>,
        group: Option<String>,
    ) -> Result<CreatedSession, ClientError> {
        let query = group.map(|group| ("group", group));
        let url = self.target.at("api/v1/sessions/import", query.as_slice());
        let request = self
            .http
            .post(url)
            .header(header::CONTENT_TYPE, "application/x-asciicast");
        let response = self.answer(request.body(recording)).await?;
        self.read(response).await
    }

    /// Statistics of all sessions.
    pub async fn stats(&self) -> Result<Stats, ClientError> {
        self.get("api/v1/stats", &[]).await
    }

    /// How the server is.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get("api/v1/health", &[]).await
    }

    /// Shells that can be started.
    pub async fn shells(&self) -> Result<Shells, ClientError> {
        self.get("api/v1/shells", &[]).await
    }

    /// What a terminal shows, with `lines` rows above it.
    pub async fn screen(
        &self,
        id: SessionId,
        format: ScreenFormat,
        lines: u32,
    ) -> Result<Bytes, ClientError> {
        let query = [("format", format.word().to_owned()), ("lines", lines.to_string())];
        let path = format!("api/v1/sessions/{id}/screen");
        let response = self.send::<()>(Method::GET, &path, &query, None).await?;
        self.whole(response).await
    }

    /// Types into a session.
    pub async fn input(&self, id: SessionId, input: &SendInput) -> Result<InputTaken, ClientError> {
        self.post(&format!("api/v1/sessions/{id}/input"), input).await
    }

    /// Runs a command at the shell's prompt; [`ClientError::RunTimedOut`] if it does not end in time.
    pub async fn run(&self, id: SessionId, command: &RunCommand) -> Result<RunResult, ClientError> {
        self.post(&format!("api/v1/sessions/{id}/run"), command).await
    }

    /// Waits until something is so.
    pub async fn wait(&self, id: SessionId, request: &WaitRequest) -> Result<WaitResult, ClientError> {
        self.post(&format!("api/v1/sessions/{id}/wait"), request).await
    }

    /// Output from `from` (none: the oldest kept) to where it ends now.
    pub async fn output(
        &self,
        id: SessionId,
        from: Option<Offset>,
        format: OutputFormat,
    ) -> Result<Output, ClientError> {
        let mut query = vec![("format", format.word().to_owned())];
        query.extend(from.map(|from| ("from", from.to_string())));
        let path = format!("api/v1/sessions/{id}/output");
        let response = self.send::<()>(Method::GET, &path, &query, None).await?;
        let number = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            value.parse().ok().map(Offset)
        };
        let (Some(from), Some(to)) = (number("sempre-from"), number("sempre-to")) else {
            return Err(self.target.strange("output without its offsets"));
        };
        Ok(Output {
            from,
            to,
            response,
            target: self.target.clone(),
        })
    }

    /// Changes of the list of sessions, from now on.
    pub async fn events(&self) -> Result<Events, ClientError> {
        let response = self.send::<()>(Method::GET, "api/v1/events", &[], None).await?;
        Ok(Events::new(response, self.target.clone()))
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        let response = self.send::<()>(Method::GET, path, query, None).await?;
        self.read(response).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let response = self.send(Method::POST, path, &[], Some(body)).await?;
        self.read(response).await
    }

    pub(super) async fn send<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&B>,
    ) -> Result<Response, ClientError> {
        let mut request = self.http.request(method, self.target.at(path, query));
        if let Some(body) = body {
            let body = serde_json::to_vec(body).map_err(|error| self.target.strange(error))?;
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body);
        }
        self.answer(request).await
    }

    /// Sends a request with the key; the answer, if it is none that refuses.
    async fn answer(&self, mut request: RequestBuilder) -> Result<Response, ClientError> {
        if let Some(key) = &self.target.key {
            request = request.header(header::AUTHORIZATION, key.header());
        }
        let sent = request.send().await;
        let response = sent.map_err(|error| self.target.unreachable(causes(&error)))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            status => Err(self.refusal(status, response).await),
        }
    }

    async fn refusal(&self, status: StatusCode, response: Response) -> ClientError {
        match self.whole(response).await {
            Ok(body) => refusal(&body).unwrap_or_else(|| self.target.strange(status)),
            Err(error) => error,
        }
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<T, ClientError> {
        let body = self.whole(response).await?;
        serde_json::from_slice(&body).map_err(|error| self.target.strange(format!("{error} in its JSON")))
    }

    async fn whole(&self, mut response: Response) -> Result<Bytes, ClientError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.target.unreachable(causes(&error)))?
        {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(self.target.strange(format!("more than {MAX_ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.into())
    }
}

/// The problem an answer tells of, if it is one.
pub(super) fn refusal(body: &[u8]) -> Option<ClientError> {
    let problem: Problem = serde_json::from_slice(body).ok()?;
    match serde_json::from_slice(body) {
        Ok(result) => Some(ClientError::RunTimedOut(problem, Box::new(result))),
        Err(_) => Some(ClientError::Problem(problem)),
    }
}

/// An error with what caused it: reqwest's own words are few.
fn causes(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
