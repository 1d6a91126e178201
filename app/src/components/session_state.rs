//! A session's state as a dot and a word.

use leptos::prelude::*;
use sempre_protocol::api::{SessionInfo, SessionState};

use crate::format;

/// The word of the state, and how it ended, if it did.
fn words(info: &SessionInfo) -> String {
    let reason = info.end_reason.as_deref().unwrap_or_default();
    match info.state {
        SessionState::Active if info.problem.is_some() => "Problem".to_owned(),
        SessionState::Active => "Active".to_owned(),
        SessionState::Completed if info.exit.is_none() && reason == "orphaned" => "Lost".to_owned(),
        SessionState::Completed => {
            let ending = format::ending(info.exit, reason);
            let mut letters = ending.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect())
                .unwrap_or_default()
        }
        SessionState::Archived => "Archived".to_owned(),
    }
}

/// Dot and word; the colour only repeats what the word says.
#[component]
pub fn SessionStateBadge(
    /// Whose.
    #[prop(into)]
    info: Signal<SessionInfo>,
) -> impl IntoView {
    let tone = move || {
        info.with(|info| match info.state {
            SessionState::Active if info.problem.is_some() => "warn",
            SessionState::Active => "good",
            SessionState::Completed | SessionState::Archived => "calm",
        })
    };
    view! {
        <span class="state" data-tone=tone data-state=move || info.with(|info| info.state.word())>
            <span class="dot" aria-hidden="true"></span>
            {move || info.with(words)}
        </span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use sempre_protocol::texts::ExitStatus;

    use super::*;
    use crate::fixture::session;

    #[test]
    fn the_state_says_how_it_ended() {
        let mut info = session(1);
        assert_eq!(words(&info), "Active");
        info.problem = Some("the holder does not answer".into());
        assert_eq!(words(&info), "Problem");
        info.state = SessionState::Completed;
        info.exit = Some(ExitStatus::Signal(9));
        assert_eq!(words(&info), "Killed by SIGKILL (9)");
        info.exit = None;
        info.end_reason = Some("orphaned".into());
        assert_eq!(words(&info), "Lost");
    }
}
