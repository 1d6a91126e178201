//! `/oidc/login` and `/oidc/callback`: out to someone else's login page and back.

use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use url::Url;

use super::{ApiError, ServerState, login};
use crate::auth::{Arrival, Callback, Peer};

/// Where the provider sends browsers back to, below the base path.
const CALLBACK: &str = "/oidc/callback";

/// What the login page's link says.
#[derive(Deserialize)]
pub(super) struct Begin {
    #[serde(default)]
    next: String,
}

/// `GET /oidc/login`: sends the browser to the provider.
pub(super) async fn begin(
    State(state): State<ServerState>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    uri: Uri,
    begin: Result<Query<Begin>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(begin) = begin.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let secure = state.doors().proxy().is_https(&headers, &peer);
    let redirect = redirect_url(&state, &headers, &uri, secure)?;
    let next = login::own_path(&state, &begin.next);
    match state.doors().begin_elsewhere(&next, &redirect, secure).await {
        Ok((url, cookie)) => {
            let mut response = StatusCode::SEE_OTHER.into_response();
            set(&mut response, header::LOCATION, url.as_str());
            set(&mut response, header::SET_COOKIE, &cookie);
            Ok(response)
        }
        Err(error) => Ok(login::page(&state, &next, Some(&error))),
    }
}

/// `GET /oidc/callback`: logs in whom the provider vouches for.
pub(super) async fn finish(
    State(state): State<ServerState>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    uri: Uri,
    callback: Result<Query<Callback>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(callback) = callback.map_err(|rejection| ApiError::bad_query(&rejection))?;
    let arrival = Arrival {
        headers: &headers,
        query: "",
        peer: &peer,
    };
    let doors = state.doors();
    let redirect = redirect_url(&state, &headers, &uri, doors.proxy().is_https(&headers, &peer))?;
    let mut response = match doors.admit_from_elsewhere(arrival, &callback, &redirect).await {
        Ok((principal, next)) => {
            let next = login::own_path(&state, &next);
            login::enter(&state, &principal, arrival, &next).await?
        }
        Err(error) => login::page(&state, &state.base_path().at("/"), Some(&error)),
    };
    if let Some(forget) = doors.forget_elsewhere(&redirect)
        && let Ok(forget) = HeaderValue::from_str(&forget)
    {
        response.headers_mut().append(header::SET_COOKIE, forget);
    }
    Ok(response)
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The address of [`CALLBACK`], as the provider has it: below `--external-url`, else at the host the guard has let
/// through.
fn redirect_url(state: &ServerState, headers: &HeaderMap, uri: &Uri, secure: bool) -> Result<Url, ApiError> {
    let text = match state.external_url() {
        Some(external) => format!("{}{CALLBACK}", external.as_str().trim_end_matches('/')),
        None => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
            let scheme = if secure { "https" } else { "http" };
            let path = state.base_path().at(CALLBACK);
            format!("{scheme}://{}{path}", host.unwrap_or_default())
        }
    };
    Url::parse(&text).map_err(|_| {
        let detail = format!("{text:?} is no address to come back to; name it with --external-url");
        ApiError::new(StatusCode::BAD_REQUEST, "no_way_back", detail)
    })
}
