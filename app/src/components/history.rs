//! The history of a session in a dialog over its terminal: read-only, searched, copied from. The browser's own modal
//! dialog holds the focus; Escape closes it and the terminal has the focus again.

use leptos::ev;
use leptos::html::{Dialog, Div};
use leptos::prelude::*;

use super::{Icon, IconButton, IconView, TerminalLink};
use crate::browser::{dialog, element, page};
use crate::history::Said;
use crate::viewer::Viewer;

/// The dialog, while it is asked for.
#[component]
pub fn History(
    /// The terminal's tie, which says whether the history is open.
    link: TerminalLink,
) -> impl IntoView {
    move || link.history.get().then(|| view! { <HistoryDialog link /> })
}

#[component]
fn HistoryDialog(link: TerminalLink) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    let lines = NodeRef::<Div>::new();
    let text = || RwSignal::new(String::new());
    let (seen, news, found, wrong) = (text(), text(), text(), text());
    Effect::new(move || {
        dialog::show(node);
        if let Some(host) = element::host(lines) {
            let said = Said {
                seen,
                news,
                found,
                wrong,
            };
            let leave = move || dialog::close(node);
            link.with_viewer(|viewer| viewer.read_history(&host, said, leave));
        }
    });
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        // A search field would take it to empty itself.
        "Escape" => dialog::close(node),
        // The browser would search only what is drawn.
        "f" | "F" if event.ctrl_key() => {
            event.prevent_default();
            page::focus(".history input");
        }
        _ => {}
    };
    let closed = move |_| {
        let _ = link.history.try_set(false);
        link.with_viewer(Viewer::leave_history);
    };
    view! {
        <dialog class="history" aria-labelledby="history-title" node_ref=node on:close=closed on:keydown=on_key>
            <header class="terminal-bar">
                <h2 id="history-title">
                    <IconView icon=Icon::History />
                    "History"
                </h2>
                <SearchField link found />
                <IconButton
                    icon=Icon::Close
                    name=fixed("Back to the terminal")
                    hint=fixed("Back to the terminal (Esc)")
                    press=Callback::new(move |()| dialog::close(node))
                />
            </header>
            <div class="history-lines" tabindex="0" role="region" aria-label="Output" autofocus node_ref=lines></div>
            <News link news />
            <footer class="connection-bar">
                <p data-testid="history-seen">{seen}</p>
                <p class="connection-notice" role="status">{wrong}</p>
                <p class="connection-facts">
                    "Read only"<span class="by-finger">"Pull past the end for the terminal"</span>
                </p>
            </footer>
        </dialog>
    }
    .into_any()
}

/// What came while one reads elsewhere: counted in a button that leads there, told once to screen readers.
#[component]
fn News(link: TerminalLink, news: RwSignal<String>) -> impl IntoView {
    let is_there = Memo::new(move |_| news.with(|news| !news.is_empty()));
    let press = move |_| {
        // The button goes: the rows have the focus.
        page::focus(".history-lines");
        link.with_viewer(Viewer::history_to_end);
    };
    view! {
        <div class="history-news">
            <p class="offscreen" role="status">{move || is_there.get().then_some("New lines at the end")}</p>
            <button type="button" class="button small" hidden=move || !is_there.get() on:click=press>
                <IconView icon=Icon::Down />
                {news}
            </button>
        </div>
    }
    .into_any()
}

fn fixed(words: &'static str) -> Signal<String> {
    Signal::stored(words.to_owned())
}

#[component]
fn SearchField(link: TerminalLink, found: RwSignal<String>) -> impl IntoView {
    let query = RwSignal::new(String::new());
    let find = move |older: bool| {
        link.with_viewer(|viewer| viewer.search_history(query.get_untracked(), older));
    };
    let press = move |older: bool| Callback::new(move |()| find(older));
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            find(!event.shift_key());
        }
    };
    view! {
        <div class="search" role="search">
            <IconView icon=Icon::Search />
            <input
                type="search"
                aria-label="Search the history"
                placeholder="Search"
                on:input=move |event| query.set(event_target_value(&event))
                on:keydown=on_key
            />
        </div>
        <p class="history-found" role="status">{found}</p>
        <div class="bar-actions">
            <IconButton
                icon=Icon::Up
                name=fixed("Older match")
                hint=fixed("Older match (Enter)")
                press=press(true)
            />
            <IconButton
                icon=Icon::Down
                name=fixed("Newer match")
                hint=fixed("Newer match (Shift Enter)")
                press=press(false)
            />
        </div>
    }
    .into_any()
}
