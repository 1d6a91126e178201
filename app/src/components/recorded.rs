//! The word that what is typed is recorded (row P11): in the bar below a terminal for as long as the terminal is there,
//! with what that means behind it, and on the session's page.

use leptos::prelude::*;

use super::TerminalLink;

/// What is kept and what is not, for people.
const MEANING: [&str; 2] = [
    "All that is typed or pasted into this session is kept beside its output. The session's owner and administrators can \
     read it.",
    "What a program asks for without echo, such as a password for sudo, is left out. A password that another machine asks \
     for, through ssh for example, cannot be recognised and is recorded.",
];

/// The notice below a terminal; nothing in a session that is not recorded. It comes before the first key is sent.
#[component]
pub fn Recorded(
    /// The terminal's tie.
    link: TerminalLink,
) -> impl IntoView {
    let recorded = Memo::new(move |_| {
        link.view
            .with(|view| view.as_ref().is_some_and(|view| view.records_input))
    });
    let notice = move || {
        recorded.get().then(|| {
            view! {
                <button type="button" class="recording" popovertarget="recording">
                    <span class="dot" aria-hidden="true"></span>
                    "What is typed here is recorded"
                </button>
            }
        })
    };
    view! {
        <div class="connection-recording" role="status" data-testid="recording">
            {notice}
        </div>
        <div id="recording" class="popover above" popover="auto" role="dialog" aria-label="Recording of input">
            <h2>"What is typed here is recorded"</h2>
            {MEANING.map(|meaning| view! { <p>{meaning}</p> }).collect_view()}
        </div>
    }
    .into_any()
}

/// The notice on a session's page.
#[component]
pub fn RecordedNotice() -> impl IntoView {
    view! {
        <div class="notice" data-tone="bad" data-testid="recording">
            <p>
                <strong>"What is typed into this session is recorded."</strong>
            </p>
            {MEANING.map(|meaning| view! { <p>{meaning}</p> }).collect_view()}
        </div>
    }
    .into_any()
}
