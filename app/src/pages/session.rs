//! The page about one session: its process, size, times, viewers, labels and output, and what can be done to it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_navigate;
use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};
use sempre_protocol::holder::EndReason;

use super::one_session::one_session;
use crate::components::{
    Header, Icon, IconView, Labels, RecordedNotice, SessionActions, SessionStateBadge, When,
};
use crate::live::{Change, Seen, use_clock, watch_sessions};
use crate::{data, format, routes};

/// `/s/{id}`.
#[component]
pub fn Session() -> impl IntoView {
    one_session(|info| view! { <About info /> }.into_any())
}

/// Keeps one session current; none once it is removed.
fn keep_current(info: SessionInfo) -> RwSignal<Option<Seen>> {
    let clock = use_clock();
    let id = info.session_id;
    let seen = RwSignal::new(Some(Seen::now(info, clock)));
    watch_sessions(move |change| match change {
        Change::Session(info) if info.session_id == id => drop(seen.try_set(Some(Seen::now(*info, clock)))),
        Change::Removed(changed) if changed == id => drop(seen.try_set(None)),
        // It may have been archived: then it is still known.
        Change::Resync => {
            let session = data::session(id);
            leptos::task::spawn_local(async move {
                if let Ok(info) = session.await {
                    seen.try_set(info.map(|info| Seen::now(info, clock)));
                }
            });
        }
        Change::Session(_) | Change::Removed(_) => {}
    });
    seen
}

#[component]
fn About(info: SessionInfo) -> impl IntoView {
    // Plain text: the head is written after the page's signals are gone.
    let title = info.shell.clone();
    let first = Seen {
        info: info.clone(),
        at_s: 0,
    };
    let seen = keep_current(info);
    // What was known last stays on the page that says it is gone.
    let row = Memo::new(move |last: Option<&Seen>| {
        seen.get()
            .or_else(|| last.cloned())
            .unwrap_or_else(|| first.clone())
    });
    let info = Signal::derive(move || row.get().info);
    let shell = move || info.with(|info| info.shell.clone());
    view! {
        <Title text=title />
        <Header here="" />
        <main id="main" class="page">
            <div class="page-head">
                <h1>{shell}</h1>
                <SessionStateBadge info />
                <Buttons info />
            </div>
            <Notices seen />
            <Labels labels=Signal::derive(move || info.get().labels) />
            <div class="panels">
                <Process info />
                <Times row />
                <Output info />
            </div>
        </main>
    }
    .into_any()
}

/// What a person must know first: that the session is gone, or what is wrong with it.
#[component]
fn Notices(seen: RwSignal<Option<Seen>>) -> impl IntoView {
    let gone = Memo::new(move |_| seen.with(Option::is_none));
    let problem =
        Memo::new(move |_| seen.with(|seen| seen.as_ref().and_then(|seen| seen.info.problem.clone())));
    let recorded =
        Memo::new(move |_| seen.with(|seen| seen.as_ref().is_some_and(|seen| seen.info.records_input)));
    view! {
        {move || recorded.get().then(|| view! { <RecordedNotice /> })}
        {move || {
            gone.get()
                .then(|| view! { <p class="notice" role="status">"This session was removed, and its journal with it."</p> })
        }}
        {move || problem.get().map(|problem| view! { <p class="notice" data-tone="warn">{problem}</p> })}
    }
    .into_any()
}

#[component]
fn Buttons(info: Signal<SessionInfo>) -> impl IntoView {
    let id = info.with_untracked(|info| info.session_id);
    let state = Memo::new(move |_| info.with(|info| info.state));
    let again = Memo::new(move |_| {
        info.with(|info| info.end_reason.as_deref().is_none_or(EndReason::can_be_restarted))
    });
    let actions = SessionActions::new();
    let navigate = use_navigate();
    let restarted = {
        let navigate = navigate.clone();
        Callback::new(move |id: SessionId| navigate(&routes::terminal(id), routes::as_it_is(false)))
    };
    let removed = Callback::new(move |()| navigate(&routes::home(), routes::as_it_is(false)));
    let danger = move |name: &'static str, act: Callback<()>| {
        view! {
            <button type="button" class="button danger" on:click=move |_| act.run(())>
                {name}
            </button>
        }
    };
    let end = Callback::new(move |()| actions.end(&info.get_untracked(), Callback::new(|()| ())));
    let remove = Callback::new(move |()| actions.remove(&info.get_untracked(), removed));
    let ending = move || match state.get() {
        SessionState::Active => danger("End session", end).into_any(),
        SessionState::Archived => danger("Remove", remove).into_any(),
        SessionState::Completed => view! {
            <Show when=move || again.get()>
                <button type="button" class="button" on:click=move |_| actions.restart(id, restarted)>
                    <IconView icon=Icon::Again />
                    "Restart"
                </button>
            </Show>
            {danger("Remove", remove)}
        }
        .into_any(),
    };
    view! {
        <div class="head-actions">
            <Show when=move || state.get() != SessionState::Archived>
                <a class="button primary" href=routes::terminal(id)>
                    <IconView icon=Icon::Terminal />
                    "Open terminal"
                </a>
            </Show>
            {ending}
        </div>
        {actions.view()}
    }
    .into_any()
}

/// One line of a panel; left out where there is nothing to say.
fn fact(name: &'static str, value: impl Fn() -> Option<AnyView> + Send + Sync + 'static) -> impl IntoView {
    move || {
        value().map(|value| {
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            }
        })
    }
}

fn code(text: String) -> AnyView {
    view! { <code>{text}</code> }.into_any()
}

#[component]
fn Process(info: Signal<SessionInfo>) -> impl IntoView {
    let of = move |part: fn(&SessionInfo) -> Option<AnyView>| move || info.with(part);
    view! {
        <section class="panel" aria-labelledby="panel-process">
            <h2 id="panel-process">"Process"</h2>
            <dl class="facts">
                {fact("Summary", of(|info| Some(info.summary.clone()?.into_any())))}
                {fact("Command", of(|info| Some(code(format::command_line(&info.cmd)))))}
                {fact("Directory", of(|info| Some(code(info.cwd.clone()))))}
                {fact("Process id", of(|info| Some(info.pid?.to_string().into_any())))}
                {fact("Size", of(|info| Some(format!("{} columns × {} rows", info.cols, info.rows).into_any())))}
                {fact("Viewers", of(|info| Some(info.viewers.to_string().into_any())))}
                {fact("For", of(|info| Some(info.user_id.clone()?.into_any())))}
                {fact("Runs as", of(|info| Some(code(info.run_as.clone()?))))}
                {fact("Limits", of(|info| Some(format::limits(&info.limits)?.into_any())))}
                {fact("Group", of(|info| Some(info.group.clone()?.into_any())))}
                {fact("Session id", of(|info| Some(code(info.session_id.to_string()))))}
                {fact("Restarted from", of(|info| {
                    let from = info.restarted_from?;
                    Some(view! { <a href=routes::session(from)><code>{from.to_string()}</code></a> }.into_any())
                }))}
            </dl>
        </section>
    }
    .into_any()
}

#[component]
fn Times(row: Memo<Seen>) -> impl IntoView {
    let clock = use_clock();
    let of = move |part: fn(&SessionInfo) -> Option<AnyView>| move || row.with(|row| part(&row.info));
    let uptime = Memo::new(move |_| row.with(|row| format::duration(row.uptime_s(clock))));
    let started = Memo::new(move |_| row.with(|row| row.info.started_at.clone()));
    let ended = Memo::new(move |_| row.with(|row| row.info.ended_at.clone()));
    let running = Memo::new(move |_| row.with(|row| row.info.state == SessionState::Active));
    let span = move || if running.get() { "Running for" } else { "Ran for" };
    view! {
        <section class="panel" aria-labelledby="panel-times">
            <h2 id="panel-times">"Time"</h2>
            <dl class="facts">
                {fact("Started", move || Some(view! { <When time=started.get() /> }.into_any()))}
                <div>
                    <dt>{span}</dt>
                    <dd>{uptime}</dd>
                </div>
                {fact("Ended", move || ended.get().map(|time| view! { <When time /> }.into_any()))}
                {fact("Exit", of(|info| {
                    info.ended_at.as_ref()?;
                    let reason = info.end_reason.as_deref().unwrap_or_default();
                    Some(format::ending(info.exit, reason).into_any())
                }))}
                {fact("Because", of(|info| Some(format::end_reason(info.end_reason.as_deref()?)?.into_any())))}
                <Expiry row />
            </dl>
        </section>
    }
    .into_any()
}

/// When the session will be reaped, and why; nothing for one that is not.
#[component]
fn Expiry(row: Memo<Seen>) -> impl IntoView {
    let expiry = Memo::new(move |_| {
        row.with(|Seen { info, .. }| Some((info.expires_at.clone()?, info.expires_by.clone()?)))
    });
    move || {
        let (time, by) = expiry.get()?;
        let (name, why) = format::expiry(&by)?;
        Some(view! {
            <div data-expires-by=by>
                <dt>{name}</dt>
                <dd><When time /> ", " {why}</dd>
            </div>
        })
    }
}

#[component]
fn Output(info: Signal<SessionInfo>) -> impl IntoView {
    let id = info.with_untracked(|info| info.session_id);
    let of = move |part: fn(&SessionInfo) -> Option<AnyView>| move || info.with(part);
    let kept = move || info.with(|info| info.state != SessionState::Archived);
    view! {
        <section class="panel" aria-labelledby="panel-output">
            <h2 id="panel-output">"Output"</h2>
            <dl class="facts">
                {fact("Written", of(|info| Some(format::bytes(info.offset.0).into_any())))}
                {fact("Kept", of(|info| Some(format::bytes(info.offset.since(info.base_offset)).into_any())))}
                {fact("Kept from", of(|info| {
                    (info.base_offset.0 > 0).then(|| format!("byte {}", info.base_offset).into_any())
                }))}
            </dl>
            <Show when=kept fallback=|| view! { <p>"The output is no longer kept."</p> }>
                <a class="button" href=routes::api::output(id) download=format!("{id}.log") rel="external">
                    <IconView icon=Icon::Download />
                    "Download output"
                </a>
            </Show>
        </section>
    }
    .into_any()
}
