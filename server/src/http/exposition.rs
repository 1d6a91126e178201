//! `GET /metrics` (rows T12, P10), and the layer that counts requests.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use sempre_protocol::api::SessionState;

use super::proof::{OnServer, Viewer};
use super::{ServerState, guard, headers};
use crate::measure::{self, Standing};

/// Prometheus' text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The route of a request that has none.
const NO_ROUTE: &str = "none";

/// On the main address: for who may see all sessions.
pub(super) async fn metrics(_: OnServer<Viewer>, State(state): State<ServerState>) -> Response {
    rendered(&state)
}

async fn open_metrics(State(state): State<ServerState>) -> Response {
    rendered(&state)
}

fn rendered(state: &ServerState) -> Response {
    let text = state
        .measures()
        .map(|measures| measures.render(standing(state)))
        .unwrap_or_default();
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}

fn standing(state: &ServerState) -> Standing {
    let registry = state.registry();
    let sessions = registry.list();
    let in_state = |wanted| sessions.iter().filter(|session| session.state == wanted).count();
    let space = rustix::fs::statvfs(registry.data_dir().root());
    Standing {
        active: in_state(SessionState::Active),
        completed: in_state(SessionState::Completed),
        viewers: sessions.iter().map(|session| session.viewers as usize).sum(),
        screens: registry.screen_count(),
        troubled: sessions
            .iter()
            .filter(|session| session.problem.is_some())
            .count(),
        free_bytes: space.map_or(0, |space| space.f_bavail.saturating_mul(space.f_frsize)),
    }
}

/// An address of their own: nothing else is answered there. One that only this machine reaches asks for no
/// credential; the numbers tell of no session.
pub(super) fn router(state: ServerState, is_local: bool) -> Router {
    let router = if is_local {
        Router::new().route("/metrics", get(open_metrics))
    } else {
        Router::new()
            .route("/metrics", get(metrics))
            .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
    };
    router.layer(middleware::from_fn(headers::add)).with_state(state)
}

/// Counts what is answered.
pub(super) async fn count(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = word(request.method());
    let response = next.run(request).await;
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    measure::request(method, route, response.status().as_u16());
    response
}

/// A method by a word of a short list: a client may send any.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}
