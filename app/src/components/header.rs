//! The head of every page but the terminal's.

use leptos::prelude::*;

use super::ThemeToggle;
use crate::routes;

/// Name, places to go, colours.
#[component]
pub fn Header(
    /// Path of the page this stands on.
    #[prop(into)]
    here: String,
) -> impl IntoView {
    let place = move |path: String, name: &'static str| {
        let current = (path == here).then_some("page");
        view! {
            <a href=path aria-current=current>
                {name}
            </a>
        }
    };
    view! {
        <header class="site-header">
            <a class="brand" href=routes::home()>
                <Mark />
                "Sempre"
            </a>
            <nav aria-label="Pages">
                {place(routes::home(), "Sessions")} {place(routes::health(), "Health")}
            </nav>
            <ThemeToggle />
        </header>
    }
    .into_any()
}

/// The mark: a prompt whose cursor never goes out.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <rect class="mark-field" x="1" y="1" width="22" height="22" rx="6" />
            <path class="mark-prompt" d="M6.5 8l4 4-4 4" />
            <rect class="mark-cursor" x="12.5" y="13.6" width="5.5" height="2.6" rx="0.6" />
        </svg>
    }
    .into_any()
}
