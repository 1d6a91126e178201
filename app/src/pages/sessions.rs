//! The list of sessions, kept current by the server's events.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_meta::Title;
use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};

use crate::components::{
    DataFailure, Header, Icon, IconView, NewSessionDialog, SessionActions, SessionRows, TerminalModal,
};
use crate::data::{self, DataError};
use crate::live::{Change, Seen, use_clock, watch_sessions};
use crate::{format, routes};

/// `/`.
#[component]
pub fn Sessions() -> impl IntoView {
    let sessions = Resource::new(|| (), |()| data::sessions());
    view! {
        <Title text="" />
        <Header here=routes::home() />
        <main id="main" class="page">
            <Suspense>
                {move || Suspend::new(async move {
                    match sessions.await {
                        Ok(sessions) => view! { <LiveSessions sessions /> }.into_any(),
                        Err(error) => view! { <DataFailure error=Signal::stored(error) /> }.into_any(),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

/// The sessions as last heard.
#[derive(Clone, Copy)]
struct List {
    rows: RwSignal<BTreeMap<SessionId, Seen>>,
    failed: RwSignal<Option<DataError>>,
}

impl List {
    fn new(sessions: Vec<SessionInfo>) -> Self {
        let list = Self {
            rows: RwSignal::default(),
            failed: RwSignal::new(None),
        };
        list.replace(sessions);
        list
    }

    fn replace(self, sessions: Vec<SessionInfo>) {
        let clock = use_clock();
        let rows = sessions
            .into_iter()
            .map(|info| (info.session_id, Seen::now(info, clock)));
        self.rows.try_set(rows.collect());
    }

    fn change(self, change: Change, clock: crate::live::Clock) {
        match change {
            Change::Session(info) => {
                self.rows
                    .try_update(|rows| rows.insert(info.session_id, Seen::now(*info, clock)));
            }
            Change::Removed(id) => {
                self.rows.try_update(|rows| rows.remove(&id));
            }
            Change::Resync => self.fetch(clock),
        }
    }

    fn fetch(self, clock: crate::live::Clock) {
        let sessions = data::sessions();
        leptos::task::spawn_local(async move {
            match sessions.await {
                Ok(sessions) => {
                    let rows = sessions
                        .into_iter()
                        .map(|info| (info.session_id, Seen::now(info, clock)));
                    self.rows.try_set(rows.collect());
                    self.failed.try_set(None);
                }
                // Only this one does not mend itself.
                Err(DataError::LoggedOut) => drop(self.failed.try_set(Some(DataError::LoggedOut))),
                Err(_) => {}
            }
        });
    }
}

/// Which states are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    All,
    Active,
    Ended,
}

fn matches(info: &SessionInfo, show: Show, words: &str) -> bool {
    let active = info.state == SessionState::Active;
    let state = match show {
        Show::All => true,
        Show::Active => active,
        Show::Ended => !active,
    };
    let labels = info.labels.iter().map(|(key, value)| format!("{key}={value}"));
    let command = format::command_line(&info.cmd);
    let group = info.group.clone().unwrap_or_default();
    let texts = [
        info.shell.clone(),
        command,
        info.cwd.clone(),
        info.session_id.to_string(),
        group,
    ];
    let texts: Vec<String> = texts
        .into_iter()
        .chain(labels)
        .map(|text| text.to_lowercase())
        .collect();
    state
        && words
            .to_lowercase()
            .split_whitespace()
            .all(|word| texts.iter().any(|text| text.contains(word)))
}

/// Active ones first, then the newest.
fn in_order(rows: &BTreeMap<SessionId, Seen>, show: Show, words: &str) -> Vec<SessionId> {
    let mut shown: Vec<&SessionInfo> = rows.values().map(|seen| &seen.info).collect();
    shown.retain(|info| matches(info, show, words));
    shown.sort_by(|a, b| {
        let active = |info: &SessionInfo| info.state == SessionState::Active;
        let newest = b.started_at.cmp(&a.started_at);
        active(b)
            .cmp(&active(a))
            .then(newest)
            .then(a.session_id.cmp(&b.session_id))
    });
    shown.into_iter().map(|info| info.session_id).collect()
}

#[component]
fn LiveSessions(sessions: Vec<SessionInfo>) -> impl IntoView {
    let list = List::new(sessions);
    let clock = use_clock();
    let up = watch_sessions(move |change| list.change(change, clock));
    let (show, words) = (RwSignal::new(Show::All), RwSignal::new(String::new()));
    let (creating, opened) = (RwSignal::new(false), RwSignal::new(None::<SessionId>));
    let actions = SessionActions::new();
    let ids = Memo::new(move |_| {
        list.rows
            .with(|rows| words.with(|words| in_order(rows, show.get(), words)))
    });
    let empty = Memo::new(move |_| list.rows.with(BTreeMap::is_empty));
    let seen = Callback::new(move |id: SessionId| list.rows.with(|rows| rows.get(&id).cloned()));
    let on_open = Callback::new(move |id| opened.set(Some(id)));
    let rows = move || match (empty.get(), ids.with(Vec::is_empty)) {
        (true, _) => view! { <Invitation creating /> }.into_any(),
        (_, true) => view! { <p class="nothing">"No session matches."</p> }.into_any(),
        _ => view! { <SessionRows ids seen on_open actions /> }.into_any(),
    };
    let failure = move || {
        list.failed
            .get()
            .map(|error| view! { <DataFailure error=Signal::stored(error) /> })
    };
    let dialog = move || {
        let on_closed = move |()| creating.set(false);
        creating
            .get()
            .then(|| view! { <NewSessionDialog on_created=on_open on_closed /> })
    };
    view! {
        <Head up empty creating />
        {failure}
        <Show when=move || !empty.get()>
            <Filter list show words />
        </Show>
        {rows}
        {dialog}
        <OpenTerminal opened seen />
        {actions.view()}
    }
    .into_any()
}

#[component]
fn Head(up: RwSignal<bool>, empty: Memo<bool>, creating: RwSignal<bool>) -> impl IntoView {
    view! {
        <div class="page-head">
            <h1>"Sessions"</h1>
            <LiveMark up />
            <button
                type="button"
                class="button"
                class:primary=move || !empty.get()
                on:click=move |_| creating.set(true)
            >
                <IconView icon=Icon::Add />
                "New session"
            </button>
        </div>
    }
    .into_any()
}

/// Says so when the list is not current.
#[component]
fn LiveMark(up: RwSignal<bool>) -> impl IntoView {
    view! {
        <p class="live-mark" role="status" data-tone=move || if up.get() { "good" } else { "warn" }>
            {move || (!up.get()).then_some("Not current: the connection is lost. Trying again.")}
        </p>
    }
    .into_any()
}

#[component]
fn OpenTerminal(
    opened: RwSignal<Option<SessionId>>,
    seen: Callback<SessionId, Option<Seen>>,
) -> impl IntoView {
    move || {
        opened.get().map(|session| {
            let info = Signal::derive(move || seen.run(session).map(|seen| seen.info));
            let on_closed = move |()| {
                // Unless another one was opened in its place.
                opened.update(|opened| *opened = opened.filter(|id| *id != session));
            };
            view! { <TerminalModal session info on_closed on_restarted=move |id| opened.set(Some(id)) /> }
        })
    }
}

#[component]
fn Invitation(creating: RwSignal<bool>) -> impl IntoView {
    view! {
        <section class="empty" data-testid="empty">
            <div class="empty-art" aria-hidden="true">
                <span class="empty-prompt">"$"</span>
                <span class="empty-cursor"></span>
            </div>
            <h2>"Start a shell that stays"</h2>
            <p>
                "Close the tab, lose the network, restart the server: it keeps running, and every line is there when you come back."
            </p>
            <button type="button" class="button primary" on:click=move |_| creating.set(true)>
                <IconView icon=Icon::Add />
                "Start the first session"
            </button>
        </section>
    }
    .into_any()
}

#[component]
fn Filter(list: List, show: RwSignal<Show>, words: RwSignal<String>) -> impl IntoView {
    view! {
        <div class="filter">
            <States list show />
            <label class="search">
                <span class="offscreen">"Filter by shell, command, directory or label"</span>
                <IconView icon=Icon::Search />
                <input
                    type="search"
                    placeholder="Filter"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=words
                    on:input:target=move |event| words.set(event.target().value())
                />
            </label>
        </div>
    }
    .into_any()
}

/// The states to choose from, with how many sessions are in each.
#[component]
fn States(list: List, show: RwSignal<Show>) -> impl IntoView {
    let count = move |wanted: Show| {
        list.rows.with(|rows| {
            rows.values()
                .filter(|seen| matches(&seen.info, wanted, ""))
                .count()
        })
    };
    let choice = move |wanted: Show, name: &'static str| {
        view! {
            <button
                type="button"
                aria-pressed=move || (show.get() == wanted).to_string()
                on:click=move |_| show.set(wanted)
            >
                {name}
                " "
                <span class="count">{move || count(wanted)}</span>
            </button>
        }
    };
    view! {
        <div class="segments" role="group" aria-label="State">
            {choice(Show::All, "All")} {choice(Show::Active, "Active")} {choice(Show::Ended, "Ended")}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::session;

    fn rows(sessions: impl IntoIterator<Item = SessionInfo>) -> BTreeMap<SessionId, Seen> {
        let seen = |info: SessionInfo| (info.session_id, Seen { info, at_s: 0 });
        sessions.into_iter().map(seen).collect()
    }

    fn ended(number: u8) -> SessionInfo {
        SessionInfo {
            state: SessionState::Completed,
            ..session(number)
        }
    }

    #[test]
    fn active_sessions_come_first_then_the_newest() {
        let rows = rows([session(1), ended(4), session(3), ended(2)]);
        let order = in_order(&rows, Show::All, "");
        let numbers: Vec<u8> = order.iter().map(|id| id.as_bytes()[0]).collect();
        assert_eq!(numbers, [3, 1, 4, 2]);
        assert_eq!(in_order(&rows, Show::Ended, "").len(), 2);
    }

    #[test]
    fn every_word_of_the_filter_must_be_found_somewhere() {
        let mut info = session(1);
        info.labels.insert("story".into(), "SEM-142".into());
        for words in ["", "bash", "BASH srv", "story=sem", "142 /bin", "0101"] {
            assert!(matches(&info, Show::All, words), "{words}");
        }
        for words in ["zsh", "bash 143"] {
            assert!(!matches(&info, Show::All, words), "{words}");
        }
        assert!(!matches(&info, Show::Ended, "bash"));
    }
}
