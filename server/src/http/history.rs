//! `/api/v1/sessions/{id}/history` and `…/snapshot`: what the session shows and showed.

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sempre_protocol::history::{
    HISTORY_LINES, HISTORY_MATCHES, HistoryMatches, HistoryPage, MAX_HISTORY_LINES, MAX_HISTORY_MATCHES,
    MAX_SEARCH_CHARS,
};
use serde::Deserialize;

use super::ApiError;
use super::attach_query::snapshot_lines;
use super::proof::{On, Viewer};
use crate::sessions::Wanted;

type Asked<T> = Result<Query<T>, QueryRejection>;

fn query<T>(asked: Asked<T>) -> Result<T, ApiError> {
    asked
        .map(|Query(query)| query)
        .map_err(|rejection| ApiError::bad_query(&rejection))
}

fn bad(detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_query", detail)
}

/// The query of a page.
#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    before: Option<u64>,
    after: Option<u64>,
    lines: Option<u32>,
}

/// `GET …/history`.
pub(super) async fn page(
    On { session, .. }: On<Viewer>,
    asked: Asked<PageQuery>,
) -> Result<Json<HistoryPage>, ApiError> {
    let asked = query(asked)?;
    let wanted = match (asked.before, asked.after) {
        (Some(_), Some(_)) => return Err(bad("give either before or after, not both")),
        (None, Some(after)) => Wanted::After(after),
        (before, None) => Wanted::Before(before.unwrap_or(u64::MAX)),
    };
    let lines = asked.lines.unwrap_or(HISTORY_LINES).min(MAX_HISTORY_LINES);
    Ok(Json(session.history(wanted, lines).await?))
}

/// The query of a search.
#[derive(Debug, Deserialize)]
pub(super) struct SearchQuery {
    q: String,
    before: Option<u64>,
    limit: Option<u32>,
}

/// `GET …/history/search`.
pub(super) async fn search(
    On { session, .. }: On<Viewer>,
    asked: Asked<SearchQuery>,
) -> Result<Json<HistoryMatches>, ApiError> {
    let asked = query(asked)?;
    if !(1..=MAX_SEARCH_CHARS).contains(&asked.q.chars().count()) {
        return Err(bad(format!("q is 1 to {MAX_SEARCH_CHARS} characters")));
    }
    let limit = asked
        .limit
        .unwrap_or(HISTORY_MATCHES)
        .clamp(1, MAX_HISTORY_MATCHES);
    let before = asked.before.unwrap_or(u64::MAX);
    Ok(Json(session.search_history(&asked.q, before, limit).await?))
}

/// The query of a snapshot.
#[derive(Debug, Deserialize)]
pub(super) struct SnapshotQuery {
    lines: Option<u32>,
    format: Option<String>,
}

/// `GET …/snapshot`: text that rebuilds the screen on a reset terminal.
pub(super) async fn snapshot(
    On { session, .. }: On<Viewer>,
    asked: Asked<SnapshotQuery>,
) -> Result<Response, ApiError> {
    let asked = query(asked)?;
    if let Some(format) = asked.format.filter(|format| format != "ansi") {
        return Err(bad(format!("format={format:?}: there is only ansi")));
    }
    let snapshot = session.snapshot(snapshot_lines(asked.lines)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (
            HeaderName::from_static("sempre-offset"),
            snapshot.offset.to_string(),
        ),
        (
            HeaderName::from_static("sempre-cols"),
            snapshot.size.cols.to_string(),
        ),
        (
            HeaderName::from_static("sempre-rows"),
            snapshot.size.rows.to_string(),
        ),
    ];
    Ok((headers, snapshot.ansi).into_response())
}
