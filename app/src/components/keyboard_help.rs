//! Which keys the page keeps for itself while the terminal has the focus.

use leptos::prelude::*;

use super::{Icon, IconView};
use crate::term::Shortcut;

/// A button and the list it shows.
#[component]
pub fn KeyboardHelp(
    /// Whether the terminal is in a dialog, which has more shortcuts.
    in_dialog: bool,
) -> impl IntoView {
    let rows = Shortcut::HELP
        .into_iter()
        .filter(move |(shortcut, _, _)| in_dialog || !shortcut.is_of_dialog())
        .map(|(_, keys, what)| {
            let keys = keys
                .split(' ')
                .map(|key| view! { <kbd>{key}</kbd> })
                .collect_view();
            view! {
                <div>
                    <dt>{keys}</dt>
                    <dd>{what}</dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <button
            type="button"
            class="button quiet square"
            popovertarget="keyboard-help"
            aria-label="Keyboard"
            title="Keyboard"
        >
            <IconView icon=Icon::Keyboard />
        </button>
        <div id="keyboard-help" class="popover" popover="auto" role="dialog" aria-label="Keyboard">
            <h2>"Keyboard"</h2>
            <p>"In the terminal all keys go to the program, Esc and Tab too, except:"</p>
            <dl class="keys">{rows}</dl>
        </div>
    }
    .into_any()
}
