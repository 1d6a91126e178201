//! `/session/{sid}/pty…` (rows P1 to P4): PTYs of a group.

mod stream;

use axum::Json;
use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, RawPathParams, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, post};
use bytes::Bytes;
use sempre_protocol::Size;
use sempre_protocol::compat::pty::{CreatePty, PtyInfo, PtyInput, PtySnapshot, PtyWritten, ResizePty};
use serde::Deserialize;

use crate::auth::audit::Action;
use crate::http::acts;
use crate::http::attach_query::snapshot_lines;
use crate::http::body::{JsonBody, json};
use crate::http::proof::{As, On, Operator, Rank, Viewer};
use crate::http::{ApiError, ServerState};
use crate::sessions::SnapshotFormat;
use crate::sessions::ptys::{self, Maker};

type Answer<T> = Result<T, ApiError>;

/// The routes below `/session/{sid}/pty`.
pub(super) fn router() -> Router<ServerState> {
    Router::new()
        .route("/session/{sid}/pty", get(list).post(create))
        .route("/session/{sid}/pty/{id}", get(show).delete(delete))
        .route("/session/{sid}/pty/{id}/resize", post(resize).put(resize))
        .route("/session/{sid}/pty/{id}/input", post(input))
        .route("/session/{sid}/pty/{id}/snapshot", get(snapshot))
        .route("/session/{sid}/pty/{id}/stream", get(stream::stream))
}

/// Proof of a right to the PTY of the path, which is one of the path's group.
struct Pty<R: Rank>(On<R>);

impl<R: Rank> FromRequestParts<ServerState> for Pty<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let unknown = || {
            ApiError::new(
                StatusCode::NOT_FOUND,
                "pty_not_found",
                "the group has no such PTY; GET /session/{sid}/pty lists those there are",
            )
        };
        let on = match On::<R>::from_request_parts(parts, state).await {
            Err(error) if error.status() == StatusCode::NOT_FOUND => return Err(unknown()),
            on => on?,
        };
        let parameters = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| unknown())?;
        let group = parameters.iter().find(|(name, _)| *name == "sid");
        match group {
            Some((_, group)) if ptys::is_pty_of(&on.session, group) => Ok(Self(on)),
            _ => Err(unknown()),
        }
    }
}

/// `POST /session/{sid}/pty`.
async fn create(
    who: As<Operator>,
    State(state): State<ServerState>,
    group: Result<Path<String>, PathRejection>,
    request: JsonBody<CreatePty>,
) -> Answer<(StatusCode, Json<PtyInfo>)> {
    let (who, group) = (who.principal, named(group)?);
    acts::may_create(&state, &who, Some(&group))?;
    let maker = Maker {
        owner: who.name.clone(),
        run_as: acts::run_as(&state, &who, Action::SessionCreate, None)?,
    };
    let created = ptys::create(state.registry(), &group, json(request)?, maker).await;
    acts::note_started(&state, &who, Action::SessionCreate, None, &created);
    Ok((StatusCode::CREATED, Json(ptys::info(created?.as_ref()))))
}

/// `GET /session/{sid}/pty`.
async fn list(
    who: As<Viewer>,
    State(state): State<ServerState>,
    group: Result<Path<String>, PathRejection>,
) -> Answer<Json<Vec<PtyInfo>>> {
    let group = named(group)?;
    let mut ptys = ptys::list(state.registry(), &group);
    ptys.retain(|session| who.principal.sees(session.id(), Some(&group)));
    let shown = ptys.iter().map(|session| ptys::info(session)).collect();
    Ok(Json(shown))
}

/// The group of a path.
fn named(group: Result<Path<String>, PathRejection>) -> Answer<String> {
    let group = group.map(|Path(group)| group);
    group.map_err(|rejection| ApiError::new(rejection.status(), "bad_path", rejection.body_text()))
}

/// `GET …/pty/{id}`.
async fn show(Pty(on): Pty<Viewer>) -> Json<PtyInfo> {
    Json(ptys::info(&on.session))
}

/// `DELETE …/pty/{id}`: ends it. One that has ended already is removed with its output.
async fn delete(Pty(on): Pty<Operator>, State(state): State<ServerState>) -> Answer<StatusCode> {
    acts::delete(&state, &on.principal, on.session.id(), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST` or `PUT …/resize`.
async fn resize(
    Pty(on): Pty<Operator>,
    State(state): State<ServerState>,
    request: JsonBody<ResizePty>,
) -> Answer<Json<PtyInfo>> {
    let ResizePty { cols, rows } = json(request)?;
    if cols == 0 || rows == 0 {
        let detail = format!("{cols}x{rows} is no size; cols and rows are 1 to 1000");
        return Err(ApiError::invalid_field(detail));
    }
    let resized = on.session.resize(Size::new(cols, rows)).await;
    let id = Some(on.session.id());
    acts::note(&state, &on.principal, Action::SessionResize, id, &resized);
    resized?;
    Ok(Json(ptys::info(&on.session)))
}

/// `POST …/input`.
async fn input(
    Pty(on): Pty<Operator>,
    State(state): State<ServerState>,
    request: JsonBody<PtyInput>,
) -> Answer<Json<PtyWritten>> {
    let PtyInput { data, data_b64 } = json(request)?;
    if data.is_none() && data_b64.is_none() {
        let detail = "data: give text in data, or bytes as base64 in data_b64";
        return Err(ApiError::invalid_field(detail));
    }
    let mut bytes = data.map(String::into_bytes).unwrap_or_default();
    bytes.extend(data_b64.map(|bytes| bytes.0).unwrap_or_default());
    let count = bytes.len() as u64;
    let held = if bytes.is_empty() {
        0
    } else {
        let appended = on.session.append(Bytes::from(bytes)).await;
        acts::note_input(&state, &on.principal, &on.session, &appended);
        appended?.held
    };
    Ok(Json(PtyWritten {
        bytes: count,
        written: held == 0,
    }))
}

/// The query of a snapshot.
#[derive(Debug, Deserialize)]
struct SnapshotQuery {
    lines: Option<u32>,
    format: Option<String>,
}

/// `GET …/snapshot`.
async fn snapshot(
    Pty(on): Pty<Viewer>,
    query: Result<Query<SnapshotQuery>, QueryRejection>,
) -> Answer<Json<PtySnapshot>> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let format = match query.format.as_deref() {
        None | Some("ansi") => SnapshotFormat::Ansi,
        Some("text") => SnapshotFormat::Text,
        Some("html") => SnapshotFormat::Html,
        Some(other) => {
            let detail = format!("format={other:?}: it is ansi, text or html");
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_query", detail));
        }
    };
    let snapshot = on.session.snapshot(snapshot_lines(query.lines)).await?;
    let (offset, size) = (snapshot.offset, snapshot.size);
    Ok(Json(PtySnapshot {
        data: on.session.render(snapshot, format).await?,
        offset,
        cols: size.cols,
        rows: size.rows,
    }))
}
