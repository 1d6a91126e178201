//! `GET /api/v1/sessions/{id}/output`: a session's output as raw bytes, as far as it goes now.

use std::io;
use std::path::PathBuf;

use axum::body::Body;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use sempre_journal::{ReadAt, Reader};
use sempre_protocol::Offset;
use serde::Deserialize;

use super::ApiError;
use super::proof::{On, Viewer};
use crate::sessions::asciicast::{Asciicast, Version};
use crate::sessions::programs::plain_text;
use crate::sessions::{Session, SessionError};

/// Bytes read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// The query of an output request.
#[derive(Debug, Deserialize)]
pub(super) struct OutputQuery {
    from: Option<u64>,
    /// `raw` (the default), `text`: as it was printed, without sequences, about 16 MiB of output at most; or
    /// `asciicast-v2`, `asciicast-v3`: a recording with times.
    #[serde(default)]
    format: OutputFormat,
}

/// How output is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OutputFormat {
    #[default]
    Raw,
    /// A recording with times since the start (asciicast v2).
    #[serde(rename = "asciicast-v2")]
    AsciicastV2,
    /// A recording with times since the event before (asciicast v3).
    #[serde(rename = "asciicast-v3")]
    AsciicastV3,
    Text,
}

/// Answers with bytes `from..end`; `sempre-from` and `sempre-to` say which those are.
pub(super) async fn output(
    On { session, .. }: On<Viewer>,
    query: Result<Query<OutputQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let status = session.status();
    let (base, end) = (status.base_offset.0, status.offset.0);
    let from = query.from.unwrap_or(base);
    if from < base || from > end {
        let detail =
            format!("output from {base} to {end} is kept, {from} lies outside; ask with from={base}");
        return Err(ApiError::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "output_out_of_range",
            detail,
        ));
    }
    match query.format {
        OutputFormat::Raw => {}
        OutputFormat::Text => return text(&session, from, end).await,
        OutputFormat::AsciicastV2 => return recording(&session, from, end, Version::V2),
        OutputFormat::AsciicastV3 => return recording(&session, from, end, Version::V3),
    }
    let reader =
        Reader::open(session.directory()).map_err(SessionError::system("cannot open the journal"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, (end - from).to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}.out\"", session.id()),
        ),
        (HeaderName::from_static("sempre-from"), from.to_string()),
        (HeaderName::from_static("sempre-to"), end.to_string()),
    ];
    let body = Body::from_stream(bytes_of(reader, session.directory().to_path_buf(), from, end));
    Ok((headers, body).into_response())
}

async fn text(session: &Session, from: u64, end: u64) -> Result<Response, ApiError> {
    let directory = session.directory().to_path_buf();
    let read = move || plain_text(&directory, Offset(from), Offset(end));
    let (text, to) = tokio::task::spawn_blocking(read)
        .await
        .map_err(io::Error::other)
        .and_then(|read| read)
        .map_err(SessionError::system("cannot read the journal"))?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (HeaderName::from_static("sempre-from"), from.to_string()),
        (HeaderName::from_static("sempre-to"), to.to_string()),
    ];
    Ok((headers, text).into_response())
}

/// The same as a recording, made while it is sent.
fn recording(session: &Session, from: u64, end: u64, version: Version) -> Result<Response, ApiError> {
    let cast = Asciicast::open(session.directory(), from, end, version)
        .map_err(SessionError::system("cannot open the journal"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-asciicast".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}.cast\"", session.id()),
        ),
        (HeaderName::from_static("sempre-from"), from.to_string()),
        (HeaderName::from_static("sempre-to"), end.to_string()),
    ];
    let pieces = stream::try_unfold(cast, |mut cast| async move {
        let read = tokio::task::spawn_blocking(move || cast.lines().map(|lines| (lines, cast)));
        let (lines, cast) = read.await.map_err(io::Error::other)??;
        io::Result::Ok(lines.map(|lines| (Bytes::from(lines), cast)))
    });
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// The journal's bytes `from..end`, read off the async threads; a client that does not read costs one chunk.
fn bytes_of(
    reader: Reader,
    directory: PathBuf,
    from: u64,
    end: u64,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((reader, from), move |(mut reader, at)| {
        let shown = directory.display().to_string();
        async move {
            if at >= end {
                return Ok(None);
            }
            let count = usize::try_from(end - at).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            let read = tokio::task::spawn_blocking(move || {
                let mut chunk = vec![0; count];
                let read = reader.read_at(at, &mut chunk);
                (reader, chunk, read)
            });
            let (reader, mut chunk, read) = read.await.map_err(io::Error::other)?;
            match read {
                Ok(ReadAt::Bytes(count)) => {
                    chunk.truncate(count);
                    Ok(Some((Bytes::from(chunk), (reader, at + count as u64))))
                }
                Ok(_) => Err(io::Error::other(format!("output at {at} in {shown} is gone"))),
                Err(error) => Err(io::Error::other(error)),
            }
        }
    })
}
