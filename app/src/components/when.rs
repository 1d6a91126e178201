//! A moment: in UTC as the server renders it, in the person's own time once the page lives.

use leptos::prelude::*;

use crate::browser::clock;
use crate::format;

/// A moment.
#[component]
pub fn When(
    /// RFC 3339.
    #[prop(into)]
    time: String,
) -> impl IntoView {
    let shown = RwSignal::new(format::utc(&time));
    let machine = time.clone();
    Effect::new(move || {
        if let Some(local) = clock::local_time(&time) {
            shown.set(local);
        }
    });
    view! { <time datetime=machine>{shown}</time> }
}
