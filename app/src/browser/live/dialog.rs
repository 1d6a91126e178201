//! Modal dialogs: the browser's own, which hold the focus and give it back.

use leptos::html::Dialog;
use leptos::prelude::{Get, GetUntracked, NodeRef};

/// Opens the dialog modally, once it is in the page; an effect that asks too early is told when it is.
pub fn show(node: NodeRef<Dialog>) {
    if let Some(dialog) = node.get().filter(|dialog| !dialog.open()) {
        // Fails only for a dialog outside the page.
        let _ = dialog.show_modal();
    }
}

/// Closes the dialog, if it is still there; the focus goes back to where it was.
pub fn close(node: NodeRef<Dialog>) {
    if let Some(dialog) = node.try_get_untracked().flatten() {
        dialog.close();
    }
}

/// Whether it is shown. A dialog that was opened again before its closing was told still hears of that.
pub fn is_open(node: NodeRef<Dialog>) -> bool {
    let dialog = node.try_get_untracked().flatten();
    dialog.is_some_and(|dialog| dialog.open())
}
