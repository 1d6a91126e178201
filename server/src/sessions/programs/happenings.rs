//! What happens in a session, one event after the other, for one client that listens.

use std::collections::VecDeque;
use std::sync::Arc;

use sempre_protocol::Offset;
use sempre_protocol::api::SessionState;
use sempre_protocol::programs::{Happened, ProgramEvent};
use sempre_screen::ShellStage;
use tokio::sync::watch;

use crate::sessions::screen::{Screen, Timeline, What};
use crate::sessions::session::Status;
use crate::sessions::{Session, SessionError};

/// A client's place in what happens.
#[derive(Debug)]
pub struct Happenings {
    timeline: watch::Receiver<Timeline>,
    status: watch::Receiver<Status>,
    /// Number of the next happening.
    next: u64,
    /// Nothing up to this offset is told again.
    after: Option<Offset>,
    waiting: VecDeque<ProgramEvent>,
    /// The end was told.
    over: bool,
}

impl Happenings {
    /// What happens in `session` from now on, after how it stands; with `after`: what is kept of what happened since
    /// that offset first.
    ///
    /// # Errors
    /// If the journal cannot be read, or the server goes down.
    pub async fn of(session: &Arc<Session>, after: Option<Offset>) -> Result<Self, SessionError> {
        session.catch_up().await?;
        let timeline = session.screen().timeline();
        let (next, oldest) = {
            let timeline = timeline.borrow();
            let next = if after.is_some() {
                timeline.oldest()
            } else {
                timeline.next()
            };
            (next, timeline.since(0).next().map(|oldest| oldest.offset))
        };
        let mut happenings = Self {
            timeline,
            status: session.watch(),
            next,
            after,
            waiting: VecDeque::new(),
            over: false,
        };
        if after.is_some_and(|after| {
            oldest.is_none_or(|oldest| oldest > after) && after < session.status().offset
        }) {
            happenings.put(after.unwrap_or_default(), Happened::Missed);
        }
        if session.exit().is_none() {
            let state = session.state_event();
            happenings.waiting.push_back(state);
        }
        happenings.status.mark_changed();
        Ok(happenings)
    }

    /// The next event; none once the session has ended and that was told.
    pub async fn next(&mut self, session: &Arc<Session>) -> Option<ProgramEvent> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            let (heard, ended) = tokio::select! {
                biased;
                told = self.timeline.wait_for(|timeline| timeline.next() > self.next) => (told.is_ok(), false),
                ended = self.status.wait_for(|status| status.exit.is_some()) => (ended.is_ok(), true),
            };
            if !heard {
                return None;
            }
            if ended {
                // What it told last may not have been drawn yet; what cannot be read is not told.
                let _ = Screen::look(session, |_| ()).await;
                self.over = true;
            }
            self.take();
            if self.over {
                self.waiting.push_back(session.state_event());
            }
        }
    }

    fn take(&mut self) {
        let timeline = self.timeline.borrow();
        let missed = timeline.oldest() > self.next;
        let after = self.after.unwrap_or_default();
        let events = timeline
            .since(self.next)
            .filter(|happening| happening.offset > after);
        let events = events.filter_map(|happening| {
            Some(ProgramEvent {
                offset: happening.offset,
                happened: happened(&happening.what)?,
            })
        });
        if missed && self.after.is_none() {
            self.waiting.push_back(ProgramEvent {
                offset: Offset::ZERO,
                happened: Happened::Missed,
            });
        }
        self.waiting.extend(events);
        self.next = timeline.next();
        drop(timeline);
        self.after = None;
    }

    fn put(&mut self, offset: Offset, happened: Happened) {
        self.waiting.push_back(ProgramEvent { offset, happened });
    }
}

impl Session {
    fn state_event(&self) -> ProgramEvent {
        let status = self.status();
        let (title, cwd) = self.screen().title_and_cwd();
        let shell = self.screen().timeline().borrow().shell();
        let exit = status.exit;
        ProgramEvent {
            offset: status.offset,
            happened: Happened::State {
                state: match exit {
                    Some(_) => SessionState::Completed,
                    None => SessionState::Active,
                },
                at_prompt: shell
                    .filter(|_| exit.is_none())
                    .map(|stage| stage == ShellStage::Input),
                title,
                cwd,
                exit: exit.and_then(|exit| exit.status),
                end_reason: exit.map(|exit| exit.reason.word().to_owned()),
            },
        }
    }
}

/// What clients are told; prompts are not news.
fn happened(what: &What) -> Option<Happened> {
    Some(match what {
        What::Title(title) => Happened::Title { title: title.clone() },
        What::Cwd(cwd) => Happened::Cwd { cwd: cwd.clone() },
        What::Bell => Happened::Bell,
        What::Notify(message) => Happened::Notification {
            message: message.clone(),
        },
        What::Progress(percent) => Happened::Progress { percent: *percent },
        What::CommandStarted => Happened::CommandStarted,
        What::CommandEnded { code, took } => Happened::CommandEnded {
            exit_code: *code,
            duration_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        },
        What::Prompt | What::Input | What::Refused { .. } => return None,
    })
}
