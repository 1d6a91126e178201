//! Where the pages get what they show: on the server from a [`Source`] in the context, in the browser from the API.
//!
//! Both sides of a function here answer the same, so a resource made of it is sent along with the rendered page and
//! not fetched a second time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::use_context;
use sempre_protocol::SessionId;
use sempre_protocol::api::{CreateSession, Health, Problem, SessionInfo, Shells};
use sempre_protocol::stats::Stats;
use serde::{Deserialize, Serialize};

use crate::browser::http;
use crate::history::{Matches, Page};
use crate::reading::{Named, SessionStats};
use crate::routes::api;

/// A future answer of a [`Source`].
pub type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the server knows; provided as context `Arc<dyn Source>` while it renders.
pub trait Source: Send + Sync {
    /// All sessions.
    fn sessions(&self) -> Answer<Vec<SessionInfo>>;
    /// One session, if it exists.
    fn session(&self, id: SessionId) -> Answer<Option<SessionInfo>>;
    /// How the server is.
    fn health(&self) -> Answer<Health>;
    /// Statistics of all sessions (L6); none for who may not see all of them.
    fn stats(&self) -> Answer<Option<Stats>>;
    /// What can be started.
    fn shells(&self) -> Answer<Shells>;
}

/// What the health page shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServerReport {
    /// Check by check.
    pub(crate) health: Health,
    /// None for who may not see all sessions.
    pub(crate) stats: Option<SessionStats>,
}

/// Sets the HTTP status of the page being rendered; provided as context by the server.
#[derive(Clone)]
pub struct SetStatus(pub Arc<dyn Fn(u16) + Send + Sync>);

/// Gives the page being rendered this HTTP status. Does nothing in the browser.
pub fn set_status(status: u16) {
    if let Some(SetStatus(set)) = use_context::<SetStatus>() {
        set(status);
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum DataError {
    /// 401: the credentials are no longer accepted.
    #[error("You are logged out.")]
    LoggedOut,
    /// 404.
    #[error("There is no such session.")]
    NotFound,
    /// The server refused and said why.
    #[error("{}", .0.detail)]
    Refused(Problem),
    /// No answer, or one that cannot be read.
    #[error("The server does not answer: {0}")]
    Unreachable(String),
}

type Fetched<T> = Result<T, DataError>;

/// Asks the source in the context, else the API.
async fn from_source<T, F>(source: Option<Arc<dyn Source>>, ask: F) -> Option<T>
where
    F: FnOnce(&dyn Source) -> Answer<T>,
{
    Some(ask(source?.as_ref()).await)
}

/// All sessions.
pub fn sessions() -> impl Future<Output = Fetched<Vec<SessionInfo>>> + Send {
    let source = use_context::<Arc<dyn Source>>();
    async move {
        match from_source(source, |source| source.sessions()).await {
            Some(sessions) => Ok(sessions),
            None => http::get(api::sessions()).await,
        }
    }
}

/// One session; none if there is no such session.
pub fn session(id: SessionId) -> impl Future<Output = Fetched<Option<SessionInfo>>> + Send {
    let source = use_context::<Arc<dyn Source>>();
    async move {
        if let Some(session) = from_source(source, |source| source.session(id)).await {
            return Ok(session);
        }
        match http::get(api::session(id)).await {
            Ok(session) => Ok(Some(session)),
            Err(DataError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// How the server and its sessions are.
pub(crate) fn server_report() -> impl Future<Output = Fetched<ServerReport>> + Send {
    let source = use_context::<Arc<dyn Source>>();
    async move {
        if let Some(source) = source {
            let (health, stats) = (source.health().await, source.stats().await);
            let stats = stats.map(SessionStats::from);
            return Ok(ServerReport { health, stats });
        }
        let health = http::get(api::health()).await?;
        // Refused to who may not see all sessions.
        let stats = http::get(api::stats()).await.ok();
        Ok(ServerReport { health, stats })
    }
}

/// What can be started.
pub fn shells() -> impl Future<Output = Fetched<Shells>> + Send {
    let source = use_context::<Arc<dyn Source>>();
    async move {
        match from_source(source, |source| source.shells()).await {
            Some(shells) => Ok(shells),
            None => http::get(api::shells()).await,
        }
    }
}

async fn post_for_session<B: Serialize>(url: String, body: &B) -> Fetched<SessionId> {
    let made: Named = http::post(url, body).await?;
    let unnamed = || DataError::Unreachable("the answer names no session".into());
    made.session_id.ok_or_else(unnamed)
}

/// Starts a session; its id.
pub async fn create(request: &CreateSession) -> Fetched<SessionId> {
    post_for_session(api::sessions(), request).await
}

/// Starts an ended session again: same command, directory, environment and size under a new id,
/// which is answered.
pub async fn restart(id: SessionId) -> Fetched<SessionId> {
    post_for_session(api::restart(id), &()).await
}

/// Rows of a session's history from number `after` on; without it, the newest.
pub(crate) async fn history(id: SessionId, after: Option<u64>, rows: u64) -> Fetched<Page> {
    http::get(api::history(id, after, rows)).await
}

/// Where `query` stands in a session's history below row `before`, the newest match first.
pub(crate) async fn history_search(id: SessionId, query: &str, before: Option<u64>) -> Fetched<Matches> {
    http::get(api::history_search(id, &http::encoded(query), before)).await
}

/// Disconnects a viewer from a session.
pub async fn disconnect(id: SessionId, viewer: u64) -> Fetched<()> {
    http::delete(api::viewer(id, viewer)).await
}

/// Ends an active session, or removes an ended one with its journal.
pub async fn delete(id: SessionId) -> Fetched<()> {
    http::delete(api::session(id)).await
}
