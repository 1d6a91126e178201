//! A dialog that asks before something is done that cannot be undone.

use std::sync::Arc;

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::browser::dialog;

/// What to ask, and what to do on "yes".
#[derive(Clone)]
pub struct Question {
    /// The question itself.
    pub title: String,
    /// What it means.
    pub text: String,
    /// The word on the button that does it.
    pub yes: &'static str,
    /// Does it. Not a `Callback`: what asked may be gone before the answer.
    pub act: Arc<dyn Fn() + Send + Sync>,
}

/// Shows the question in `asked`; answering it empties `asked`.
#[component]
pub fn QuestionDialog(
    /// The question to ask, if there is one.
    asked: RwSignal<Option<Question>>,
) -> impl IntoView {
    view! { {move || asked.get().map(|question| view! { <Asking question asked /> })} }
}

#[component]
fn Asking(question: Question, asked: RwSignal<Option<Question>>) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    Effect::new(move || dialog::show(node));
    // Disposed with this question: its dialog may tell of its closing after the next one was asked, which is then shown
    // in the same dialog.
    let alive = StoredValue::new(());
    let act = question.act;
    let yes = move |_| {
        dialog::close(node);
        act();
    };
    view! {
        <dialog
            class="dialog question"
            node_ref=node
            aria-labelledby="question-title"
            aria-describedby="question-text"
            on:close=move |_| {
                if alive.try_get_value().is_some() && !dialog::is_open(node) {
                    asked.set(None);
                }
            }
        >
            <h2 id="question-title">{question.title}</h2>
            <p id="question-text">{question.text}</p>
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| dialog::close(node)>
                    "Cancel"
                </button>
                <button type="button" class="button danger" on:click=yes>
                    {question.yes}
                </button>
            </div>
        </dialog>
    }
    .into_any()
}
