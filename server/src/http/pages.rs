//! The pages: rendered by the app room, served with the policy and the status it asks for.

use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{IntoView, expect_context, provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use leptos_router::location::RequestUrl;
use sempre_app::data::{Answer, SetStatus, Source};
use sempre_app::{App, CollectingRoutes, routes};
use sempre_protocol::SessionId;
use sempre_protocol::access::Scope;
use sempre_protocol::api::{Health, RecoveryFigures, SessionInfo, Shells};
use sempre_protocol::stats::Stats;

use super::{ServerState, headers, health};
use crate::auth::Principal;

/// Answers the pages' questions from the server's state, as far as who asks may see.
struct StateSource {
    state: ServerState,
    /// None: nobody, who sees nothing.
    who: Option<Principal>,
}

impl StateSource {
    fn has_all(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.scope == Scope::All)
    }
}

fn sees(who: Option<&Principal>, session: &SessionInfo) -> bool {
    who.is_some_and(|who| who.sees(session.session_id, session.group.as_deref()))
}

impl Source for StateSource {
    fn sessions(&self) -> Answer<Vec<SessionInfo>> {
        let mut sessions = self.state.registry().list();
        sessions.retain(|session| sees(self.who.as_ref(), session));
        Box::pin(async move { sessions })
    }

    fn session(&self, id: SessionId) -> Answer<Option<SessionInfo>> {
        let registry = Arc::clone(self.state.registry());
        let who = self.who.clone();
        Box::pin(async move {
            let session = registry.info(id).await.ok();
            session.filter(|session| sees(who.as_ref(), session))
        })
    }

    fn health(&self) -> Answer<Health> {
        let (state, has_all) = (self.state.clone(), self.has_all());
        Box::pin(async move {
            let mut health = health::report(&state).await;
            if !has_all {
                // Paths, counts and problems are the server's.
                (health.active_sessions, health.screens) = (0, 0);
                health.recovery = RecoveryFigures::default();
                health.checks.clear();
            }
            health
        })
    }

    fn stats(&self) -> Answer<Option<Stats>> {
        let registry = Arc::clone(self.state.registry());
        let has_all = self.has_all();
        Box::pin(async move {
            if !has_all {
                return None;
            }
            let stats = registry.stats().await;
            stats
                .inspect_err(|error| tracing::warn!(%error, "no statistics for the health page"))
                .ok()
        })
    }

    fn shells(&self) -> Answer<Shells> {
        let shells = self.state.registry().shells();
        Box::pin(async move { shells })
    }
}

/// All pages, and a page that says so for everything else.
pub(super) fn router(state: &ServerState) -> Router<ServerState> {
    let Some(assets) = state.site().urls(state.base_path()) else {
        return Router::new().fallback(no_site);
    };
    routes::serve_below(state.base_path().as_str());
    let shell = move |options: LeptosOptions| sempre_app::shell(options, assets.clone());
    let context_state = state.clone();
    let context = move || provide(&context_state);
    let fallback = leptos_axum::render_app_to_stream_with_context(context.clone(), {
        let (shell, options) = (shell.clone(), axum::extract::FromRef::from_ref(state));
        move || shell(LeptosOptions::clone(&options))
    });
    Router::new()
        .leptos_routes_with_context(state, generate_route_list(collected), context, {
            let options: LeptosOptions = axum::extract::FromRef::from_ref(state);
            move || shell(options.clone())
        })
        .fallback(get(fallback))
}

/// The app as its routes are collected.
fn collected() -> impl IntoView {
    provide_context(CollectingRoutes);
    App()
}

/// What a page finds in its context while it is rendered.
fn provide(state: &ServerState) {
    let response = expect_context::<ResponseOptions>();
    if let Some(nonce) = use_nonce()
        && let Ok(policy) = HeaderValue::from_str(&headers::page_policy(&nonce))
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let parts = use_context::<Parts>();
    // The app knows the address as the browser does.
    if let Some(path) = parts.as_ref().and_then(|parts| parts.uri.path_and_query()) {
        provide_context(RequestUrl::new(&state.base_path().at(path.as_str())));
    }
    let source: Arc<dyn Source> = Arc::new(StateSource {
        state: state.clone(),
        who: parts.and_then(|parts| parts.extensions.get().cloned()),
    });
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
