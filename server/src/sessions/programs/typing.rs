//! Input of programs: taken by the holder before it is answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sempre_protocol::limits::INPUT_WINDOW_BYTES;
use sempre_protocol::{Offset, WriterId};
use tokio::time::timeout;

use crate::sessions::link::Order;
use crate::sessions::{Session, SessionError};
use crate::store::random_bytes;

/// A holder that has not written the input by then is asked whether it has it at least.
const WRITTEN_TIMEOUT: Duration = Duration::from_secs(2);

/// What became of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typed {
    /// End of the output before it was typed: what it causes comes after.
    pub offset: Offset,
    /// Bytes that reached the program's terminal.
    pub written: u64,
    /// Bytes the holder keeps until the program reads.
    pub held: u64,
}

/// Somebody who has not typed for this long begins again.
const TYPING_PAUSE: Duration = Duration::from_secs(60);

/// Who typed last without being attached, and when.
#[derive(Debug, Default)]
pub(super) struct LastTypist(Mutex<Option<(Option<String>, Instant)>>);

impl LastTypist {
    /// Notes that `who` types; true if somebody else did before, or nobody for [`TYPING_PAUSE`].
    fn begins(&self, who: Option<&str>, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = last.as_ref().is_some_and(|(by, at)| {
            by.as_deref() == who && now.saturating_duration_since(*at) < TYPING_PAUSE
        });
        *last = Some((who.map(str::to_owned), now));
        !goes_on
    }
}

impl Session {
    /// Notes that `who` types without being attached; true if that is new: somebody else typed so before them, or nobody
    /// for a minute.
    pub fn begins_to_type(&self, who: Option<&str>, now: Instant) -> bool {
        self.programs().last_typist.begins(who, now)
    }

    /// Types `bytes`; answers once the holder has them.
    ///
    /// # Errors
    /// [`SessionError::Ended`], [`SessionError::Invalid`] for more than an input window, or
    /// [`SessionError::Unreachable`] if it is not known how much was taken.
    pub async fn type_bytes(self: &Arc<Self>, bytes: Bytes) -> Result<Typed, SessionError> {
        if bytes.len() > INPUT_WINDOW_BYTES {
            return Err(SessionError::Invalid {
                field: "data",
                message: format!(
                    "{} bytes are more than {INPUT_WINDOW_BYTES}; send them in several requests",
                    bytes.len()
                ),
            });
        }
        let programs = self.programs();
        let Ok(_turn) = programs.typing.acquire().await else {
            return Err(SessionError::Draining);
        };
        if self.exit().is_some() {
            return Err(SessionError::Ended(self.id()));
        }
        let output = self.status().offset;
        let kept = programs
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (writer, offset) = match kept {
            Some(kept) => kept,
            None => {
                let random = random_bytes().map_err(SessionError::system("cannot make an id"))?;
                (WriterId::from_bytes(random), Offset::ZERO)
            }
        };
        let end = offset.plus(bytes.len() as u64);
        let held = self.send(writer, offset, end, bytes).await?;
        *programs.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some((writer, end));
        Ok(Typed {
            offset: output,
            written: end.since(offset) - held,
            held,
        })
    }

    /// Gives the holder input; how much of it the program has not read yet.
    async fn send(
        &self,
        writer: WriterId,
        offset: Offset,
        end: Offset,
        bytes: Bytes,
    ) -> Result<u64, SessionError> {
        let mut input = self.roster().type_as(writer);
        self.touch();
        let order = Order::Input {
            writer,
            offset,
            size: None,
            bytes,
        };
        if !self.order(order).await {
            return Err(SessionError::Ended(self.id()));
        }
        let mut status = self.watch();
        let done = input.wait_for(|input| input.acked >= end || input.lost || input.gap_at.is_some());
        let settled = tokio::select! {
            // The holder tells of the input before it tells of an end that the input caused.
            biased;
            done = timeout(WRITTEN_TIMEOUT, done) => match done {
                Ok(Ok(input)) => Some(input.acked >= end),
                Ok(Err(_)) => Some(false),
                Err(_) => None,
            },
            _ = status.wait_for(|status| status.exit.is_some()) => return Err(SessionError::Ended(self.id())),
        };
        match settled {
            Some(true) => Ok(0),
            Some(false) => Err(self.unreachable("the connection to it was lost while it took the input")),
            None => {
                let state = self.writer_state(writer).await?;
                if state.accepted < end {
                    return Err(self.unreachable(&format!(
                        "it took {} of {} bytes of the input",
                        state.accepted.since(offset),
                        end.since(offset)
                    )));
                }
                Ok(end.since(state.written))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_types_is_told_when_they_begin_and_not_with_each_key() {
        let (last, now) = (LastTypist::default(), Instant::now());
        assert!(last.begins(None, now));
        assert!(!last.begins(None, now + TYPING_PAUSE / 2));
        assert!(
            !last.begins(None, now + TYPING_PAUSE),
            "counted from the last key"
        );
        assert!(last.begins(Some("key:ci"), now + TYPING_PAUSE));
        assert!(last.begins(None, now + TYPING_PAUSE));
        assert!(last.begins(None, now + 3 * TYPING_PAUSE));
    }
}
