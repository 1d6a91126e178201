//! The list of sessions: a table where there is room, cards where there is not (the style sheet decides).

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};

use super::{Icon, IconView, Labels, SessionActions, SessionStateBadge};
use crate::live::{Seen, use_clock};
use crate::{format, routes};

/// The rows for these sessions, in this order.
#[component]
pub(crate) fn SessionRows(
    /// Which, in which order.
    ids: Memo<Vec<SessionId>>,
    /// What is known of one.
    seen: Callback<SessionId, Option<Seen>>,
    /// Opens the terminal's dialog.
    on_open: Callback<SessionId>,
    /// Ends and removes.
    actions: SessionActions,
) -> impl IntoView {
    // Roles are written out: a table laid out as cards loses its own.
    view! {
        <table class="sessions" role="table" aria-label="Sessions">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Session"</th>
                    <th role="columnheader" scope="col">"State"</th>
                    <th role="columnheader" scope="col">"Directory"</th>
                    <th role="columnheader" scope="col">"Up"</th>
                    <th role="columnheader" scope="col">"Size"</th>
                    <th role="columnheader" scope="col">"Viewers"</th>
                    <th role="columnheader" scope="col">
                        <span class="offscreen">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                <For
                    each=move || ids.get()
                    key=|id| *id
                    children=move |id| {
                        let row = Memo::new(move |_| seen.run(id));
                        // A row outlives its session by a moment when that is removed.
                        let first = row.get_untracked();
                        first.map(|first| {
                            let row = Memo::new(move |last: Option<&Seen>| {
                                row.get().or_else(|| last.cloned()).unwrap_or_else(|| first.clone())
                            });
                            view! { <SessionRow row on_open actions /> }.into_any()
                        })
                    }
                />
            </tbody>
        </table>
    }
    .into_any()
}

#[component]
fn SessionRow(row: Memo<Seen>, on_open: Callback<SessionId>, actions: SessionActions) -> impl IntoView {
    let id = row.with_untracked(|row| row.info.session_id);
    let clock = use_clock();
    let info = Signal::derive(move || row.get().info);
    let part = move |part: fn(&SessionInfo) -> String| Memo::new(move |_| row.with(|row| part(&row.info)));
    let command = part(|info| format::command_line(&info.cmd));
    let uptime = Memo::new(move |_| row.with(|row| format::duration(row.uptime_s(clock))));
    let labels = Memo::new(move |_| row.with(|row| row.info.labels.clone()));
    let open = move |event: MouseEvent| {
        if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
            event.prevent_default();
            on_open.run(id);
        }
    };
    view! {
        <tr role="row" data-testid="session" data-session=id.to_string() class:ended=move || is_ended(&info.get())>
            <td role="cell" class="cell-session">
                <a class="session-name" href=routes::terminal(id) on:click=open>
                    {part(|info| info.shell.clone())}
                </a>
                <code class="session-command" title=command>
                    {command}
                </code>
                <Labels labels />
                <Problem info />
            </td>
            <td role="cell" class="cell-state">
                <SessionStateBadge info />
            </td>
            <td role="cell" class="cell-cwd" data-head="Directory">
                <code title=part(|info| info.cwd.clone())>{part(|info| format::path(&info.cwd))}</code>
            </td>
            <td role="cell" class="cell-number" data-head="Up">
                {uptime}
            </td>
            <td role="cell" class="cell-number" data-head="Size">
                {part(|info| format!("{}×{}", info.cols, info.rows))}
            </td>
            <td role="cell" class="cell-number" data-head="Viewers">
                {part(|info| info.viewers.to_string())}
            </td>
            <td role="cell" class="cell-actions">
                <RowActions id info on_open actions />
            </td>
        </tr>
    }
    .into_any()
}

fn is_ended(info: &SessionInfo) -> bool {
    info.state != SessionState::Active
}

#[component]
fn Problem(info: Signal<SessionInfo>) -> impl IntoView {
    move || {
        info.get()
            .problem
            .map(|problem| view! { <p class="problem">{problem}</p> })
    }
}

#[component]
fn RowActions(
    id: SessionId,
    info: Signal<SessionInfo>,
    on_open: Callback<SessionId>,
    actions: SessionActions,
) -> impl IntoView {
    let name = move || info.with(|info| info.shell.clone());
    let ended = Memo::new(move |_| info.with(is_ended));
    // The list hears of the change by itself.
    let done = Callback::new(|()| ());
    let finish = move |_| match ended.get_untracked() {
        true => actions.remove(&info.get_untracked(), done),
        false => actions.end(&info.get_untracked(), done),
    };
    let word = move || if ended.get() { "Remove" } else { "End" };
    view! {
        <button type="button" class="button small" aria-label=move || format!("Open {}", name()) on:click=move |_| on_open.run(id)>
            "Open"
        </button>
        <a
            class="button quiet square"
            href=routes::terminal(id)
            aria-label=move || format!("Open {} as a page of its own", name())
            title="Open as a page of its own"
        >
            <IconView icon=Icon::PopOut />
        </a>
        <a
            class="button quiet square"
            href=routes::session(id)
            aria-label=move || format!("About {}", name())
            title="About this session"
        >
            <IconView icon=Icon::Details />
        </a>
        <button
            type="button"
            class="button quiet square"
            aria-label=move || format!("{} {}", word(), name())
            title=word
            on:click=finish
        >
            <IconView icon=Signal::derive(move || if ended.get() { Icon::Remove } else { Icon::Stop }) />
        </button>
    }
    .into_any()
}
