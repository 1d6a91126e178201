//! The terminal itself, as a component: an empty element on the server, a running viewer in the browser.

use std::rc::Rc;

use leptos::html::Div;
use leptos::prelude::*;
use sempre_protocol::SessionId;

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
            viewer: StoredValue::new(None),
        }
    }

    /// Tells the viewer's feed what the person wants.
    pub fn tell(self, event: Event) {
        self.with_viewer(|viewer| viewer.tell(event));
    }

    /// Puts the focus into the terminal.
    pub fn focus(self) {
        self.with_viewer(Viewer::focus);
    }

    fn with_viewer(self, act: impl FnOnce(&Viewer)) {
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
            on_shortcut: Box::new(move |shortcut| on_shortcut.run(shortcut)),
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
    view! { <Frame node label failed=link.failed /> }.into_any()
}

#[component]
fn Frame(node: NodeRef<Div>, label: Signal<String>, failed: RwSignal<Option<String>>) -> impl IntoView {
    view! {
        <div class="terminal-frame">
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
