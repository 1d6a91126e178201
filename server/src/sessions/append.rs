//! Typing for who keeps no input stream of their own: what one says comes behind what was said before.

use bytes::Bytes;
use sempre_protocol::Offset;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::link::{Order, Refused};
use super::session::ANSWER_TIMEOUT;
use super::{Session, SessionError};

/// What became of appended input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// End of the output before it was typed: what it causes comes after.
    pub offset: Offset,
    /// Bytes that reached the program's terminal.
    pub written: u64,
    /// Bytes that wait until the program reads what came before.
    pub held: u64,
}

impl Session {
    /// Types `bytes` behind everything that was typed like this before. Who types like this is no viewer and does not
    /// lead the size. Answers once all of it has reached the PTY, or after two seconds with how much has.
    ///
    /// # Errors
    /// [`SessionError::Ended`]; [`SessionError::InputFull`] if too much waits for the program already;
    /// [`SessionError::Unreachable`]: nobody knows whether it arrived.
    pub async fn append(&self, bytes: Bytes) -> Result<Appended, SessionError> {
        if self.exit().is_some() {
            return Err(SessionError::Ended(self.id()));
        }
        let offset = self.status().offset;
        let count = bytes.len() as u64;
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.order(Order::Append { bytes, reply }).await;
            answer.await
        };
        let mut given = match timeout(ANSWER_TIMEOUT, asked).await {
            Ok(Ok(Ok(given))) => given,
            Ok(Ok(Err(Refused))) => return Err(SessionError::InputFull(self.id())),
            Ok(Err(_)) => return Err(self.lost_or_ended()),
            // The link drops what nobody waits for.
            Err(_) => return Err(self.unreachable(&format!("no answer within {ANSWER_TIMEOUT:?}"))),
        };
        self.touch();
        if timeout(ANSWER_TIMEOUT, given.written()).await == Ok(false) {
            return Err(self.lost_or_ended());
        }
        let held = given.held().min(count);
        Ok(Appended {
            offset,
            written: count - held,
            held,
        })
    }
}
