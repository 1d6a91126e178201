//! What a page says when there is no data.

use leptos::prelude::*;

use crate::browser::page;
use crate::data::DataError;
use crate::routes;

/// The error, and what to do about it.
#[component]
pub fn DataFailure(
    /// What went wrong.
    #[prop(into)]
    error: Signal<DataError>,
) -> impl IntoView {
    let logged_out = move || error.with(|error| *error == DataError::LoggedOut);
    let advice = move || {
        if logged_out() {
            "Open the login URL that the server printed when it started, or reload if you logged in elsewhere."
        } else {
            "Sessions go on without this page. Reload it once the server is back."
        }
    };
    view! {
        <section class="notice" role="alert" data-tone="bad">
            <h2>{move || error.with(ToString::to_string)}</h2>
            <p>{advice}</p>
            <p>
                <a class="button" rel="external" href=routes::home() on:click=|event| {
                    event.prevent_default();
                    page::reload();
                }>
                    "Reload"
                </a>
            </p>
        </section>
    }
    .into_any()
}
