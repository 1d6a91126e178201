//! `/api/v1/sessions/{id}/shares` and `/share/{token}`: links that open one session to who has no account.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sempre_protocol::access::{Role, Scope};
use sempre_protocol::door::{CreateShare, CreatedShare, ShareInfo};
use sempre_protocol::{GrantId, SessionId};

use super::{Answer, after, not_found};
use crate::auth::audit::{Action, Note};
use crate::auth::grants::NewGrant;
use crate::auth::{Arrival, Peer, Principal, Subject, Walls};
use crate::calendar::rfc3339;
use crate::http::body::{JsonBody, json};
use crate::http::proof::{On, OnId, Operator};
use crate::http::{ApiError, ServerState, login};
use crate::store::{GrantKind, GrantRow};

/// How long a link lasts that names no time, and the longest, seconds.
const LIFE_S: u64 = 24 * 3600;
const MAX_LIFE_S: u64 = 90 * 24 * 3600;
/// Characters of its id by which whoever came by a link is named.
const NAME_CHARS: usize = 8;

fn info(row: GrantRow, session_id: SessionId) -> ShareInfo {
    ShareInfo {
        id: row.id,
        session_id,
        role: row.role,
        made_by: row.made_by,
        created_at: rfc3339(row.created_at),
        expires_at: rfc3339(row.expires_at.unwrap_or(u64::MAX)),
    }
}

fn of_session(state: &ServerState, id: SessionId) -> impl Iterator<Item = GrantRow> + use<> {
    let rows = state.doors().grants().list(GrantKind::Share).into_iter();
    rows.filter(move |row| row.scope == Scope::Session(id))
}

/// `GET …/shares`: those that hold, oldest first.
pub(super) async fn list(who: OnId<Operator>, State(state): State<ServerState>) -> Json<Vec<ShareInfo>> {
    Json(of_session(&state, who.id).map(|row| info(row, who.id)).collect())
}

/// `POST …/shares`.
pub(super) async fn create(
    On {
        session, principal, ..
    }: On<Operator>,
    State(state): State<ServerState>,
    request: JsonBody<CreateShare>,
) -> Answer<(StatusCode, Json<CreatedShare>)> {
    let CreateShare { role, expires_in_s } = json(request)?;
    let life_s = expires_in_s.unwrap_or(LIFE_S);
    if !(1..=MAX_LIFE_S).contains(&life_s) {
        return Err(ApiError::invalid_field(format!(
            "expires_in_s: {life_s} is not 1 to {MAX_LIFE_S}"
        )));
    }
    let manifest = session.manifest();
    let walls = state
        .doors()
        .walls(manifest.run_as.as_deref(), manifest.owner.as_deref());
    may_share(walls, &principal, role)?;
    let expires_at = after(life_s);
    let new = NewGrant {
        kind: GrantKind::Share,
        name: None,
        role,
        scope: Scope::Session(session.id()),
        parent: (principal.subject != Subject::Owner).then(|| principal.subject.to_string()),
        made_by: principal.name.clone(),
        expires_at: Some(principal.expires_at.map_or(expires_at, |at| at.min(expires_at))),
        until: principal.ended.clone(),
    };
    let doors = state.doors();
    let (row, _) = doors.grants().give(new).await?;
    let token = doors.share_token(&row).ok_or_else(|| {
        let detail = "share links cannot be signed: the key in the data directory could not be read or made";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "share_key_missing", detail)
    })?;
    let detail = format!("{} {}", row.id, role.word());
    let note = Note::of(&principal, Action::ShareCreate).session(session.id());
    doors.audit().note(note.detail(&detail));
    let url = state.base_path().at(&format!("/share/{token}"));
    let info = info(row, session.id());
    Ok((StatusCode::CREATED, Json(CreatedShare { url, info })))
}

/// A link gives on what one has oneself: not from a link or from inside a session, and typing only where that gives no
/// rights of the server's own Unix user.
fn may_share(walls: Walls, who: &Principal, role: Role) -> Answer<()> {
    let forbidden = |detail: &str| Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail));
    if matches!(who.subject, Subject::Share(_) | Subject::Inside(_)) {
        return forbidden("who came by a share link, or from inside the session, cannot share it on");
    }
    match role {
        Role::Viewer => Ok(()),
        Role::Operator if walls.let_links_type() => Ok(()),
        Role::Operator => forbidden(
            "who types into a session has all rights of its Unix user: a link that lets type needs a session with \
             run_as, or a server that was started with --allow-shared-uid",
        ),
        Role::Admin => Err(ApiError::invalid_field(
            "role: a link is for a viewer or an operator",
        )),
    }
}

/// `DELETE …/shares/{share}`: who came by it is out.
pub(super) async fn revoke(
    who: OnId<Operator>,
    State(state): State<ServerState>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Answer<StatusCode> {
    let share = path
        .ok()
        .and_then(|Path((_, share))| share.parse::<GrantId>().ok());
    let share = share.ok_or_else(|| not_found("share link"))?;
    if !of_session(&state, who.id).any(|row| row.id == share) {
        return Err(not_found("share link"));
    }
    let doors = state.doors();
    doors.grants().take_back(GrantKind::Share, share).await?;
    let note = Note::of(&who.principal, Action::ShareRevoke).session(who.id);
    doors.audit().note(note.detail(&share.to_string()));
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /share/{token}`: logs the browser in for that session, unless it sees it anyway, and goes there.
pub(super) async fn open(
    State(state): State<ServerState>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    principal: Option<axum::Extension<Principal>>,
) -> Answer<Response> {
    let doors = state.doors();
    let arrival = Arrival {
        headers: &headers,
        query: "",
        peer: &peer,
    };
    let from = doors.from(arrival);
    let share = path.ok().and_then(|Path(token)| doors.share(&token));
    let Some(share) = share else {
        let note = Note::by(None, &from, Action::ShareOpen);
        doors.note_refusal(&doors.client(arrival), note);
        let detail = "this link is not valid, has expired, or was taken back; ask who sent it for another";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "share_not_found", detail));
    };
    let Scope::Session(id) = share.scope else {
        return Err(not_found("share link"));
    };
    let group = state.registry().info(id).await?.group;
    let short: String = match &share.subject {
        Subject::Share(grant) => grant.to_string().chars().take(NAME_CHARS).collect(),
        _ => String::new(),
    };
    let share = Principal {
        name: Some(format!("share:{short}")),
        from,
        ..share
    };
    doors
        .audit()
        .note(Note::of(&share, Action::ShareOpen).session(id));
    let next = state.base_path().at(&format!("/t/{id}"));
    let sees = principal.is_some_and(|known| known.sees(id, group.as_deref()));
    if sees {
        return Ok(login::lead_on(&state, &next, None));
    }
    login::enter(&state, &share, arrival, &next).await
}
