//! `POST /api/v1/sessions/import`: a recording from elsewhere becomes a session that has ended.
//!
//! The body is a file: it goes to the disk piece by piece, never into memory as a whole.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use futures_util::StreamExt;
use sempre_protocol::api::CreatedSession;
use serde::Deserialize;
use tokio::time::timeout;

use super::body::{BodyLimit, too_slow};
use super::proof::{As, Operator};
use super::{ApiError, ServerState, acts, sessions};
use crate::auth::audit::Action;
use crate::sessions::import::{Belonging, Import};

/// The query of an import.
#[derive(Debug, Deserialize)]
pub(super) struct ImportQuery {
    /// Group the session belongs to.
    group: Option<String>,
}

/// Answers with the session.
pub(super) async fn import(
    who: As<Operator>,
    State(state): State<ServerState>,
    Extension(limit): Extension<BodyLimit>,
    query: Result<Query<ImportQuery>, QueryRejection>,
    body: Body,
) -> Result<(StatusCode, Json<CreatedSession>), ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let principal = &who.principal;
    acts::may_import(&state, principal, query.group.as_deref())?;
    let mut import = state.registry().begin_import().await?;
    take(&mut import, body, limit).await?;
    let belonging = Belonging {
        owner: principal.name.clone(),
        group: query.group,
    };
    let imported = state.registry().finish_import(import, belonging).await;
    let id = imported.as_ref().ok().map(|session| session.id());
    acts::note(&state, principal, Action::SessionImport, id, &imported);
    Ok(sessions::created(&state, imported?.info()))
}

/// Brings the body to the disk; each piece of it has its time.
async fn take(import: &mut Import<'_>, body: Body, BodyLimit(limit): BodyLimit) -> Result<(), ApiError> {
    let mut pieces = body.into_data_stream();
    loop {
        match timeout(limit, pieces.next()).await {
            Err(_) => return Err(too_slow(limit)),
            Ok(None) => return Ok(()),
            Ok(Some(Err(error))) => {
                let detail = format!("the request's body broke off: {error}");
                return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_body", detail));
            }
            Ok(Some(Ok(piece))) => tokio::task::block_in_place(|| import.take(&piece))?,
        }
    }
}
