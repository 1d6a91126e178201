//! The list of sessions: a table where there is room, cards where there is not (the style sheet decides).

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};

use super::{Icon, IconButton, IconLink, Labels, SessionActions, SessionStateBadge};
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
            <Head />
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
fn Head() -> impl IntoView {
    let names = ["Session", "State", "Directory", "Up", "Size", "Viewers"];
    let heads = names
        .into_iter()
        .map(|name| view! { <th role="columnheader" scope="col">{name}</th> });
    view! {
        <thead role="rowgroup">
            <tr role="row">
                {heads.collect_view()}
                <th role="columnheader" scope="col">
                    <span class="offscreen">"Actions"</span>
                </th>
            </tr>
        </thead>
    }
    .into_any()
}

#[component]
fn SessionRow(row: Memo<Seen>, on_open: Callback<SessionId>, actions: SessionActions) -> impl IntoView {
    let id = row.with_untracked(|row| row.info.session_id);
    let info = Signal::derive(move || row.get().info);
    let part = move |part: fn(&SessionInfo) -> String| Memo::new(move |_| row.with(|row| part(&row.info)));
    let command = part(|info| format::command_line(&info.cmd));
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
            <Facts row />
            <td role="cell" class="cell-actions">
                <RowActions id info on_open actions />
            </td>
        </tr>
    }
    .into_any()
}

/// Directory, uptime, size and viewers, a cell each.
#[component]
fn Facts(row: Memo<Seen>) -> impl IntoView {
    let clock = use_clock();
    let part = move |part: fn(&SessionInfo) -> String| Memo::new(move |_| row.with(|row| part(&row.info)));
    let uptime = Memo::new(move |_| row.with(|row| format::duration(row.uptime_s(clock))));
    view! {
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
    let named =
        move |words: &'static str| Signal::derive(move || info.with(|info| words.replace("{}", &info.shell)));
    let ended = Memo::new(move |_| info.with(is_ended));
    // The list hears of the change by itself.
    let done = Callback::new(|()| ());
    let finish = move |()| match ended.get_untracked() {
        true => actions.remove(&info.get_untracked(), done),
        false => actions.end(&info.get_untracked(), done),
    };
    let word = move || if ended.get() { "Remove" } else { "End" };
    let finish_name = Signal::derive(move || format!("{} {}", word(), info.with(|info| info.shell.clone())));
    let finish_icon = Signal::derive(move || if ended.get() { Icon::Remove } else { Icon::Stop });
    view! {
        <div class="row-actions">
            <button type="button" class="button small" aria-label=named("Open {}") on:click=move |_| on_open.run(id)>
                "Open"
            </button>
            <IconLink
                icon=Icon::PopOut
                name=named("Open {} as a page of its own")
                hint="Open as a page of its own"
                href=routes::terminal(id)
            />
            <IconLink
                icon=Icon::Details
                name=named("About {}")
                hint="About this session"
                href=routes::session(id)
            />
            <IconButton icon=finish_icon name=finish_name press=finish />
        </div>
    }
    .into_any()
}
