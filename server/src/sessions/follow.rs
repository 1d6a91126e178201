//! A session's output as plain bytes in order, for clients that do not speak the native wire: it begins at an offset or
//! with the screen, and from there on every byte comes (`lag=wait`).

use std::sync::Arc;

use bytes::{Buf, Bytes};
use sempre_protocol::frames::{BYTES_HEADER, ServerFrame};
use sempre_protocol::texts::{Role, ServerText};
use sempre_protocol::{Offset, Size};
use tokio_util::sync::CancellationToken;

use super::viewer::{AttachOptions, Closing, Lag, Outgoing, ViewerInput, ViewerOutput, attach};
use super::{Identity, Session, SessionError, Snapshot};

/// Output may be dropped from the journal between a snapshot and its use; so often it is taken again.
const ATTEMPTS: usize = 3;

/// Where a client wants to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// At this offset; with the screen if that is not kept or not yet written.
    At(Offset),
    /// With everything there is, if that is no more than this many bytes; else with the screen.
    SoFar(u64),
    /// With the screen.
    Screen,
}

/// Who follows, and how.
#[derive(Debug, Clone)]
pub struct FollowOptions {
    /// Where to begin.
    pub begin: Begin,
    /// Rows above the screen, if it begins with the screen.
    pub lines: u32,
    /// Whether the client may type.
    pub role: Role,
    /// Who it is.
    pub identity: Identity,
}

/// A session that is being followed.
pub struct Followed {
    /// The screen to begin with, if it begins with that.
    pub snapshot: Option<Snapshot>,
    /// Offset of the first byte that comes.
    pub offset: Offset,
    /// The size at that byte.
    pub size: Size,
    /// What comes.
    pub output: FollowedOutput,
    /// The way back.
    pub input: ViewerInput,
}

/// What comes of a session.
#[derive(Debug)]
pub enum Piece {
    /// Bytes.
    Output {
        /// Offset of the first one.
        offset: Offset,
        /// The bytes, at least one.
        bytes: Bytes,
    },
    /// Everything else, as the native wire says it.
    Text(ServerText),
    /// Nothing more.
    Close(Closing),
}

/// The output of a session that is being followed.
pub struct FollowedOutput(ViewerOutput);

impl FollowedOutput {
    /// The next piece; waits until there is one. Safe to drop and call again.
    pub async fn next(&mut self) -> Piece {
        loop {
            return match self.0.next().await {
                Outgoing::Text(text) => Piece::Text(text),
                Outgoing::Close(closing) => Piece::Close(closing),
                Outgoing::Binary(mut frame) => match ServerFrame::decode(&frame) {
                    Ok(ServerFrame::Output { offset, .. }) => {
                        frame.advance(BYTES_HEADER);
                        Piece::Output { offset, bytes: frame }
                    }
                    // A viewer that waits and has begun is sent no snapshots.
                    _ => continue,
                },
            };
        }
    }
}

/// Follows a session until it ends, the client goes or `drain` is cancelled.
///
/// # Errors
/// As [`attach`], and [`SessionError::Busy`] if output is dropped faster than it can be begun.
pub async fn follow(
    session: &Arc<Session>,
    options: FollowOptions,
    drain: &CancellationToken,
) -> Result<Followed, SessionError> {
    let status = session.status();
    let mut from = match options.begin {
        Begin::At(offset) => Some(offset),
        Begin::SoFar(most) if status.base_offset == Offset::ZERO && status.offset.0 <= most => {
            Some(Offset::ZERO)
        }
        Begin::SoFar(_) | Begin::Screen => None,
    };
    for _ in 0..ATTEMPTS {
        let (offset, snapshot) = match from.take() {
            Some(offset) => (offset, None),
            None => {
                let snapshot = session.snapshot(options.lines).await?;
                (snapshot.offset, Some(snapshot))
            }
        };
        let (mut output, input) = attach(Arc::clone(session), options.attach(offset), drain.clone()).await?;
        if let Outgoing::Text(ServerText::Hello(hello)) = output.next().await
            && !hello.reset
        {
            return Ok(Followed {
                snapshot,
                offset,
                size: hello.size,
                output: FollowedOutput(output),
                input,
            });
        }
    }
    Err(SessionError::Busy)
}

impl FollowOptions {
    fn attach(&self, from: Offset) -> AttachOptions {
        AttachOptions {
            from: Some(from),
            lines: 0,
            writer: None,
            role: self.role,
            acks: false,
            lag: Lag::Wait,
            identity: self.identity.clone(),
        }
    }
}
