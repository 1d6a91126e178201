//! What can be done to a session from any page: end it, remove it, start it again.

use std::sync::Arc;

use leptos::prelude::*;
use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;

use super::{Question, QuestionDialog};
use crate::data::{self, DataError};
use crate::format;

/// The actions of one page, with the question being asked and the last failure.
#[derive(Clone, Copy)]
pub struct SessionActions {
    asked: RwSignal<Option<Question>>,
    failed: RwSignal<Option<DataError>>,
}

impl Default for SessionActions {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionActions {
    /// Nothing asked, nothing failed.
    pub fn new() -> Self {
        Self {
            asked: RwSignal::new(None),
            failed: RwSignal::new(None),
        }
    }

    /// Asks, then ends an active session; `done` is called once the server agreed.
    pub fn end(self, info: &SessionInfo, done: Callback<()>) {
        let id = info.session_id;
        self.asked.set(Some(Question {
            title: format!("End this {} session?", info.shell),
            text: format!(
                "{} and everything it runs is told to stop. Its output is kept.",
                format::command_line(&info.cmd)
            ),
            yes: "End session",
            act: Arc::new(move || self.delete(id, done)),
        }));
    }

    /// Asks, then removes an ended session; `done` is called once the server agreed.
    pub fn remove(self, info: &SessionInfo, done: Callback<()>) {
        let id = info.session_id;
        let kept = info.offset.since(info.base_offset);
        self.asked.set(Some(Question {
            title: format!("Remove this {} session?", info.shell),
            text: format!(
                "Its journal ({} of output) is deleted for good.",
                format::bytes(kept)
            ),
            yes: "Remove",
            act: Arc::new(move || self.delete(id, done)),
        }));
    }

    /// Starts an ended session again; `done` gets the new session's id.
    pub fn restart(self, id: SessionId, done: Callback<SessionId>) {
        leptos::task::spawn_local(async move {
            match data::restart(id).await {
                // None if the page that asked is gone.
                Ok(created) => drop(done.try_run(created)),
                Err(error) => self.fail(error),
            }
        });
    }

    fn delete(self, id: SessionId, done: Callback<()>) {
        leptos::task::spawn_local(async move {
            match data::delete(id).await {
                // Someone else was faster: it is as wished.
                Ok(()) | Err(DataError::NotFound) => drop(done.try_run(())),
                Err(error) => self.fail(error),
            }
        });
    }

    fn fail(self, error: DataError) {
        self.failed.try_set(Some(error));
    }

    /// Where the question is asked and a failure is told; once per page.
    pub fn view(self) -> impl IntoView {
        let failure = move || {
            self.failed.get().map(|error| {
                view! {
                    <div class="toast" role="alert">
                        <p>{error.to_string()}</p>
                        <button type="button" class="button small" on:click=move |_| self.failed.set(None)>
                            "Dismiss"
                        </button>
                    </div>
                }
            })
        };
        view! {
            <QuestionDialog asked=self.asked />
            {failure}
        }
    }
}
