//! The app: routes, and what all pages share.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::components::provide_theme;
use crate::format;
use crate::live::provide_clock;
use crate::pages::{Health, Missing, NewTerminal, Session, Sessions, Terminal};
use crate::routes;

/// All of Sempre's pages.
///
/// Every page waits for its data before it is sent, so that it can be read without scripts and its HTTP status tells
/// the truth.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_clock();
    provide_theme();
    view! {
        <Title formatter=|title: String| format::window_title(&title) />
        <a class="skip-link" href="#main">
            "Skip to content"
        </a>
        <Router base=router_base()>
            <Routes fallback=Missing>
                <Route path=path!("/") view=Sessions ssr=SsrMode::Async />
                <Route path=path!("/t/new") view=NewTerminal ssr=SsrMode::Async />
                <Route path=path!("/t/:id") view=Terminal ssr=SsrMode::Async />
                <Route path=path!("/s/:id") view=Session ssr=SsrMode::Async />
                <Route path=path!("/health") view=Health ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

/// In the context while the server collects the app's routes: it takes the base path off a request before it routes it,
/// so that it serves what has the path and what a proxy took it off alike.
#[derive(Debug, Clone, Copy)]
pub struct CollectingRoutes;

/// What every address of the app begins with, for the router.
fn router_base() -> &'static str {
    match use_context::<CollectingRoutes>() {
        Some(CollectingRoutes) => "",
        None => routes::base(),
    }
}
