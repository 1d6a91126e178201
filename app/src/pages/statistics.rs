//! Statistics of all sessions (L6), a part of the health page: how many ended, how many run for long, and the newest. The
//! sessions that can be worked with are on the list of sessions.

use leptos::prelude::*;
use sempre_protocol::api::SessionState;

use crate::components::{When, figures};
use crate::reading::{Recent, SessionStats};
use crate::routes;

/// For who may see all sessions.
pub(super) fn statistics(stats: SessionStats) -> AnyView {
    let counts = [
        ("Ended", stats.by_status.completed),
        ("Archived", stats.by_status.archived),
        ("Active for more than a day", stats.active_longer_than_a_day.count),
    ];
    view! {
        <section aria-labelledby="statistics-title" data-testid="statistics">
            <h2 id="statistics-title" class="figures-title">
                "All sessions"
            </h2>
            {figures(counts.map(|(name, count)| (name, count.to_string())))}
            <h2 id="recent-title" class="figures-title">
                "Started last"
            </h2>
            <ol class="checks" aria-labelledby="recent-title">
                {stats.recent.into_iter().map(row).collect_view()}
            </ol>
        </section>
    }
    .into_any()
}

fn row(session: Recent) -> AnyView {
    let (word, tone) = match session.status {
        Some(SessionState::Active) => ("Active", "good"),
        Some(SessionState::Completed) => ("Ended", "calm"),
        _ => ("Archived", "calm"),
    };
    view! {
        <li class="check">
            <a href=session.session_id.map(routes::session)>{session.shell}</a>
            <span class="state" data-tone=tone>
                <span class="dot" aria-hidden="true"></span>
                {word}
            </span>
            <p>
                <When time=session.started_at />
            </p>
        </li>
    }
    .into_any()
}
