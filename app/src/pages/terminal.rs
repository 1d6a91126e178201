//! The standalone terminal: a session's terminal filling the window.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};
use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;
use sempre_protocol::texts::Role;

use super::one_session::one_session;
use crate::browser::page;
use crate::components::{
    ConnectionBar, History, Icon, IconButton, IconView, KeyboardHelp, Labels, Mark, Note, ParkedPanel,
    ProgressLine, TerminalLink, TerminalView, ThemeToggle,
};
use crate::routes;
use crate::term::Shortcut;

/// `/t/{id}`.
#[component]
pub fn Terminal() -> impl IntoView {
    one_session(|info| view! { <Standalone info /> }.into_any())
}

/// What the window is called: the shell, and the story or branch if it has one.
fn title(info: &SessionInfo) -> String {
    let label = ["story", "branch"].iter().find_map(|key| info.labels.get(*key));
    match label {
        Some(label) => format!("{} · {label}", info.shell),
        None => info.shell.clone(),
    }
}

#[component]
fn Standalone(info: SessionInfo) -> impl IntoView {
    let session = info.session_id;
    let link = TerminalLink::new();
    let navigate = use_navigate();
    let on_restarted = move |id: SessionId| navigate(&routes::terminal(id), routes::as_it_is(false));
    let on_shortcut = |shortcut| {
        if shortcut == Shortcut::Leave {
            page::focus(".terminal-bar a");
        }
    };
    let label = format!("Terminal: {}", info.shell);
    let role = use_query_map().with_untracked(|query| query.get("role"));
    let role = if role.as_deref() == Some("viewer") {
        Role::Viewer
    } else {
        Role::Writer
    };
    let (own, program) = (title(&info), link.part(|view| view.news.title.clone()));
    view! {
        // The head is written once more when the page's signals are gone already.
        <Title text=move || program.try_get().flatten().unwrap_or_else(|| own.clone()) />
        <div class="standalone">
            <Bar info link />
            <main id="main" class="standalone-main">
                <TerminalView session link role on_shortcut label=Signal::stored(label) />
            </main>
            <ParkedPanel link />
            <ConnectionBar link session on_restarted />
            <Note link />
            <History link />
        </div>
    }
    .into_any()
}

#[component]
fn Bar(info: SessionInfo, link: TerminalLink) -> impl IntoView {
    let session = info.session_id;
    view! {
        <header class="terminal-bar">
            <a class="brand" href=routes::home() aria-label="Sempre: all sessions" title="All sessions">
                <Mark />
            </a>
            <h1>{info.shell.clone()}</h1>
            <span class="program-title">{link.part(|view| view.news.title.clone())}</span>
            <Labels labels=Signal::stored(info.labels) />
            <div class="bar-actions">
                <IconButton
                    icon=Icon::History
                    name=Signal::stored("History".to_owned())
                    hint=Signal::stored("History (Ctrl Shift F)".to_owned())
                    press=Callback::new(move |()| link.history.set(true))
                />
                <KeyboardHelp in_dialog=false />
                <ThemeToggle />
                <a
                    class="button quiet square"
                    href=routes::session(session)
                    aria-label="Session page"
                    title="Session page"
                >
                    <IconView icon=Icon::Details />
                </a>
            </div>
            <ProgressLine link />
        </header>
    }
    .into_any()
}
