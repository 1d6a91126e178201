//! Buttons and links that show only an icon: each has a name for screen readers and a hint for pointers.

use leptos::prelude::*;

use super::{Icon, IconView};

/// A button with an icon.
#[component]
pub fn IconButton(
    /// What it shows.
    #[prop(into)]
    icon: Signal<Icon>,
    /// What it is called.
    #[prop(into)]
    name: Signal<String>,
    /// What a pointer is told; the name, if left out.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What it does.
    #[prop(into)]
    press: Callback<()>,
    /// A further class.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let hint = hint.unwrap_or(name);
    view! {
        <button
            type="button"
            class=format!("button quiet square {class}")
            aria-label=name
            title=hint
            on:click=move |_| press.run(())
        >
            <IconView icon />
        </button>
    }
    .into_any()
}

/// A link with an icon.
#[component]
pub fn IconLink(
    /// What it shows.
    icon: Icon,
    /// What it is called.
    #[prop(into)]
    name: Signal<String>,
    /// What a pointer is told.
    hint: &'static str,
    /// Where it leads.
    href: String,
) -> impl IntoView {
    view! {
        <a class="button quiet square" href=href aria-label=name title=hint>
            <IconView icon=icon />
        </a>
    }
    .into_any()
}
