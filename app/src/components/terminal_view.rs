//! The terminal itself, as a component: an empty element on the server, a running viewer in the browser.

use std::rc::Rc;

use leptos::html::Div;
use leptos::prelude::*;
use sempre_protocol::SessionId;
use sempre_protocol::texts::Role;

use super::use_theme;
use crate::browser::element;
use crate::feed::{Event, View};
use crate::term::{Bundle, Shortcut, TermError};
use crate::viewer::{Setup, Viewer};

/// Ties a terminal to the bars and buttons around it.
#[derive(Clone, Copy)]
pub struct TerminalLink {
    /// What there is to show; none until the viewer runs.
    pub view: RwSignal<Option<View>>,
    /// Why there is no viewer, for people.
    pub failed: RwSignal<Option<String>>,
    /// Whether the history is open.
    pub history: RwSignal<bool>,
    viewer: StoredValue<Option<Running>>,
}

/// A viewer where it was started. Made in the browser only: the server renders on many threads.
type Running = StoredValue<Rc<Viewer>, LocalStorage>;

impl Default for TerminalLink {
    fn default() -> Self {
        Self::new()
    }
}

impl TerminalLink {
    /// Not tied to a viewer yet.
    pub fn new() -> Self {
        Self {
            view: RwSignal::new(None),
            failed: RwSignal::new(None),
            history: RwSignal::new(false),
            viewer: StoredValue::new(None),
        }
    }

    /// What there is to show of a part of the view; whoever reads it is told when it changes.
    pub fn part(self, part: fn(&View) -> Option<String>) -> Memo<Option<String>> {
        Memo::new(move |_| self.view.with(|view| view.as_ref().and_then(part)))
    }

    /// Tells the viewer's feed what the person wants.
    pub fn tell(self, event: Event) {
        self.with_viewer(|viewer| viewer.tell(event));
    }

    /// Puts the focus into the terminal.
    pub fn focus(self) {
        self.with_viewer(Viewer::focus);
    }

    /// Does something with the viewer, if it runs.
    pub fn with_viewer(self, act: impl FnOnce(&Viewer)) {
        // The borrow ends before the viewer acts: acting may come back here.
        let viewer = self
            .viewer
            .try_get_value()
            .flatten()
            .and_then(|running| running.try_get_value());
        if let Some(viewer) = viewer {
            act(&viewer);
        }
    }

    fn take(self, started: Result<Viewer, TermError>, dark: bool) {
        match started {
            Ok(viewer) => {
                viewer.set_dark(dark);
                viewer.focus();
                let running = StoredValue::new_local(Rc::new(viewer));
                self.viewer.try_set_value(Some(running));
            }
            Err(error) => drop(self.failed.try_set(Some(error.to_string()))),
        }
    }

    /// Takes the terminal out of the page and closes its connection.
    fn stop(self) {
        let running = self.viewer.try_update_value(Option::take).flatten();
        if let Some(running) = running {
            running.dispose();
        }
    }
}

/// A terminal of a session. Fills its parent; takes the focus once it runs.
#[component]
pub fn TerminalView(
    /// Whose.
    session: SessionId,
    /// What ties it to its surroundings.
    link: TerminalLink,
    /// What the viewer asks for: to type as well, or only to look.
    #[prop(default = Role::Writer)]
    role: Role,
    /// Hears the page's shortcuts.
    #[prop(into)]
    on_shortcut: Callback<Shortcut>,
    /// Its name for screen readers.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let node = NodeRef::<Div>::new();
    let theme = use_theme();
    // Disposed with the component: tells whether somebody still waits once the terminal's code is loaded.
    let alive = StoredValue::new(());
    Effect::new(move || {
        let Some(host) = element::host(node) else { return };
        let setup = Setup {
            session,
            host,
            dark: theme.is_dark_now(),
            view: link.view,
            role,
            on_shortcut: Box::new(move |shortcut| match shortcut {
                Shortcut::History => link.history.set(true),
                other => on_shortcut.run(other),
            }),
        };
        leptos::task::spawn_local(async move {
            let bundle = Bundle::load().await;
            if alive.try_get_value().is_some() {
                let started = bundle.and_then(|bundle| Viewer::start(&bundle, setup));
                link.take(started, theme.is_dark_now());
            }
        });
    });
    Effect::new(move || {
        let dark = theme.is_dark();
        link.with_viewer(|viewer| viewer.set_dark(dark));
    });
    on_cleanup(move || link.stop());
    view! { <Frame node label link /> }.into_any()
}

#[component]
fn Frame(node: NodeRef<Div>, label: Signal<String>, link: TerminalLink) -> impl IntoView {
    let failed = link.failed;
    // Two names for one look: a bell that rings again starts it again.
    let bell = link.part(|view| match view.news.bells {
        0 => None,
        bells => Some(if bells % 2 == 0 { "even" } else { "odd" }.to_owned()),
    });
    view! {
        <div class="terminal-frame" data-bell=bell>
            <div
                class="terminal-host"
                data-testid="terminal"
                data-state="connecting"
                role="group"
                aria-label=label
                tabindex="-1"
                autofocus
                node_ref=node
            ></div>
            <noscript>
                <p class="terminal-note">"A terminal needs JavaScript and WebAssembly. The session runs on without this page."</p>
            </noscript>
            {move || failed.get().map(|error| view! { <p class="terminal-note" role="alert">{error}</p> })}
        </div>
    }
    .into_any()
}
