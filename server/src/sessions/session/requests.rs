//! What a session's holder is asked for: sizes, signals, ends, how its input stands.

use std::time::Duration;

use sempre_protocol::holder::{EndReason, Op, WriterState};
use sempre_protocol::texts::Signal;
use sempre_protocol::{Offset, Size};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Exit, Session};
use crate::sessions::SessionError;
use crate::sessions::link::Order;

/// A holder that has not answered by then is called unreachable.
pub(in crate::sessions) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between SIGHUP and SIGKILL when someone ends a session.
const END_GRACE: Duration = Duration::from_secs(2);
/// Waiting for the end after SIGKILL: the holder drains output for a second at most.
const END_TIMEOUT: Duration = Duration::from_secs(10);

impl Session {
    /// Sets the size of the PTY until someone types at another one.
    ///
    /// # Errors
    /// [`SessionError::Ended`] or [`SessionError::Unreachable`].
    pub async fn resize(&self, size: Size) -> Result<(), SessionError> {
        let size = size.clamped();
        self.ask(Op::Resize {
            cols: size.cols,
            rows: size.rows,
        })
        .await?;
        self.touch();
        Ok(())
    }

    /// Signals the foreground process group.
    ///
    /// # Errors
    /// [`SessionError::Ended`] or [`SessionError::Unreachable`].
    pub async fn signal(&self, signal: Signal) -> Result<(), SessionError> {
        self.ask(Op::Signal { signal }).await.map(|_| ())
    }

    /// Ends the session and waits until it has ended: SIGHUP, after two seconds SIGKILL.
    ///
    /// # Errors
    /// [`SessionError::Ended`] or [`SessionError::Unreachable`].
    pub async fn end(&self, reason: EndReason) -> Result<Exit, SessionError> {
        let grace_ms = u64::try_from(END_GRACE.as_millis()).unwrap_or_default();
        let mut status = self.watch();
        self.ask(Op::End { grace_ms, reason }).await?;
        let ended = timeout(END_TIMEOUT, status.wait_for(|status| status.exit.is_some())).await;
        match ended {
            Ok(Ok(status)) => status.exit.ok_or(SessionError::Ended(self.id())),
            _ => Err(self.unreachable("the child was sent SIGHUP and SIGKILL and is still there")),
        }
    }

    /// Where a writer's input stands.
    pub(in crate::sessions) async fn writer_state(
        &self,
        writer: sempre_protocol::WriterId,
    ) -> Result<WriterState, SessionError> {
        let unknown = WriterState {
            known: false,
            written: Offset::ZERO,
            accepted: Offset::ZERO,
        };
        match self.ask(Op::Writer { writer }).await {
            Ok(state) => Ok(state.unwrap_or(unknown)),
            Err(SessionError::Ended(_)) => Ok(unknown),
            Err(error) => Err(error),
        }
    }

    /// Output that only the holder has, from `offset` on, and where it begins: later than asked for if what lies
    /// between is lost. None: there is none, or no holder.
    pub(in crate::sessions) async fn read_memory(
        &self,
        offset: Offset,
        max_bytes: u32,
    ) -> Option<(Offset, Vec<u8>)> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Read {
            offset,
            max_bytes,
            reply,
        })
        .await;
        let (offset, bytes) = timeout(ANSWER_TIMEOUT, answer).await.ok()?.ok()?;
        (!bytes.is_empty()).then_some((offset, bytes))
    }

    /// Gives the link an order that nobody waits for; false once the session has ended.
    pub(in crate::sessions) async fn order(&self, order: Order) -> bool {
        self.orders.send(order).await.is_ok()
    }

    /// Gives the link an order that is not worth waiting for; false if it is not taken.
    pub(in crate::sessions) fn try_order(&self, order: Order) -> bool {
        self.orders.try_send(order).is_ok()
    }

    /// Tells the holder of a keyframe that is on the disk for good.
    pub(in crate::sessions) async fn keyframe_made(&self, offset: Offset) {
        if self.exit().is_none() {
            // A holder that is away keeps output by the keyframe before.
            let _ = self.ask(Op::Keyframe { offset }).await;
        }
    }

    pub(in crate::sessions) async fn ask(&self, op: Op) -> Result<Option<WriterState>, SessionError> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.order(Order::Ask { op, reply }).await;
            answer.await
        };
        match timeout(ANSWER_TIMEOUT, asked).await {
            Ok(Ok(Ok(state))) => Ok(state),
            Ok(Ok(Err(message))) => Err(self.unreachable(&message)),
            Ok(Err(_)) => Err(self.lost_or_ended()),
            Err(_) => Err(self.unreachable(&format!("no answer within {ANSWER_TIMEOUT:?}"))),
        }
    }

    pub(in crate::sessions) fn lost_or_ended(&self) -> SessionError {
        match self.exit() {
            Some(_) => SessionError::Ended(self.id()),
            None => self.unreachable("the connection to it was lost"),
        }
    }

    pub(in crate::sessions) fn unreachable(&self, reason: &str) -> SessionError {
        SessionError::Unreachable {
            id: self.id(),
            reason: reason.to_owned(),
        }
    }
}
