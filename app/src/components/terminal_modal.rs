//! A session's terminal in a dialog over the list. The browser's own modal dialog holds the focus and gives it back;
//! Esc belongs to the terminal, so closing has a button and a shortcut.

use leptos::ev;
use leptos::html::Dialog;
use leptos::prelude::*;
use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;

use super::{ConnectionBar, Icon, IconView, KeyboardHelp, Labels, ParkedPanel, TerminalLink, TerminalView};
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
    let close = Callback::new(move |()| dialog::close(node));
    let pop_out = Callback::new(move |()| {
        page::open_tab(&routes::terminal(session));
        dialog::close(node);
    });
    let on_shortcut = Callback::new(move |shortcut| match shortcut {
        Shortcut::Close => close.run(()),
        Shortcut::Maximise => wide.update(|wide| *wide = !*wide),
        Shortcut::PopOut => pop_out.run(()),
        Shortcut::Leave => page::focus("#terminal-modal .modal-bar button"),
        Shortcut::Copy | Shortcut::Paste => {}
    });
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
            <ModalBar session info title wide close pop_out />
            <TerminalView session link on_shortcut label />
            <ParkedPanel link />
            <ConnectionBar link session on_restarted on_close=close />
        </dialog>
    }
    .into_any()
}

#[component]
fn ModalBar(
    session: SessionId,
    info: Signal<Option<SessionInfo>>,
    title: Memo<String>,
    wide: RwSignal<bool>,
    close: Callback<()>,
    pop_out: Callback<()>,
) -> impl IntoView {
    let labels = Signal::derive(move || {
        info.with(|info| info.as_ref().map(|info| info.labels.clone()).unwrap_or_default())
    });
    let widen = move || {
        if wide.get() {
            ("Restore", Icon::Restore)
        } else {
            ("Maximise", Icon::Maximise)
        }
    };
    view! {
        <header class="terminal-bar modal-bar">
            <h2 id="terminal-modal-title">
                <IconView icon=Icon::Terminal />
                {title}
            </h2>
            <Labels labels />
            <div class="bar-actions">
                <KeyboardHelp in_dialog=true />
                <a
                    class="button quiet square"
                    href=routes::session(session)
                    aria-label="Session page"
                    title="Session page"
                >
                    <IconView icon=Icon::Details />
                </a>
                <button
                    type="button"
                    class="button quiet square"
                    aria-label="Open in a tab of its own"
                    title="Open in a tab of its own (Ctrl Shift L)"
                    on:click=move |_| pop_out.run(())
                >
                    <IconView icon=Icon::PopOut />
                </button>
                <button
                    type="button"
                    class="button quiet square maximise"
                    aria-label=move || widen().0
                    title=move || format!("{} (Ctrl Shift Enter)", widen().0)
                    on:click=move |_| wide.update(|wide| *wide = !*wide)
                >
                    <IconView icon=Signal::derive(move || widen().1) />
                </button>
                <button
                    type="button"
                    class="button quiet square"
                    aria-label="Close"
                    title="Close (Ctrl Shift X); the session goes on"
                    on:click=move |_| close.run(())
                >
                    <IconView icon=Icon::Close />
                </button>
            </div>
        </header>
    }
    .into_any()
}
