//! Modal dialogs: the browser's own, which hold the focus and give it back.

use leptos::html::Dialog;
use leptos::prelude::{GetUntracked, NodeRef};

/// Opens the dialog modally.
pub fn show(node: NodeRef<Dialog>) {
    if let Some(dialog) = node.get_untracked().filter(|dialog| !dialog.open()) {
        // Fails only for a dialog outside the page.
        let _ = dialog.show_modal();
    }
}

/// Closes the dialog; the focus goes back to where it was.
pub fn close(node: NodeRef<Dialog>) {
    if let Some(dialog) = node.get_untracked() {
        dialog.close();
    }
}
