//! What the program in a terminal says of itself besides its output: how far it is, and notes to the person. All of it
//! is text that a program chose.

use leptos::prelude::*;

use super::TerminalLink;
use crate::browser::clock::Timer;

/// How long a note stays, ms, unless it is dismissed.
const NOTE_MS: u64 = 10_000;

/// A thin bar while the program reports progress.
#[component]
pub fn ProgressLine(
    /// The terminal's tie.
    link: TerminalLink,
) -> impl IntoView {
    let percent = link.part(|view| view.news.progress.map(|percent| percent.to_string()));
    move || {
        percent.get().map(|percent| {
            let style = format!("width:{percent}%");
            view! {
                <div
                    class="progress-line"
                    role="progressbar"
                    aria-label="Progress of the program"
                    aria-valuenow=percent
                    style=style
                ></div>
            }
        })
    }
}

/// The program's latest note, for a while.
#[component]
pub fn Note(
    /// The terminal's tie.
    link: TerminalLink,
) -> impl IntoView {
    // The number in front tells the same words said twice apart.
    let note = link.part(|view| {
        view.news
            .note
            .as_ref()
            .map(|(number, words)| format!("{number} {words}"))
    });
    let shown = RwSignal::new(String::new());
    Effect::new(move || {
        let note = note.get().unwrap_or_default();
        shown.set(note.split_once(' ').map_or("", |(_, words)| words).to_owned());
        // Kept by the effect until the next note.
        StoredValue::new_local(Timer::after(NOTE_MS, move || drop(shown.try_set(String::new()))));
    });
    view! {
        <div class="toast note" role="status" hidden=move || shown.with(String::is_empty)>
            <p>{shown}</p>
            <button type="button" class="button small" on:click=move |_| shown.set(String::new())>
                "Dismiss"
            </button>
        </div>
    }
    .into_any()
}
