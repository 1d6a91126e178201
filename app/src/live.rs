//! What keeps a page current without asking again: the server's events, and a clock for durations.

use leptos::prelude::*;
use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;
use sempre_protocol::events::{EVENT_REMOVED, EVENT_RESYNC, EVENT_SESSION};

use crate::browser::clock::Timer;
use crate::browser::events::EventStream;
use crate::browser::{PageEvent, StreamEvent, page};
use crate::reading::Named;
use crate::routes::api;

/// How long to wait before a refused event stream is opened again, ms.
const REOPEN_MS: u64 = 5_000;

/// Seconds since the page came to life; 0 in what the server renders, so that both sides agree.
#[derive(Clone, Copy)]
pub(crate) struct Clock(RwSignal<u64>);

impl Clock {
    /// Seconds now; whoever reads it is told each second.
    pub(crate) fn seconds(self) -> u64 {
        self.0.get()
    }

    /// Seconds now, without being told.
    pub(crate) fn seconds_once(self) -> u64 {
        self.0.get_untracked()
    }
}

pub(crate) fn provide_clock() {
    let clock = Clock(RwSignal::new(0));
    provide_context(clock);
    Effect::new(move || {
        // Kept by the effect, and gone with it.
        StoredValue::new_local(Timer::every(1_000, move || {
            clock.0.try_update(|seconds| *seconds += 1);
        }));
    });
}

pub(crate) fn use_clock() -> Clock {
    use_context().unwrap_or_else(|| Clock(RwSignal::new(0)))
}

/// A session, and when on the page's clock the server said so.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) info: SessionInfo,
    pub(crate) at_s: u64,
}

impl Seen {
    pub(crate) fn now(info: SessionInfo, clock: Clock) -> Self {
        let at_s = clock.seconds_once();
        Self { info, at_s }
    }

    /// How long it runs, or ran, in seconds.
    pub(crate) fn uptime_s(&self, clock: Clock) -> u64 {
        use sempre_protocol::api::SessionState;
        match self.info.state {
            SessionState::Active => self.info.uptime + clock.seconds().saturating_sub(self.at_s),
            SessionState::Completed | SessionState::Archived => self.info.uptime,
        }
    }
}

/// A change of the list of sessions.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// New or changed.
    Session(Box<SessionInfo>),
    /// Gone.
    Removed(SessionId),
    /// Something was missed: ask for everything.
    Resync,
}

fn change_of(event: &StreamEvent) -> Option<Change> {
    let StreamEvent::Message(name, data) = event else {
        return None;
    };
    match *name {
        EVENT_SESSION => serde_json::from_str(data).ok().map(Change::Session),
        EVENT_REMOVED => match serde_json::from_str(data) {
            Ok(Named {
                session_id: Some(session_id),
            }) => Some(Change::Removed(session_id)),
            _ => Some(Change::Resync),
        },
        _ => Some(Change::Resync),
    }
}

/// Whether the page is seen. Browsers open few connections to a server over plain http, and a stream takes one: a page
/// in the background leaves its to others.
fn page_is_seen() -> RwSignal<bool> {
    let seen = RwSignal::new(true);
    Effect::new(move || {
        // Kept by the effect, and gone with it.
        StoredValue::new_local(page::watch(move |event| {
            let now = match event {
                PageEvent::Hidden => false,
                PageEvent::Visible | PageEvent::Shown => true,
                PageEvent::Online | PageEvent::Offline => return,
            };
            if seen.try_get_untracked() == Some(!now) {
                seen.set(now);
            }
        }));
    });
    seen
}

/// Calls `changed` for every change of the list of sessions, as long as the calling component lives and is seen; the
/// server begins each stream by saying that something may have been missed. The signal says whether the stream is up.
pub(crate) fn watch_sessions(changed: impl Fn(Change) + Clone + Send + Sync + 'static) -> RwSignal<bool> {
    let up = RwSignal::new(true);
    let opened = RwSignal::new(0_u32);
    let seen = page_is_seen();
    Effect::new(move || {
        opened.track();
        if !seen.get() {
            return;
        }
        // Kept by the effect, and gone with it.
        let reopen = StoredValue::new_local(None::<Timer>);
        let changed = changed.clone();
        let heard = move |event: StreamEvent| match event {
            // The server begins with `resync`.
            StreamEvent::Open => {
                up.try_set(true);
            }
            StreamEvent::Broken => drop(up.try_set(false)),
            StreamEvent::Closed => {
                up.try_set(false);
                changed(Change::Resync);
                let again = Timer::after(REOPEN_MS, move || {
                    opened.try_update(|count| *count += 1);
                });
                reopen.try_set_value(Some(again));
            }
            event @ StreamEvent::Message(..) => change_of(&event).into_iter().for_each(&changed),
        };
        let names = [EVENT_SESSION, EVENT_REMOVED, EVENT_RESYNC];
        StoredValue::new_local(EventStream::open(&api::events(), &names, heard));
    });
    up
}
