//! The app: routes, and what all pages share.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::components::provide_theme;
use crate::live::provide_clock;
use crate::pages::{Health, Missing, NewTerminal, Session, Sessions, Terminal};

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
        <Title formatter=|title: String| if title.is_empty() { "Sempre".to_owned() } else { format!("{title} · Sempre") } />
        <a class="skip-link" href="#main">
            "Skip to content"
        </a>
        <Router>
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
