//! The pages: rendered by the app room, served with the policy and the status it asks for.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{expect_context, provide_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use sempre_app::App;
use sempre_app::data::{Answer, SetStatus, Source};
use sempre_protocol::SessionId;
use sempre_protocol::api::{Health, SessionInfo, Shells};

use super::{ServerState, headers, health};

/// Answers the pages' questions from the server's state.
struct StateSource(ServerState);

impl Source for StateSource {
    fn sessions(&self) -> Answer<Vec<SessionInfo>> {
        let sessions = self.0.registry().list();
        Box::pin(async move { sessions })
    }

    fn session(&self, id: SessionId) -> Answer<Option<SessionInfo>> {
        let registry = Arc::clone(self.0.registry());
        Box::pin(async move { registry.info(id).await.ok() })
    }

    fn health(&self) -> Answer<Health> {
        let health = health::report(&self.0);
        Box::pin(async move { health })
    }

    fn shells(&self) -> Answer<Shells> {
        let shells = self.0.registry().shells();
        Box::pin(async move { shells })
    }
}

/// All pages, and a page that says so for everything else.
pub(super) fn router(state: &ServerState) -> Router<ServerState> {
    let Some(assets) = state.site().urls() else {
        return Router::new().fallback(no_site);
    };
    let shell = move |options: LeptosOptions| sempre_app::shell(options, assets.clone());
    let context_state = state.clone();
    let context = move || provide(&context_state);
    let fallback = leptos_axum::render_app_to_stream_with_context(context.clone(), {
        let (shell, options) = (shell.clone(), axum::extract::FromRef::from_ref(state));
        move || shell(LeptosOptions::clone(&options))
    });
    Router::new()
        .leptos_routes_with_context(state, generate_route_list(App), context, {
            let options: LeptosOptions = axum::extract::FromRef::from_ref(state);
            move || shell(options.clone())
        })
        .fallback(get(fallback))
}

/// What a page finds in its context while it is rendered.
fn provide(state: &ServerState) {
    let response = expect_context::<ResponseOptions>();
    if let Some(nonce) = use_nonce()
        && let Ok(policy) = HeaderValue::from_str(&headers::page_policy(&nonce))
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let source: Arc<dyn Source> = Arc::new(StateSource(state.clone()));
    provide_context(source);
    provide_context(SetStatus(Arc::new(move |status| {
        if let Ok(status) = StatusCode::from_u16(status) {
            response.set_status(status);
        }
    })));
}

/// For a program that was built without the page.
async fn no_site() -> Response {
    let body = "<!doctype html><title>Sempre</title><h1>This server was built without its page</h1>\
                <p>Build it with <code>cargo xtask build</code>. The API works.";
    (StatusCode::NOT_IMPLEMENTED, Html(body)).into_response()
}
