//! Logging a browser in: by the URL with the token, or by a form that asks for it.

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::{ApiError, ServerState, assets};
use crate::auth::audit::{Action, Note};
use crate::auth::{Arrival, LoginError, OidcError, Peer, Principal};
use crate::config::BasePath;
use crate::markup::escape;
use crate::store::GrantKind;

/// The policy of the login pages: a form, a style, no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// What the login form sends.
#[derive(Deserialize, utoipa::ToSchema)]
pub(super) struct LoginForm {
    /// Whose password it is; empty: it is a token or a key.
    #[serde(default)]
    user: String,
    /// The secret.
    token: String,
    /// Where to go then: a path of this server.
    #[serde(default)]
    next: String,
}

/// `POST /login`.
pub(super) async fn submit(
    State(state): State<ServerState>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, ApiError> {
    let Form(form) =
        form.map_err(|rejection| ApiError::new(rejection.status(), "bad_body", rejection.body_text()))?;
    let base = state.base_path();
    let home = base.at("/");
    let next = if is_own_path(base, &form.next) {
        &form.next
    } else {
        &home
    };
    let arrival = Arrival {
        headers: &headers,
        query: "",
        peer: &peer,
    };
    let (user, secret) = (form.user.trim(), form.token.as_str());
    // Passwords may begin or end with a space, tokens are pasted.
    let secret = if user.is_empty() { secret.trim() } else { secret };
    match state.doors().admit(arrival, user, secret).await {
        Ok(principal) => enter(&state, &principal, arrival, next).await,
        Err(error) => Ok(page(&state, next, Some(&error))),
    }
}

/// `POST /logout`: ends the login this browser came by, and what it has open.
pub(super) async fn log_out(
    State(state): State<ServerState>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    principal: Option<Extension<Principal>>,
) -> Result<Response, ApiError> {
    let doors = state.doors();
    if let Some(Extension(principal)) = principal
        && let Some(login) = principal.login
    {
        doors.audit().note(Note::of(&principal, Action::Logout));
        doors.grants().take_back(GrantKind::Login, login).await?;
    }
    let cookie = doors.log_out(doors.proxy().is_https(&headers, &peer));
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Logs in the browser that opened `uri` with a token in the query, and leads it to `uri` without.
pub(super) async fn log_in(
    state: &ServerState,
    principal: &Principal,
    arrival: Arrival<'_>,
    uri: &Uri,
) -> Result<Response, ApiError> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let kept: Vec<_> = pairs.filter(|pair| !pair.starts_with("token=")).collect();
    let query = kept.join("&");
    let base = state.base_path();
    let mut next = base.at(uri.path());
    if !query.is_empty() {
        next = format!("{next}?{query}");
    }
    if !is_own_path(base, &next) {
        next = base.at("/");
    }
    enter(state, principal, arrival, &next).await
}

/// Logs somebody in and goes on to `next`.
pub(super) async fn enter(
    state: &ServerState,
    principal: &Principal,
    arrival: Arrival<'_>,
    next: &str,
) -> Result<Response, ApiError> {
    let doors = state.doors();
    let secure = doors.proxy().is_https(arrival.headers, arrival.peer);
    let cookie = doors.log_in(principal, secure).await?;
    doors.audit().note(Note::of(principal, Action::Login));
    Ok(lead_on(state, next, Some(&cookie)))
}

/// Goes on to `next`, with a cookie if there is one to set.
///
/// Not by a redirect: when another site's page linked here, the browser would follow it as a cross-site
/// navigation and hold the SameSite=Strict cookie back. A page that goes on by itself is same-site.
pub(super) fn lead_on(state: &ServerState, next: &str, cookie: Option<&str>) -> Response {
    let next = escape(next);
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sempre</title>\
         <link rel=\"icon\" href=\"{icon}\">\
         <meta http-equiv=\"refresh\" content=\"0;url={next}\"><p><a href=\"{next}\">Go on</a>",
        icon = state.base_path().at(assets::FAVICON),
    );
    let mut response = with_policy(Html(body).into_response());
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// What the form is answered that did not log in: status, and what the page says.
fn complaint(error: &LoginError) -> (StatusCode, String) {
    match error {
        LoginError::Wrong => (
            StatusCode::UNAUTHORIZED,
            "That is not this server's token.".into(),
        ),
        LoginError::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, format!("{error}.")),
        LoginError::Password(_) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}.")),
        LoginError::Oidc(oidc) => {
            let status = match oidc {
                OidcError::NotBegun => StatusCode::BAD_REQUEST,
                OidcError::Provider(_) => StatusCode::BAD_GATEWAY,
                OidcError::NotAllowed(_) => StatusCode::FORBIDDEN,
                OidcError::Random(_) => StatusCode::SERVICE_UNAVAILABLE,
                OidcError::Refused(_) | OidcError::Token(_) | OidcError::Nonce => StatusCode::UNAUTHORIZED,
            };
            let said = error.to_string();
            let (first, rest) = said.split_at(said.chars().next().map_or(0, char::len_utf8));
            (status, format!("{}{rest}.", first.to_uppercase()))
        }
    }
}

/// The page that asks for the token, and for a name where there are users; a 401 unless something else went wrong.
pub(super) fn page(state: &ServerState, next: &str, error: Option<&LoginError>) -> Response {
    let base = state.base_path();
    let users = state.doors().users().have_passwords();
    let style = state
        .site()
        .css_url(base)
        .map(|url| format!("<link rel=\"stylesheet\" href=\"{url}\">"));
    let (status, complaint) = match error {
        None => (StatusCode::UNAUTHORIZED, String::new()),
        Some(LoginError::Wrong) if users => (
            StatusCode::UNAUTHORIZED,
            "The name or the secret is wrong.".into(),
        ),
        Some(error) => complaint(error),
    };
    let complaint = match complaint.as_str() {
        "" => String::new(),
        text => format!("<p class=\"login-error\" role=\"alert\">{}</p>", escape(text)),
    };
    let (name, label) = match users {
        true => (
            "<label for=\"user\">Name (empty for an access token or key)</label>\
             <input id=\"user\" name=\"user\" autocomplete=\"username\" autofocus>",
            "Password, access token or key",
        ),
        false => ("", "Access token"),
    };
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Log in · Sempre</title>\
         <link rel=\"icon\" href=\"{icon}\">{style}</head>\
         <body class=\"login-page\"><main class=\"login\"><h1>Sempre</h1>{complaint}{elsewhere}\
         <form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"next\" value=\"{next}\">\
         {name}<label for=\"token\">{label}</label>\
         <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus>\
         <button type=\"submit\">Log in</button></form>\
         <p class=\"login-hint\">The server printed a login address when it started; \
         the token is also in the file <code>token</code> in its data directory.</p></main></body></html>",
        style = style.unwrap_or_default(),
        elsewhere = elsewhere(state, next),
        next = escape(next),
        icon = base.at(assets::FAVICON),
        action = base.at("/login"),
    );
    let mut response = (status, with_policy(Html(body).into_response())).into_response();
    if let Some(LoginError::TooMany(wait)) = error {
        let seconds = HeaderValue::from(wait.as_secs() + 1);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn with_policy(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// `next` if it is a path on this server, else the start page.
pub(super) fn own_path(state: &ServerState, next: &str) -> String {
    let base = state.base_path();
    match is_own_path(base, next) {
        true => next.to_owned(),
        false => base.at("/"),
    }
}

/// The way to the login service, if there is one.
fn elsewhere(state: &ServerState, next: &str) -> String {
    let Some(oidc) = state.doors().oidc() else {
        return String::new();
    };
    let next: String = byte_serialize(next.as_bytes()).collect();
    let url = state.base_path().at("/oidc/login");
    let host = escape(oidc.host());
    format!("<p class=\"login-hint\"><a href=\"{url}?next={next}\">Log in at {host}</a></p>")
}

/// Whether `next` is a path on this server: a login never leads elsewhere.
fn is_own_path(base: &BasePath, next: &str) -> bool {
    let below = next.strip_prefix(base.as_str());
    let up = next.split(['/', '?', '#']).any(|name| name == "..");
    below.is_some_and(|path| path.starts_with('/'))
        && !next.starts_with("//")
        && !up
        && !next.contains(['\\', '\r', '\n', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_never_leads_elsewhere() {
        let root = BasePath::default();
        assert!(is_own_path(&root, "/t/1?a=b"));
        for next in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/\n/x",
        ] {
            assert!(!is_own_path(&root, next), "{next:?}");
        }
        let sempre: BasePath = "/sempre".parse().unwrap();
        assert!(is_own_path(&sempre, "/sempre/t/1"));
        for next in [
            "/",
            "/t/1",
            "/semprex/",
            "/sempre",
            "/sempre/../mail",
            "//sempre/",
        ] {
            assert!(!is_own_path(&sempre, next), "{next:?}");
        }
    }
}
