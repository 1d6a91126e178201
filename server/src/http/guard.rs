//! The layer in front of everything: host, credentials, origin, in this order, before any handler runs; and behind it:
//! what was begun with a credential ends with it.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use sempre_protocol::SessionId;
use tokio_util::sync::CancellationToken;

use super::{ApiError, ServerState, login};
use crate::auth::{Arrival, Credential, Peer, Principal, Standing, check_host, check_origin};

/// A handler whose credential ends while it works has this long to finish: it may be the one that ends it.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Lets a request through or answers it.
pub(super) async fn guard(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admit(&state, &parts).await {
        Ok(Admitted::Answered(answer)) => answer,
        Ok(Admitted::Stranger) => next.run(Request::from_parts(parts, body)).await,
        Ok(Admitted::As(principal)) => {
            let ended = principal.ended.clone();
            parts.extensions.insert(*principal);
            let ending = async {
                ended.cancelled().await;
                tokio::time::sleep(LAST_WORDS).await;
            };
            tokio::select! {
                response = next.run(Request::from_parts(parts, body)) => until(response, ended.clone()),
                () = ending => ApiError::unauthorized().into_response(),
            }
        }
        Err(error) => error.into_response(),
    }
}

/// The response, whose body stops when the credential ends, unless it is all there already.
fn until(response: Response, ended: CancellationToken) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(ended.cancelled_owned())))
}

/// What the guard made of a request that it does not refuse.
enum Admitted {
    /// It is answered here.
    Answered(Response),
    /// Nobody, on a path that is open to all.
    Stranger,
    /// Somebody: handlers ask `proof` what they may.
    As(Box<Principal>),
}

/// Who somebody is; none: nobody.
pub(super) async fn identify(state: &ServerState, arrival: Arrival<'_>) -> Option<Principal> {
    state.doors().make_ready(arrival).await;
    let ask = || state.doors().identify(arrival, inside(state));
    // Something worth nothing is as good as nothing; the doors have noted it.
    once_known(state, arrival.peer, ask).await.unwrap_or_default()
}

/// The same, where no HTTP is spoken and so no proxy stands between.
pub(super) async fn identify_process(state: &ServerState, peer: &Peer) -> Option<Principal> {
    let ask = || Ok::<_, Infallible>(state.doors().identify_process(peer, inside(state)));
    once_known(state, peer, ask).await.unwrap_or_default()
}

/// What `ask` finds; nobody in a session is asked for again when the sessions being started are known, since a session's first
/// program may be ahead of it.
async fn once_known<E>(
    state: &ServerState,
    peer: &Peer,
    ask: impl Fn() -> Result<Option<Principal>, E>,
) -> Result<Option<Principal>, E> {
    let found = ask()?;
    if found.is_some() || !is_in_a_session(peer) {
        return Ok(found);
    }
    state.registry().starts_settled().await;
    ask()
}

fn inside(state: &ServerState) -> impl Fn(&Standing) -> Option<SessionId> {
    |at| state.registry().session_of(&at.pids, &at.marks)
}

fn is_in_a_session(peer: &Peer) -> bool {
    let standing = peer
        .process
        .as_ref()
        .and_then(|process| process.standing.as_ref());
    standing.is_some_and(|standing| standing.in_a_session)
}

async fn admit(state: &ServerState, parts: &Parts) -> Result<Admitted, ApiError> {
    let Parts {
        headers, uri, method, ..
    } = parts;
    let host = check_host(
        headers,
        uri.authority().map(|authority| authority.as_str()),
        state.allowed_hosts(),
    )?;
    // A connection that nobody knows anything of gives no right.
    let unknown = ConnectInfo(Peer::unix(None));
    let ConnectInfo(peer) = parts.extensions.get().unwrap_or(&unknown);
    let arrival = Arrival {
        headers,
        query: uri.query().unwrap_or_default(),
        peer,
    };
    let principal = identify(state, arrival).await;
    check_origin(
        headers,
        host,
        method,
        opens_stream(headers, uri.path()),
        state.doors().proxy().is_https(headers, peer),
        principal.as_ref().map(|principal| principal.credential),
    )?;
    let page = wants_page(method, headers);
    match principal {
        // A page opened with the token becomes a login, so that the token leaves the address bar.
        Some(principal) if page && principal.credential == Credential::Query => {
            let answer = login::log_in(state, &principal, arrival, uri).await;
            Ok(Admitted::Answered(answer?))
        }
        Some(principal) => Ok(Admitted::As(Box::new(principal))),
        None if is_public(uri.path()) => Ok(Admitted::Stranger),
        // A login's cookie is not sent along with a link of another site, but with a reload by a page of this one.
        None if page && crosses_sites(headers) => {
            let target = uri.path_and_query().map_or("/", |target| target.as_str());
            let next = login::own_path(state, &state.base_path().at(target));
            Ok(Admitted::Answered(login::lead_on(state, &next, None)))
        }
        None if page => {
            let next = state.base_path().at(uri.path());
            Ok(Admitted::Answered(login::page(state, &next, None)))
        }
        None => Err(ApiError::unauthorized()),
    }
}

/// What anyone may fetch: the page's own files, the login itself, links that are their own credential. None of it
/// tells of sessions.
fn is_public(path: &str) -> bool {
    path.starts_with("/assets/")
        || path.starts_with("/share/")
        || matches!(
            path,
            "/login"
                | "/logout"
                | "/oidc/login"
                | "/oidc/callback"
                | "/favicon.svg"
                | "/favicon.ico"
                | "/robots.txt"
        )
}

fn opens_stream(headers: &HeaderMap, path: &str) -> bool {
    headers.contains_key(header::UPGRADE)
        || path.starts_with("/ws/")
        || path.ends_with("/events")
        || path.ends_with("/stream")
}

fn crosses_sites(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
}

fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::GET
        && headers
            .get_all(header::ACCEPT)
            .iter()
            .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")))
}
