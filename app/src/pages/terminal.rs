//! The standalone terminal: a session's terminal filling the window.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;

use super::{MissingSession, session_in_address};
use crate::browser::page;
use crate::components::{
    ConnectionBar, DataFailure, Header, Icon, IconView, KeyboardHelp, Labels, Mark, ParkedPanel,
    TerminalLink, TerminalView, ThemeToggle,
};
use crate::term::Shortcut;
use crate::{data, routes};

/// `/t/{id}`.
#[component]
pub fn Terminal() -> impl IntoView {
    let id = session_in_address();
    let session = Resource::new(
        move || id.get(),
        |id| {
            let session = id.map(data::session);
            async move {
                match session {
                    Some(session) => session.await,
                    None => Ok(None),
                }
            }
        },
    );
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match session.await {
                    Ok(Some(info)) => view! { <Standalone info /> }.into_any(),
                    Ok(None) => view! { <MissingSession /> }.into_any(),
                    Err(error) => {
                        view! {
                            <Header here="" />
                            <main id="main" class="page narrow">
                                <DataFailure error=Signal::stored(error) />
                            </main>
                        }
                            .into_any()
                    }
                }
            })}
        </Suspense>
    }
    .into_any()
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
    let on_restarted = move |id: SessionId| navigate(&routes::terminal(id), NavigateOptions::default());
    let on_shortcut = |shortcut| {
        if shortcut == Shortcut::Leave {
            page::focus(".terminal-bar a");
        }
    };
    let label = format!("Terminal: {}", info.shell);
    view! {
        <Title text=title(&info) />
        <div class="standalone">
            <Bar info />
            <main id="main" class="standalone-main">
                <TerminalView session link on_shortcut label=Signal::stored(label) />
            </main>
            <ParkedPanel link />
            <ConnectionBar link session on_restarted />
        </div>
    }
    .into_any()
}

#[component]
fn Bar(info: SessionInfo) -> impl IntoView {
    let session = info.session_id;
    view! {
        <header class="terminal-bar">
            <a class="brand" href=routes::home() aria-label="Sempre: all sessions" title="All sessions">
                <Mark />
            </a>
            <h1>{info.shell.clone()}</h1>
            <Labels labels=Signal::stored(info.labels) />
            <div class="bar-actions">
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
        </header>
    }
    .into_any()
}
