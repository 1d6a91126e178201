//! `/t/new?story=…&branch=…&shell=…`: shows what would start, and starts it only when asked to.
//!
//! The values become labels and the name of an installed shell; nothing in an address is ever an argument.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};
use sempre_protocol::api::{CreateSession, Shells};

use crate::components::{DataFailure, Header, Labels};
use crate::{data, routes};

/// Labels an address may carry.
const LABELS: [&str; 2] = ["story", "branch"];

/// `/t/new`.
#[component]
pub fn NewTerminal() -> impl IntoView {
    let shells = Resource::new(|| (), |()| data::shells());
    view! {
        <Title text="New session" />
        <Header here=routes::new_terminal() />
        <main id="main" class="page narrow">
            <Suspense>
                {move || Suspend::new(async move {
                    match shells.await {
                        Ok(shells) => view! { <Offer shells /> }.into_any(),
                        Err(error) => view! { <DataFailure error=Signal::stored(error) /> }.into_any(),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

/// What the address asks for.
#[derive(Clone, Copy)]
struct Wanted {
    shell: Memo<Option<String>>,
    labels: Memo<BTreeMap<String, String>>,
}

impl Wanted {
    fn in_address() -> Self {
        let query = use_query_map();
        let value = move |key: &str| {
            query
                .with(|query| query.get(key))
                .filter(|value| !value.is_empty())
        };
        let labels = Memo::new(move |_| {
            let labels = LABELS
                .iter()
                .filter_map(|key| Some(((*key).to_owned(), value(key)?)));
            labels.collect::<BTreeMap<_, _>>()
        });
        let shell = Memo::new(move |_| value("shell"));
        Self { shell, labels }
    }

    fn request(self) -> CreateSession {
        CreateSession {
            shell: self.shell.get_untracked(),
            labels: self.labels.get_untracked(),
            // What a person opens stays until a person ends it.
            ttl: Some(0),
            ..CreateSession::default()
        }
    }
}

#[component]
fn Offer(shells: Shells) -> impl IntoView {
    let wanted = Wanted::in_address();
    let installed = shells.installed.clone();
    let unknown = Memo::new(move |_| wanted.shell.get().filter(|shell| !installed.contains(shell)));
    let names = shells.installed.join(", ");
    let not_installed = move || {
        unknown.get().map(|shell| {
            let text = format!("“{shell}” is not installed here. Installed: {names}.");
            view! { <p class="form-error" role="alert">{text}</p> }
        })
    };
    view! {
        <section class="offer">
            <h1>"Start this session?"</h1>
            <p>"Nothing runs until you say so."</p>
            <WhatWouldStart wanted default=shells.default />
            {not_installed}
            <Start wanted disabled=Signal::derive(move || unknown.with(Option::is_some)) />
            <noscript>
                <p>"Starting a session from this page needs JavaScript."</p>
            </noscript>
        </section>
    }
    .into_any()
}

#[component]
fn WhatWouldStart(wanted: Wanted, default: String) -> impl IntoView {
    let shell = move || {
        wanted
            .shell
            .get()
            .unwrap_or_else(|| format!("{default} (default)"))
    };
    view! {
        <dl class="facts">
            <div>
                <dt>"Shell"</dt>
                <dd>
                    <code>{shell}</code>
                </dd>
            </div>
            <div>
                <dt>"Labels"</dt>
                <dd>
                    {move || wanted.labels.with(BTreeMap::is_empty).then_some("none")}
                    <Labels labels=wanted.labels />
                </dd>
            </div>
            <div>
                <dt>"Directory"</dt>
                <dd>"the home directory"</dd>
            </div>
        </dl>
    }
    .into_any()
}

#[component]
fn Start(wanted: Wanted, disabled: Signal<bool>) -> impl IntoView {
    let (busy, failed) = (RwSignal::new(false), RwSignal::new(None::<String>));
    // What the server rendered cannot be clicked yet: effects run once the page is alive.
    let alive = RwSignal::new(false);
    Effect::new(move || alive.set(true));
    let navigate = use_navigate();
    let start = move |_| {
        let (navigate, request) = (navigate.clone(), wanted.request());
        busy.set(true);
        failed.set(None);
        leptos::task::spawn_local(async move {
            let created = data::create(&request).await;
            busy.try_set(false);
            // Going back must not lead to the question again.
            let replace = routes::as_it_is(true);
            match created {
                Ok(id) => navigate(&routes::terminal(id), replace),
                Err(error) => drop(failed.try_set(Some(error.to_string()))),
            }
        });
    };
    view! {
        {move || failed.get().map(|error| view! { <p class="form-error" role="alert">{error}</p> })}
        <div class="offer-actions">
            <button
                type="button"
                class="button primary"
                class:waking=move || !alive.get()
                disabled=move || !alive.get() || busy.get() || disabled.get()
                on:click=start
            >
                {move || if busy.get() { "Starting…" } else { "Start session" }}
            </button>
            <a class="button" href=routes::home()>
                "All sessions"
            </a>
        </div>
    }
    .into_any()
}
