//! Asks about typed text that must not be sent without asking.

use leptos::prelude::*;

use super::{Icon, IconView, TerminalLink};
use crate::browser::page;
use crate::feed::{Event, ParkReason, Parked};

fn reason(reason: ParkReason) -> &'static str {
    match reason {
        ParkReason::OtherRun => "This text was typed for the previous shell and was not sent.",
        ParkReason::Uncertain => {
            "This text may not have arrived. It was not sent again, since parts of it may have."
        }
        ParkReason::Ended => "The session ended before this text could be sent.",
    }
}

/// The text, and what can be done with it; nothing while there is none.
#[component]
pub fn ParkedPanel(
    /// The terminal's tie.
    link: TerminalLink,
) -> impl IntoView {
    let parked = Memo::new(move |_| {
        link.view
            .with(|view| view.as_ref().and_then(|view| view.parked.clone()))
    });
    move || {
        parked
            .get()
            .map(|parked| view! { <Panel link parked=(*parked).clone() /> })
    }
}

#[component]
fn Panel(link: TerminalLink, parked: Parked) -> impl IntoView {
    let text = parked.shown();
    let copied = text.clone();
    let open = move || {
        link.view
            .with(|view| view.as_ref().is_some_and(|view| view.connection.is_open()))
    };
    let tell = move |event: Event| {
        link.tell(event);
        link.focus();
    };
    view! {
        <section class="parked" role="alertdialog" aria-labelledby="parked-title" data-testid="parked">
            <h2 id="parked-title">"Text not sent"</h2>
            <p>{reason(parked.reason)}</p>
            <pre tabindex="0">{text}</pre>
            <div class="parked-actions">
                <button type="button" class="button small" on:click=move |_| page::copy(copied.clone())>
                    <IconView icon=Icon::Copy />
                    "Copy"
                </button>
                <button
                    type="button"
                    class="button small"
                    disabled=move || !open()
                    on:click=move |_| tell(Event::TypeParked)
                >
                    "Type it here"
                </button>
                <button type="button" class="button small" on:click=move |_| tell(Event::DiscardParked)>
                    "Discard"
                </button>
            </div>
        </section>
    }
    .into_any()
}
