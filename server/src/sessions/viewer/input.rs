//! The half that takes what the client says: input, sizes, signals, acknowledgements.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Buf, Bytes};
use sempre_protocol::limits::INPUT_WINDOW_BYTES;
use sempre_protocol::texts::{ClientText, ErrorCode, Role, ServerText, Signal};
use sempre_protocol::{Offset, Size, WriterId};
use tokio::sync::{mpsc, watch};

use super::lag::Heard;
use super::{Membership, Writer};
use crate::sessions::SessionError;
use crate::sessions::link::Order;
use crate::sessions::roster::InputState;

/// What interrupts, quits or stops a program where nobody changed the terminal's settings: Ctrl-C, Ctrl-\\, Ctrl-Z.
const INTERRUPTS: [u8; 3] = [0x03, 0x1c, 0x1a];

/// A client's way to act on its session.
pub struct ViewerInput {
    membership: Arc<Membership>,
    writer: WriterId,
    role: Role,
    /// The next input byte expected.
    expected: Offset,
    state: watch::Receiver<InputState>,
    notes: mpsc::Sender<ServerText>,
    heard: watch::Sender<Heard>,
    /// A person typed what comes next.
    typing: bool,
}

impl ViewerInput {
    pub(super) fn new(
        membership: Arc<Membership>,
        writer: Writer,
        role: Role,
        notes: mpsc::Sender<ServerText>,
        heard: watch::Sender<Heard>,
    ) -> Self {
        Self {
            membership,
            writer: writer.id,
            role,
            expected: writer.accepted,
            state: writer.state,
            notes,
            heard,
            typing: false,
        }
    }

    /// Takes an input frame; true if a person now types here and before that another viewer's did. What cannot be
    /// taken is answered with an error on the output half.
    pub async fn input(&mut self, offset: Offset, bytes: Bytes) -> bool {
        let typing = std::mem::take(&mut self.typing);
        let last = || self.membership.session.roster().who_typed_last();
        let before = if typing { last() } else { None };
        self.take(offset, bytes, typing).await;
        let own = self.membership.id;
        let last = || self.membership.session.roster().who_typed_last();
        before.is_some_and(|before| before != own) && last() == Some(own)
    }

    async fn take(&mut self, offset: Offset, mut bytes: Bytes, typing: bool) {
        if !self.may_act() {
            return;
        }
        if self.membership.session.exit().is_some() {
            return self.refuse(
                ErrorCode::SessionEnded,
                "the session has ended; nothing was written",
                None,
            );
        }
        let InputState {
            acked,
            taken,
            lost,
            disconnected,
            ..
        } = *self.state.borrow();
        if taken || lost || disconnected {
            return; // The output half says so and closes.
        }
        if offset > self.expected {
            let message = format!("input began beyond offset {}; nothing was written", self.expected);
            return self.refuse(ErrorCode::InputGap, &message, Some(self.expected));
        }
        let end = offset.plus(bytes.len() as u64);
        if end.since(acked) > INPUT_WINDOW_BYTES as u64 {
            let message = format!(
                "more than {INPUT_WINDOW_BYTES} bytes beyond the acknowledged offset {acked}; nothing was written"
            );
            return self.refuse(ErrorCode::InputWindow, &message, Some(self.expected));
        }
        let known = usize::try_from(acked.since(offset))
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        bytes.advance(known);
        let offset = offset.plus(known as u64);
        self.expected = self.expected.max(end);
        if bytes.is_empty() {
            return;
        }
        if bytes.iter().any(|byte| INTERRUPTS.contains(byte)) {
            self.interrupts();
        }
        let session = &self.membership.session;
        let size = if typing {
            session.roster().typed(self.membership.id)
        } else {
            None
        };
        let size = size.filter(|&size| size != session.status().size);
        session.touch();
        session
            .order(Order::Input {
                writer: self.writer,
                offset,
                size,
                bytes,
            })
            .await;
    }

    /// Takes input of a client that counts none: it goes on where the last ended. Waits while the window is full, for
    /// as long as the program reads nothing.
    pub async fn append(&mut self, mut bytes: Bytes) {
        if self.role != Role::Writer {
            self.input(self.expected, bytes).await;
            return;
        }
        let mut status = self.membership.session.watch();
        while !bytes.is_empty() {
            let InputState {
                acked,
                taken,
                lost,
                disconnected,
                ..
            } = *self.state.borrow_and_update();
            let ended = status.borrow_and_update().exit.is_some();
            if ended || taken || lost || disconnected {
                self.input(self.expected, bytes).await;
                return;
            }
            let room = (INPUT_WINDOW_BYTES as u64).saturating_sub(self.expected.since(acked));
            let count = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            if count > 0 {
                self.input(self.expected, bytes.split_to(count)).await;
                continue;
            }
            let gone = tokio::select! {
                changed = self.state.changed() => changed.is_err(),
                changed = status.changed() => changed.is_err(),
            };
            if gone {
                return;
            }
        }
    }

    /// Takes a text frame.
    pub async fn text(&mut self, text: ClientText) {
        match text {
            ClientText::Resize { cols, rows } => {
                if self.may_act() {
                    self.resize(Size::new(cols, rows)).await;
                }
            }
            ClientText::Ack { offset } => {
                self.heard.send_if_modified(|heard| {
                    let further = offset > heard.drawn;
                    heard.drawn = offset.max(heard.drawn);
                    further
                });
            }
            ClientText::Typing => self.typing = true,
            ClientText::Signal { signal } => {
                self.signal(signal).await;
            }
            ClientText::Theme(theme) => self.membership.session.roster().themed(self.membership.id, theme),
            ClientText::Ping => self.note(ServerText::Pong),
        }
    }

    /// Sends a signal to the foreground processes; none if its client only looks, and has been told so.
    pub async fn signal(&mut self, signal: Signal) -> Option<Result<(), SessionError>> {
        if !self.may_act() {
            return None;
        }
        self.interrupts();
        let sent = self.membership.session.signal(signal).await;
        if let Err(error) = &sent {
            self.refuse(ErrorCode::Unreachable, &error.to_string(), None);
        }
        Some(sent)
    }

    /// From now on its client wants to see what comes of it, not what was before.
    fn interrupts(&self) {
        self.heard
            .send_modify(|heard| heard.interrupted = Some(Instant::now()));
    }

    /// Whether this connection may do more than look and has not been disconnected; told if it only may look.
    fn may_act(&self) -> bool {
        if self.role != Role::Writer {
            self.refuse(ErrorCode::Forbidden, "this connection may only look", None);
            return false;
        }
        !self.state.borrow().disconnected
    }

    /// Answers a text frame that cannot be read.
    pub fn bad_text(&self, message: &str) {
        self.refuse(ErrorCode::BadText, message, None);
    }

    async fn resize(&mut self, size: Size) {
        let session = &self.membership.session;
        if session.roster().resized(self.membership.id, size)
            && size != session.status().size
            && session.exit().is_none()
            && let Err(error) = session.resize(size).await
        {
            self.refuse(ErrorCode::Unreachable, &error.to_string(), None);
        }
    }

    fn refuse(&self, code: ErrorCode, message: &str, input_offset: Option<Offset>) {
        self.note(ServerText::Error {
            code,
            message: message.to_owned(),
            input_offset,
        });
    }

    fn note(&self, text: ServerText) {
        // A client that does not read loses notes, not output.
        let _ = self.notes.try_send(text);
    }
}
