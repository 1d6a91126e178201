//! Logging a browser in: by the URL with the token, or by a form that asks for it.

use axum::extract::{Form, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::ServerState;

/// The policy of the login pages: a form, a style, no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// What the login form sends.
#[derive(Deserialize)]
pub(super) struct LoginForm {
    token: String,
    #[serde(default)]
    next: String,
}

/// `POST /login`.
pub(super) async fn submit(State(state): State<ServerState>, Form(form): Form<LoginForm>) -> Response {
    let next = local_path(&form.next);
    if !state.access().admits(form.token.trim()) {
        tracing::warn!("a login with a wrong token");
        return page(&state, next, true);
    }
    enter(&state, next)
}

/// Logs in the browser that opened `uri` with the token in the query, and leads it to `uri` without.
pub(super) fn log_in(state: &ServerState, uri: &Uri) -> Response {
    let kept: Vec<_> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.starts_with("token="))
        .collect();
    let query = kept.join("&");
    let next = if query.is_empty() {
        uri.path().to_owned()
    } else {
        format!("{}?{query}", uri.path())
    };
    enter(state, local_path(&next))
}

/// Sets the cookie and goes on to `next`.
///
/// Not by a redirect: when another site's page linked here, the browser would follow it as a cross-site
/// navigation and hold the SameSite=Strict cookie back. A page that goes on by itself is same-site.
fn enter(state: &ServerState, next: &str) -> Response {
    let next = escape(next);
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sempre</title>\
         <link rel=\"icon\" href=\"/favicon.svg\">\
         <meta http-equiv=\"refresh\" content=\"0;url={next}\"><p>Logged in. <a href=\"{next}\">Go on</a>"
    );
    let mut response = with_policy(Html(body).into_response());
    if let Some(cookie) = state
        .access()
        .set_cookie()
        .and_then(|cookie| HeaderValue::from_str(&cookie).ok())
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The page that asks for the token; it is a 401.
pub(super) fn page(state: &ServerState, next: &str, wrong: bool) -> Response {
    let style = state
        .site()
        .css_url()
        .map(|url| format!("<link rel=\"stylesheet\" href=\"{url}\">"));
    let complaint = if wrong {
        "<p class=\"login-error\" role=\"alert\">That is not this server's token.</p>"
    } else {
        ""
    };
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Log in · Sempre</title>\
         <link rel=\"icon\" href=\"/favicon.svg\">{style}</head>\
         <body class=\"login-page\"><main class=\"login\"><h1>Sempre</h1>{complaint}\
         <form method=\"post\" action=\"/login\"><input type=\"hidden\" name=\"next\" value=\"{next}\">\
         <label for=\"token\">Access token</label>\
         <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus>\
         <button type=\"submit\">Log in</button></form>\
         <p class=\"login-hint\">The server printed a login address when it started; \
         the token is also in the file <code>token</code> in its data directory.</p></main></body></html>",
        style = style.unwrap_or_default(),
        next = escape(next),
    );
    (StatusCode::UNAUTHORIZED, with_policy(Html(body).into_response())).into_response()
}

fn with_policy(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// `next` if it is a path on this server, else the start page: a login never leads elsewhere.
fn local_path(next: &str) -> &str {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if local { next } else { "/" }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_never_leads_elsewhere() {
        assert_eq!(local_path("/t/1?a=b"), "/t/1?a=b");
        for next in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/\n/x",
        ] {
            assert_eq!(local_path(next), "/", "{next:?}");
        }
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("\"><script>'&"), "&quot;&gt;&lt;script&gt;&#39;&amp;");
    }
}
