//! Typing for programs that keep no input stream of their own: what one says comes behind what was said before.

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::link::{Order, Refused};
use super::session::ANSWER_TIMEOUT;
use super::{Session, SessionError};

/// What became of appended input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It has reached the PTY.
    Written,
    /// It waits until the program reads what came before.
    Waits,
}

impl Session {
    /// Types `bytes` behind everything that was typed like this before. Who types like this is no viewer and does not
    /// lead the size.
    ///
    /// # Errors
    /// [`SessionError::Ended`]; [`SessionError::InputFull`] if too much waits for the program already;
    /// [`SessionError::Unreachable`]: nobody knows whether it arrived.
    pub async fn append(&self, bytes: Bytes) -> Result<Appended, SessionError> {
        if self.exit().is_some() {
            return Err(SessionError::Ended(self.id()));
        }
        if bytes.is_empty() {
            return Ok(Appended::Written);
        }
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.order(Order::Append { bytes, reply }).await;
            answer.await
        };
        let written = match timeout(ANSWER_TIMEOUT, asked).await {
            Ok(Ok(Ok(written))) => written,
            Ok(Ok(Err(Refused))) => return Err(SessionError::InputFull(self.id())),
            Ok(Err(_)) => return Err(self.lost_or_ended()),
            // The link drops what nobody waits for.
            Err(_) => return Err(self.unreachable(&format!("no answer within {ANSWER_TIMEOUT:?}"))),
        };
        self.touch();
        match timeout(ANSWER_TIMEOUT, written).await {
            Ok(Ok(())) => Ok(Appended::Written),
            Ok(Err(_)) => Err(self.lost_or_ended()),
            Err(_) => Ok(Appended::Waits),
        }
    }
}
