//! The bar below a terminal: how the connection stands and what can be done about it. It never covers the terminal.

use leptos::prelude::*;
use sempre_protocol::SessionId;
use sempre_protocol::holder::EndReason;
use sempre_protocol::texts::Role;

use super::{Icon, IconView, Presence, Recorded, SessionActions, TerminalLink};
use crate::browser::clock::{Timer, now_ms};
use crate::browser::page;
use crate::feed::{Connection, Event, View};
use crate::{format, routes};

/// The connection in words and the tone of its dot.
fn words(view: Option<&View>) -> (String, &'static str) {
    match view.map(|view| &view.connection) {
        None | Some(Connection::Connecting) => ("Connecting".into(), "busy"),
        Some(Connection::Replaying) => ("Replaying earlier output".into(), "busy"),
        Some(Connection::Live) => ("Live".into(), "good"),
        Some(Connection::Reconnecting { attempt: 0, .. }) => ("Reconnecting".into(), "warn"),
        Some(Connection::Reconnecting { attempt, .. }) => {
            (format!("Reconnecting, attempt {attempt}"), "warn")
        }
        Some(Connection::Ended(ending)) => (
            format!("Ended: {}", format::ending(ending.status, &ending.reason)),
            "calm",
        ),
        Some(Connection::Gone) => ("This session no longer exists".into(), "bad"),
        Some(Connection::LoggedOut) => ("Logged out".into(), "bad"),
        Some(Connection::Disconnected) => ("You were disconnected from this session".into(), "bad"),
    }
}

/// What waits to be sent, in words.
fn pending(view: &View) -> Option<String> {
    let bytes = match view.pending_bytes {
        0 => return None,
        bytes => format::bytes(bytes as u64),
    };
    Some(match view.connection.is_open() {
        true if view.stuck => format!("{bytes} typed, not read by the program"),
        true => format!("Sending, {bytes} left"),
        false => format!("{bytes} typed, sent once connected"),
    })
}

/// What a person should know of this connection.
fn notice(view: &View) -> Option<String> {
    let inexact = "Some output was lost: the screen may not be exact";
    let inexact = view.news.inexact.then(|| inexact.to_owned());
    view.notice.clone().or(inexact)
}

/// The session's size, and why it is not this viewer's own.
fn size(view: &View) -> Option<String> {
    let size = view.size?;
    let own = view.fit.is_none_or(|fit| fit == size);
    let follows = !own && view.viewers > 1 && view.connection == Connection::Live;
    let note = if follows { ", follows the other viewer" } else { "" };
    Some(format!("{}×{}{note}", size.cols, size.rows))
}

/// Whole seconds until the next attempt.
fn countdown(link: TerminalLink) -> impl Fn() -> Option<u64> + Copy {
    let now = RwSignal::new(0_u64);
    let retry_at = Memo::new(move |_| match link.view.get()?.connection {
        Connection::Reconnecting { retry_at_ms, .. } => retry_at_ms,
        _ => None,
    });
    Effect::new(move || {
        if retry_at.get().is_some() {
            now.set(now_ms());
            // Kept by the effect until it runs again.
            StoredValue::new_local(Timer::every(250, move || {
                let _ = now.try_set(now_ms());
            }));
        }
    });
    move || Some(retry_at.get()?.saturating_sub(now.get()).div_ceil(1_000))
}

/// State, size, viewers, and the buttons that go with the state.
#[component]
pub fn ConnectionBar(
    /// The terminal's tie.
    link: TerminalLink,
    /// Its session.
    session: SessionId,
    /// Gets the id of a session started again.
    #[prop(into)]
    on_restarted: Callback<SessionId>,
    /// Closes the terminal's dialog, if it is in one.
    #[prop(optional, into)]
    on_close: Option<Callback<()>>,
) -> impl IntoView {
    let state = Memo::new(move |_| link.view.with(|view| words(view.as_ref())));
    let of_view =
        move |part: fn(&View) -> Option<String>| link.view.with(|view| view.as_ref().and_then(part));
    let read_only = |view: &View| (view.role == Role::Viewer).then(|| "Read only".to_owned());
    view! {
        <footer class="connection-bar" data-tone=move || state.get().1>
            <p class="connection-state" role="status" aria-live="polite">
                <span class="dot" aria-hidden="true"></span>
                {move || state.get().0}
            </p>
            <Recorded link />
            <ConnectionButtons link session on_restarted on_close />
            <p class="connection-pending" data-testid="pending">{move || of_view(pending)}</p>
            <StuckButton link />
            <Skipped link />
            <p class="connection-notice" role="status">{move || of_view(notice)}</p>
            <div class="connection-facts">
                <span class="badge">{move || of_view(read_only)}</span>
                <Presence link session />
                <span data-testid="size">{move || of_view(size)}</span>
            </div>
        </footer>
    }
    .into_any()
}

/// What a viewer that fell behind did not show, and where it is.
#[component]
fn Skipped(link: TerminalLink) -> impl IntoView {
    let skipped = Memo::new(move |_| {
        link.view
            .with(|view| view.as_ref().is_some_and(|view| view.skipped))
    });
    move || {
        skipped.get().then(|| {
            view! {
                <span class="connection-skipped">
                    "Output was skipped to keep up" {small_button("Open the history", move || link.history.set(true))}
                </span>
            }
        })
    }
}

#[component]
fn StuckButton(link: TerminalLink) -> impl IntoView {
    let stuck = Memo::new(move |_| {
        link.view.with(|view| {
            view.as_ref()
                .is_some_and(|view| view.stuck && view.pending_bytes > 0)
        })
    });
    let interrupt = move |_| {
        link.tell(Event::Interrupt);
        link.focus();
    };
    move || {
        stuck.get().then(|| {
            view! {
                <button type="button" class="button small" on:click=interrupt>
                    "Interrupt"
                </button>
            }
        })
    }
}

/// Which buttons go with a state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    Nothing,
    Retry,
    Restart,
    Look,
    Leave,
    LogIn,
    Attach,
}

fn offer(connection: Option<&Connection>) -> Offer {
    match connection {
        Some(Connection::Reconnecting {
            retry_at_ms: Some(_), ..
        }) => Offer::Retry,
        Some(Connection::Ended(ending)) if EndReason::can_be_restarted(&ending.reason) => Offer::Restart,
        Some(Connection::Ended(_)) => Offer::Look,
        Some(Connection::Gone) => Offer::Leave,
        Some(Connection::LoggedOut) => Offer::LogIn,
        Some(Connection::Disconnected) => Offer::Attach,
        _ => Offer::Nothing,
    }
}

#[component]
fn ConnectionButtons(
    link: TerminalLink,
    session: SessionId,
    on_restarted: Callback<SessionId>,
    on_close: Option<Callback<()>>,
) -> impl IntoView {
    let actions = SessionActions::new();
    let offered = Memo::new(move |_| {
        link.view
            .with(|view| offer(view.as_ref().map(|view| &view.connection)))
    });
    let close = move || on_close.map(|close| small_button("Close", move || close.run(())));
    let about = move || {
        view! {
            <a class="button small" href=routes::session(session)>
                "Session page"
            </a>
        }
    };
    let buttons = move || {
        match offered.get() {
        Offer::Nothing => ().into_any(),
        Offer::Retry => view! { <Retry link /> }.into_any(),
        Offer::Restart => {
            view! {
                <button type="button" class="button small primary" on:click=move |_| actions.restart(session, on_restarted)>
                    <IconView icon=Icon::Again />
                    "Restart"
                </button>
                {about()}
                {close()}
            }
            .into_any()
        }
        Offer::Look => (about(), close()).into_any(),
        Offer::Leave => view! {
            <a class="button small" href=routes::home()>
                "All sessions"
            </a>
            {close()}
        }
        .into_any(),
        // The page of who is logged out is the one that asks them in.
        Offer::LogIn => small_button("Log in", page::reload).into_any(),
        Offer::Attach => small_button("Attach again", move || try_now(link)).into_any(),
    }
    };
    view! { <div class="connection-buttons">{buttons} {actions.view()}</div> }.into_any()
}

fn small_button(name: &'static str, press: impl Fn() + 'static) -> impl IntoView {
    view! {
        <button type="button" class="button small" on:click=move |_| press()>
            {name}
        </button>
    }
}

fn try_now(link: TerminalLink) {
    link.tell(Event::TryNow);
    link.focus();
}

#[component]
fn Retry(link: TerminalLink) -> impl IntoView {
    let seconds = countdown(link);
    view! {
        <span class="countdown" aria-hidden="true">
            {move || seconds().map(|seconds| format!("next try in {seconds} s"))}
        </span>
        {small_button("Try now", move || try_now(link))}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Ending;

    #[test]
    fn what_ended_can_be_started_again_unless_it_is_a_recording() {
        for (reason, offered) in [
            ("exited", Offer::Restart),
            ("orphaned", Offer::Restart),
            ("imported", Offer::Look),
        ] {
            let ended = Connection::Ended(Ending {
                status: None,
                reason: reason.into(),
            });
            assert!(offer(Some(&ended)) == offered, "{reason}");
        }
    }
}
