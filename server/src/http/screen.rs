//! `GET /api/v1/sessions/{id}/screen`: what a terminal shows now, for programs.

mod html;

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sempre_protocol::Offset;
use sempre_protocol::history::HistoryLine;
use sempre_protocol::programs::{MAX_SCREEN_LINES, ScreenPage};
use serde::Deserialize;

use super::ApiError;
use super::proof::{On, Viewer};

/// Nothing may run or be loaded; the colours are inline.
const HTML_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// How the screen is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScreenFormat {
    /// Plain rows.
    #[default]
    Text,
    /// Text that rebuilds the screen on a reset terminal.
    Ansi,
    /// Escaped text in styled spans.
    Html,
    /// Rows of runs, and the cursor.
    Json,
}

/// The query of a screen.
#[derive(Debug, Deserialize)]
pub(super) struct ScreenQuery {
    /// `text` (the default), `ansi`, `html` or `json`.
    #[serde(default)]
    format: ScreenFormat,
    /// Rows above the screen, none if left out, 5000 at most.
    #[serde(default)]
    lines: u32,
}

/// Answers with the screen; `sempre-offset`, `sempre-cols` and `sempre-rows` say which it is.
pub(super) async fn screen(
    On { session, .. }: On<Viewer>,
    query: Result<Query<ScreenQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let lines = query.lines.min(MAX_SCREEN_LINES);
    if query.format == ScreenFormat::Ansi {
        let snapshot = session.snapshot(lines).await?;
        let head = head(
            snapshot.offset,
            snapshot.size.cols,
            snapshot.size.rows,
            "text/plain; charset=utf-8",
        );
        return Ok((head, snapshot.ansi).into_response());
    }
    let page = session.screen_page(lines).await?;
    let head = |kind| head(page.offset, page.cols, page.rows, kind);
    Ok(match query.format {
        ScreenFormat::Html => {
            let mut head = head("text/html; charset=utf-8");
            head.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(HTML_POLICY),
            );
            (head, html::page(&page)).into_response()
        }
        ScreenFormat::Json => (head("application/json"), Json(page)).into_response(),
        ScreenFormat::Text | ScreenFormat::Ansi => {
            (head("text/plain; charset=utf-8"), text(&page)).into_response()
        }
    })
}

fn head(offset: Offset, cols: u16, rows: u16, kind: &'static str) -> HeaderMap {
    let named = |name, number: u64| (HeaderName::from_static(name), HeaderValue::from(number));
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        named("sempre-offset", offset.0),
        named("sempre-cols", cols.into()),
        named("sempre-rows", rows.into()),
    ])
}

fn row_text(line: &HistoryLine) -> String {
    line.runs.iter().map(|run| run.text.as_str()).collect()
}

fn text(page: &ScreenPage) -> String {
    let mut text = String::new();
    for line in &page.lines {
        text.push_str(row_text(line).trim_end());
        text.push('\n');
    }
    text
}
