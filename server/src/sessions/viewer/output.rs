//! The half that makes frames for the client, one at a time, when the client is ready for them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use sempre_journal::Reader;
use sempre_protocol::Offset;
use sempre_protocol::texts::{ErrorCode, Hello, ServerText};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::lag::{Heard, Skipping};
use super::pace::Pace;
use super::pull::PullError;
use super::told::Told;
use super::{Lag, Membership};
use crate::sessions::roster::{InputState, Presence};
use crate::sessions::screen::News;
use crate::sessions::session::Status;

/// What the client gets next.
#[derive(Debug)]
pub enum Outgoing {
    /// A text frame.
    Text(ServerText),
    /// A binary frame, encoded.
    Binary(Bytes),
    /// Nothing more: close the connection.
    Close(Closing),
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The stream is over, or was told why it is.
    Over,
    /// Someone disconnected this viewer.
    Disconnected,
}

/// Everything that can give the client something new.
pub(super) struct Listeners {
    pub(super) status: watch::Receiver<Status>,
    pub(super) presence: watch::Receiver<Presence>,
    pub(super) input: watch::Receiver<InputState>,
    pub(super) news: watch::Receiver<News>,
    pub(super) notes: mpsc::Receiver<ServerText>,
    /// What the client has drawn and interrupted; none if it does not say what it draws.
    pub(super) heard: Option<watch::Receiver<Heard>>,
    pub(super) drain: CancellationToken,
}

/// A client's view of the output.
pub struct ViewerOutput {
    pub(super) membership: Arc<Membership>,
    hello: Option<Hello>,
    /// What is left of a snapshot that is being sent.
    pub(super) parts: VecDeque<Bytes>,
    pub(super) reader: Option<Reader>,
    pub(super) cursor: Offset,
    pub(super) lag: Lag,
    pub(super) pace: Pace,
    pub(super) skipping: Skipping,
    /// When to look again whether it is to be sent a snapshot.
    pub(super) skip_at: Option<Instant>,
    pub(super) listeners: Listeners,
    pub(super) told: Told,
    pub(super) closing: Option<Closing>,
}

impl ViewerOutput {
    pub(super) fn new(
        membership: Arc<Membership>,
        hello: Hello,
        parts: VecDeque<Bytes>,
        lag: Lag,
        listeners: Listeners,
    ) -> Self {
        let told = Told::new(hello.size, hello.input_offset, &listeners.news.borrow());
        Self {
            membership,
            cursor: hello.offset,
            hello: Some(hello),
            parts,
            reader: None,
            lag,
            pace: Pace::default(),
            skipping: Skipping::default(),
            skip_at: None,
            listeners,
            told,
            closing: None,
        }
    }

    /// The next frame; waits until there is one. Safe to drop and call again.
    pub async fn next(&mut self) -> Outgoing {
        if let Some(hello) = self.hello.take() {
            return Outgoing::Text(ServerText::Hello(hello));
        }
        let drain = self.listeners.drain.clone();
        loop {
            if let Some(closing) = self.closing {
                return Outgoing::Close(closing);
            }
            // Before output: a client with a long backlog must not wait for its end to hear of these.
            if drain.is_cancelled() {
                return self.draining();
            }
            if let Ok(note) = self.listeners.notes.try_recv() {
                return Outgoing::Text(note);
            }
            if let Some(text) = self.news() {
                return Outgoing::Text(text);
            }
            if let Some(part) = self.parts.pop_front() {
                return Outgoing::Binary(part);
            }
            let pulled = tokio::select! {
                biased;
                // A snapshot may take longer than a server has to go down.
                () = drain.cancelled() => return self.draining(),
                pulled = self.pull() => pulled,
            };
            match pulled {
                Ok(Some(outgoing)) => return outgoing,
                Ok(None) => {}
                Err(PullError::Gone(error)) => {
                    return self.last_words(ErrorCode::OutputTrimmed, error.to_string(), None);
                }
                Err(PullError::Screen(error)) => {
                    return self.last_words(ErrorCode::Unreachable, error.to_string(), None);
                }
            }
            if let Some(outgoing) = self.wait().await {
                return outgoing;
            }
        }
    }

    fn last_words(&mut self, code: ErrorCode, message: String, input_offset: Option<Offset>) -> Outgoing {
        self.close(Closing::Over);
        Outgoing::Text(ServerText::Error {
            code,
            message,
            input_offset,
        })
    }

    fn draining(&mut self) -> Outgoing {
        self.close(Closing::Over);
        Outgoing::Text(ServerText::Draining)
    }

    pub(super) fn close(&mut self, closing: Closing) {
        self.closing = Some(closing);
    }

    fn news(&mut self) -> Option<ServerText> {
        let state = *self.listeners.input.borrow_and_update();
        if let Some(text) = self.end_of_input(&state) {
            return Some(text);
        }
        let text = self.told.input(&state);
        let presence = *self.listeners.presence.borrow_and_update();
        let roster = self.membership.session.roster();
        let text = text.or_else(|| self.told.presence(presence, || roster.who()));
        text.or_else(|| self.told.screen(&self.listeners.news.borrow_and_update()))
    }

    /// What ends the connection.
    fn end_of_input(&mut self, state: &InputState) -> Option<ServerText> {
        let (closing, code, message) = if state.disconnected {
            (
                Closing::Disconnected,
                ErrorCode::Disconnected,
                "you were disconnected from this session; attach again only when you were asked to",
            )
        } else if state.final_offset.is_some() {
            (
                Closing::Over,
                ErrorCode::WriterTaken,
                "a newer connection uses this writer id; make a new one and attach again",
            )
        } else if state.lost {
            (
                Closing::Over,
                ErrorCode::Unreachable,
                "input could not be passed on to the session's holder; attach again",
            )
        } else {
            return None;
        };
        self.close(closing);
        Some(ServerText::Error {
            code,
            message: message.to_owned(),
            input_offset: state.final_offset.filter(|_| code == ErrorCode::WriterTaken),
        })
    }

    /// Waits until there is news; some are complete frames.
    async fn wait(&mut self) -> Option<Outgoing> {
        let Listeners {
            status,
            presence,
            input,
            news,
            notes,
            heard,
            drain,
        } = &mut self.listeners;
        let look_at = self.told.look_at.into_iter().chain(self.skip_at).min();
        let gone = tokio::select! {
            biased;
            () = drain.cancelled() => false,
            Some(note) = notes.recv() => return Some(Outgoing::Text(note)),
            changed = status.changed() => changed.is_err(),
            changed = input.changed() => changed.is_err(),
            changed = presence.changed() => changed.is_err(),
            changed = news.changed() => changed.is_err(),
            () = changed(heard) => false,
            () = reached(look_at) => false,
        };
        if gone {
            self.close(Closing::Over);
        }
        None
    }
}

/// Completes when the client has drawn more or interrupts; never for one that does not say.
async fn changed(heard: &mut Option<watch::Receiver<Heard>>) {
    if let Some(heard) = heard
        && heard.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// Completes then; never if there is no time.
async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
