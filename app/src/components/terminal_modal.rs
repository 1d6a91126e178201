//! A session's terminal in a dialog over the list. The browser's own modal dialog holds the focus and gives it back;
//! Esc belongs to the terminal, so closing has a button and a shortcut.

use leptos::ev;
use leptos::html::Dialog;
use leptos::prelude::*;
use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;

use super::{
    ConnectionBar, History, Icon, IconButton, IconLink, IconView, KeyboardHelp, Labels, Note, ParkedPanel,
    ProgressLine, TerminalLink, TerminalView,
};
use crate::browser::{dialog, page};
use crate::routes;
use crate::term::Shortcut;

/// The dialog, open as long as the component lives.
#[component]
pub fn TerminalModal(
    /// Whose terminal.
    session: SessionId,
    /// What is known of the session now.
    #[prop(into)]
    info: Signal<Option<SessionInfo>>,
    /// Called once the dialog is closed.
    #[prop(into)]
    on_closed: Callback<()>,
    /// Gets the id of a session started again.
    #[prop(into)]
    on_restarted: Callback<SessionId>,
) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    let link = TerminalLink::new();
    let wide = RwSignal::new(false);
    let on_shortcut = commands(session, node, link, wide);
    let title = Memo::new(move |_| {
        info.with(|info| info.as_ref().map(|info| info.shell.clone()).unwrap_or_default())
    });
    let label = Signal::derive(move || format!("Terminal: {}", title.get()));
    Effect::new(move || dialog::show(node));
    view! {
        <dialog
            id="terminal-modal"
            class="terminal-modal"
            class:wide=wide
            node_ref=node
            aria-labelledby="terminal-modal-title"
            closedby="none"
            on:cancel=|event: ev::Event| event.prevent_default()
            on:close=move |_| on_closed.run(())
        >
            <ModalBar session info title link wide on_shortcut />
            <TerminalView session link on_shortcut label />
            <ParkedPanel link />
            <ConnectionBar link session on_restarted on_close=move |()| dialog::close(node) />
            <Note link />
            <History link />
        </dialog>
    }
    .into_any()
}

/// What the shortcuts and the buttons of the bar do.
fn commands(
    session: SessionId,
    node: NodeRef<Dialog>,
    link: TerminalLink,
    wide: RwSignal<bool>,
) -> Callback<Shortcut> {
    Callback::new(move |shortcut| match shortcut {
        Shortcut::Close => dialog::close(node),
        Shortcut::Maximise => {
            wide.update(|wide| *wide = !*wide);
            link.focus();
        }
        Shortcut::PopOut => {
            page::open_tab(&routes::terminal(session));
            dialog::close(node);
        }
        Shortcut::Leave => page::focus("#terminal-modal .modal-bar button"),
        Shortcut::History => link.history.set(true),
        Shortcut::Copy | Shortcut::Paste => {}
    })
}

#[component]
fn ModalBar(
    session: SessionId,
    info: Signal<Option<SessionInfo>>,
    title: Memo<String>,
    link: TerminalLink,
    wide: RwSignal<bool>,
    on_shortcut: Callback<Shortcut>,
) -> impl IntoView {
    let labels = Signal::derive(move || {
        info.with(|info| info.as_ref().map(|info| info.labels.clone()).unwrap_or_default())
    });
    view! {
        <header class="terminal-bar modal-bar">
            <h2 id="terminal-modal-title">
                <IconView icon=Icon::Terminal />
                {title}
            </h2>
            <span class="program-title">{link.part(|view| view.news.title.clone())}</span>
            <Labels labels />
            <BarActions session wide on_shortcut />
            <ProgressLine link />
        </header>
    }
    .into_any()
}

#[component]
fn BarActions(session: SessionId, wide: RwSignal<bool>, on_shortcut: Callback<Shortcut>) -> impl IntoView {
    let widen = move || {
        if wide.get() {
            ("Restore", Icon::Restore)
        } else {
            ("Maximise", Icon::Maximise)
        }
    };
    let press = move |shortcut| Callback::new(move |()| on_shortcut.run(shortcut));
    let fixed = |words: &'static str| Signal::stored(words.to_owned());
    view! {
        <div class="bar-actions">
            <IconButton
                icon=Icon::History
                name=fixed("History")
                hint=fixed("History (Ctrl Shift F)")
                press=press(Shortcut::History)
            />
            <KeyboardHelp in_dialog=true />
            <IconLink
                icon=Icon::Details
                name=fixed("Session page")
                hint="Session page"
                href=routes::session(session)
            />
            <IconButton
                icon=Icon::PopOut
                name=fixed("Open in a tab of its own")
                hint=fixed("Open in a tab of its own (Ctrl Shift L)")
                press=press(Shortcut::PopOut)
            />
            <IconButton
                class="maximise"
                icon=Signal::derive(move || widen().1)
                name=Signal::derive(move || widen().0.to_owned())
                hint=Signal::derive(move || format!("{} (Ctrl Shift Enter)", widen().0))
                press=press(Shortcut::Maximise)
            />
            <IconButton
                icon=Icon::Close
                name=fixed("Close")
                hint=fixed("Close (Ctrl Shift X); the session goes on")
                press=press(Shortcut::Close)
            />
        </div>
    }
    .into_any()
}
