//! One attached client: a cursor that it moves through the journal itself, and an input stream of its own.
//!
//! There is no queue: [`ViewerOutput::next`] makes the next frame when the client is ready for it, so a client
//! that reads nothing costs what a cursor costs. The two halves may live on different tasks; the viewer leaves
//! the session when both are gone.

mod input;
mod lag;
mod output;
mod pace;
mod pull;
mod told;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sempre_journal::{ReadAt, Reader};
use sempre_protocol::limits::{INPUT_WINDOW_BYTES, NEAR_BYTES};
use sempre_protocol::texts::{Hello, Role, ServerText};
use sempre_protocol::{Offset, Size, WriterId};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::roster::{Identity, InputState, MAX_VIEWERS, ViewerId};
use super::screen::{Interim, Screen, Snapshot};
use super::session::Status;
use super::{Session, SessionError};
use crate::measure;
use crate::random::random_bytes;

pub use input::ViewerInput;
pub use output::{Closing, Outgoing, ViewerOutput};

/// Answers and errors that may wait for a client that does not read; more are dropped.
const MAX_NOTES: usize = 16;

/// A client that skips waits so long for today's screen, which has more rows above it, when it attaches.
const FIRST_PATIENCE: Duration = Duration::from_secs(2);

/// What a client that falls behind is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// Every byte.
    Wait,
    /// A snapshot instead of the backlog; for clients that say what they have drawn.
    Skip,
}

/// How a client wants to attach.
#[derive(Debug, Clone)]
pub struct AttachOptions {
    /// The first output byte it wants; none: a snapshot.
    pub from: Option<Offset>,
    /// Rows above the screen in a snapshot.
    pub lines: u32,
    /// Its input stream; none: a fresh one.
    pub writer: Option<WriterId>,
    /// What it may do.
    pub role: Role,
    /// It promises to say what it has drawn.
    pub acks: bool,
    /// What it is sent when it falls behind.
    pub lag: Lag,
    /// Who it is.
    pub identity: Identity,
}

/// Takes the viewer off the roster when both halves are gone.
#[derive(Debug)]
struct Membership {
    session: Arc<Session>,
    id: ViewerId,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.session.roster().leave(self.id);
        self.session.announce();
    }
}

/// Where a client's output starts.
struct Start {
    offset: Offset,
    size: Size,
    /// The snapshot that comes first; none: the client goes on where it was.
    snapshot: Option<VecDeque<Bytes>>,
}

/// An input stream, as far as it came.
struct Writer {
    id: WriterId,
    known: bool,
    written: Offset,
    accepted: Offset,
    state: watch::Receiver<InputState>,
}

/// Attaches a client to a session; when `drain` is cancelled its output ends with `draining`.
///
/// # Errors
/// [`SessionError::Disconnected`], [`SessionError::Limit`], [`SessionError::Unreachable`], or what reading the
/// journal said.
pub async fn attach(
    session: Arc<Session>,
    options: AttachOptions,
    drain: CancellationToken,
) -> Result<(ViewerOutput, ViewerInput), SessionError> {
    let begun = Instant::now();
    // A client that names its writer and where it was comes back.
    let mut returns = options.writer.is_some() && options.from.is_some();
    let joined = async {
        let (membership, writer) = join(&session, &options).await?;
        returns |= writer.known;
        let start = find_start(&session, &options).await?;
        Ok((membership, writer, start))
    };
    let joined: Result<_, SessionError> = joined.await;
    match &joined {
        Ok(_) if returns => measure::recovered(begun.elapsed()),
        Err(_) if returns => measure::not_recovered(),
        _ => {}
    }
    let (membership, writer, start) = joined?;
    let status = session.status();
    let hello = Hello {
        session: session.id(),
        writer: writer.id,
        run: session.manifest().run,
        writer_known: writer.known,
        offset: start.offset,
        base_offset: status.base_offset,
        tail_offset: status.offset.max(start.offset),
        input_offset: writer.written,
        input_accepted: Some(writer.accepted),
        input_window: INPUT_WINDOW_BYTES as u64,
        size: start.size,
        role: options.role,
        viewer: membership.id,
        answers: false,
        reset: start.snapshot.is_some(),
        records_input: session.manifest().records_input,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let (notes, notes_received) = mpsc::channel::<ServerText>(MAX_NOTES);
    let (heard, heard_seen) = watch::channel(lag::Heard {
        drawn: start.offset,
        interrupted: None,
    });
    let listeners = output::Listeners {
        status: session.watch(),
        presence: session.roster().watch(),
        input: writer.state.clone(),
        news: session.screen().news(),
        notes: notes_received,
        heard: options.acks.then_some(heard_seen),
        drain,
    };
    let parts = start.snapshot.unwrap_or_default();
    let output = ViewerOutput::new(Arc::clone(&membership), hello, parts, options.lag, listeners);
    let input = ViewerInput::new(membership, writer, options.role, notes, heard);
    Ok((output, input))
}

/// Puts the client on the roster and asks where its input stands.
async fn join(
    session: &Arc<Session>,
    options: &AttachOptions,
) -> Result<(Arc<Membership>, Writer), SessionError> {
    let writer = match options.writer {
        Some(writer) => writer,
        None => {
            let bytes = random_bytes().map_err(SessionError::system("cannot make a writer id"))?;
            WriterId::from_bytes(bytes)
        }
    };
    if session.roster().is_disconnected(writer) {
        return Err(SessionError::Disconnected);
    }
    // Joined before asking: from here on an older connection with this id sends nothing more.
    let joined = session
        .roster()
        .join(writer, options.role, options.identity.clone());
    let (id, input_state) = joined.ok_or(SessionError::Limit {
        limit: "max_viewers",
        value: MAX_VIEWERS,
    })?;
    let membership = Arc::new(Membership {
        session: Arc::clone(session),
        id,
    });
    session.touch();
    session.announce();
    let state = session.writer_state(writer).await;
    session
        .roster()
        .settle(writer, id, state.as_ref().ok().map(|state| state.accepted));
    let state = state?;
    session.roster().acked(writer, state.written);
    let writer = Writer {
        id: writer,
        known: state.known,
        written: state.written,
        accepted: state.accepted,
        state: input_state,
    };
    Ok((membership, writer))
}

async fn find_start(session: &Arc<Session>, options: &AttachOptions) -> Result<Start, SessionError> {
    if let Some(from) = options.from
        && let Some(start) = continues(session, from, options.lag)
            .await
            .map_err(SessionError::system("cannot read the journal"))?
    {
        return Ok(start);
    }
    let snapshot = first_screen(session, options).await?;
    let (offset, size) = (snapshot.offset, snapshot.size);
    let frames = snapshot.into_frames().await;
    Ok(Start {
        offset,
        size,
        snapshot: Some(frames.map_err(SessionError::system("cannot compress a snapshot"))?),
    })
}

/// Today's screen; for a client that skips, one on the way there if today's is not drawn in time.
async fn first_screen(session: &Arc<Session>, options: &AttachOptions) -> Result<Snapshot, SessionError> {
    match options.lag {
        Lag::Wait => Screen::snapshot(session, options.lines, false).await,
        Lag::Skip => {
            let interim = Interim {
                after: options.from.unwrap_or_default(),
                from: Instant::now() + FIRST_PATIENCE,
            };
            Screen::snapshot_or_interim(session, options.lines, false, interim).await
        }
    }
}

/// The start of a client that goes on at `from`, if it can and is not too far behind.
async fn continues(session: &Session, from: Offset, lag: Lag) -> io::Result<Option<Start>> {
    let status = session.status();
    let farthest = match lag {
        Lag::Wait => u64::MAX,
        Lag::Skip => NEAR_BYTES,
    };
    let within = status.base_offset <= from && from <= status.offset;
    if !within || status.offset.since(from) > farthest {
        return Ok(None);
    }
    let mut reader = Reader::open(session.directory())?;
    if !is_kept(session, &mut reader, from, &status).await {
        return Ok(None);
    }
    let size = if from >= status.size_offset {
        None
    } else {
        reader.size_at(from.0)?
    };
    Ok(Some(Start {
        offset: from,
        size: size.map_or(status.size, |size| Size::new(size.cols, size.rows)),
        snapshot: None,
    }))
}

/// Whether the byte at `offset` is there: on disk, or in the memory of a holder whose disk is full.
async fn is_kept(session: &Session, reader: &mut Reader, offset: Offset, status: &Status) -> bool {
    if offset >= status.offset {
        return true;
    }
    match reader.read_at(offset.0, &mut [0]) {
        Ok(ReadAt::Gap { .. } | ReadAt::Trimmed { .. }) => false,
        Ok(ReadAt::End) => {
            let memory = session.read_memory(offset, 1).await;
            memory.is_some_and(|(kept, _)| kept == offset)
        }
        // What cannot be read now is told when it is read.
        Ok(ReadAt::Bytes(_)) | Err(_) => true,
    }
}
