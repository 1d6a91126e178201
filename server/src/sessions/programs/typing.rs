//! Input of programs: taken by the holder before it is answered.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

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

impl Session {
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
