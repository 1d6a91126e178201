//! One attached client: a cursor that it moves through the journal itself, and an input stream of its own.
//!
//! There is no queue: [`ViewerOutput::next`] makes the next frame when the client is ready for it, so a client
//! that reads nothing costs what a cursor costs. The two halves may live on different tasks; the viewer leaves
//! the session when both are gone.

mod input;
mod output;

use std::sync::Arc;

use sempre_journal::{ReadAt, Reader};
use sempre_protocol::limits::INPUT_WINDOW_BYTES;
use sempre_protocol::texts::{Hello, Role, ServerText};
use sempre_protocol::{Offset, Size, WriterId};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::roster::{MAX_VIEWERS, ViewerId};
use super::{Session, SessionError, replay};
use crate::store::random_bytes;

pub use input::ViewerInput;
pub use output::{Outgoing, ViewerOutput};

/// Answers and errors that may wait for a client that does not read; more are dropped.
const MAX_NOTES: usize = 16;

/// How a client wants to attach.
#[derive(Debug, Clone, Copy)]
pub struct AttachOptions {
    /// The first output byte it wants; none: a replay of the newest output.
    pub from: Option<Offset>,
    /// Its input stream; none: a fresh one.
    pub writer: Option<WriterId>,
    /// What it may do.
    pub role: Role,
    /// It promises to say what it has drawn.
    pub acks: bool,
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
    reset: bool,
}

/// Attaches a client to a session; when `drain` is cancelled its output ends with `draining`.
///
/// # Errors
/// [`SessionError::Limit`], [`SessionError::Unreachable`], or what reading the journal said.
pub async fn attach(
    session: Arc<Session>,
    options: AttachOptions,
    drain: CancellationToken,
) -> Result<(ViewerOutput, ViewerInput), SessionError> {
    let system = |what: &'static str| SessionError::system(what);
    let writer = match options.writer {
        Some(writer) => writer,
        None => WriterId::from_bytes(random_bytes().map_err(system("cannot make a writer id"))?),
    };
    // Joined before asking: from here on an older connection with this id sends nothing more.
    let (id, input_state) =
        session
            .roster()
            .join(writer, options.role, Offset::ZERO)
            .ok_or(SessionError::Limit {
                limit: "max_viewers",
                value: MAX_VIEWERS,
            })?;
    let membership = Arc::new(Membership {
        session: Arc::clone(&session),
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
    let status = session.status();
    let mut reader = Reader::open(session.directory()).map_err(system("cannot open the journal"))?;
    let start = find_start(&session, &mut reader, &status, options.from).await;
    let start = start.map_err(system("cannot read the journal"))?;
    let presence = session.roster().watch();
    let hello = Hello {
        session: session.id(),
        writer,
        run: session.manifest().run,
        writer_known: state.known,
        offset: start.offset,
        base_offset: status.base_offset,
        tail_offset: status.offset,
        input_offset: state.written,
        input_window: INPUT_WINDOW_BYTES as u64,
        size: start.size,
        role: options.role,
        viewer: id,
        answers: presence.borrow().answering == Some(id),
        reset: start.reset,
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let (notes, notes_received) = mpsc::channel::<ServerText>(MAX_NOTES);
    let (drawn, drawn_seen) = watch::channel(start.offset);
    let output = ViewerOutput::new(
        Arc::clone(&membership),
        hello,
        reader,
        output::Listeners {
            status: session.watch(),
            presence,
            input: input_state.clone(),
            notes: notes_received,
            drawn: options.acks.then_some(drawn_seen),
            drain,
        },
    );
    let input = ViewerInput::new(
        membership,
        writer,
        options.role,
        state.accepted,
        input_state,
        notes,
        drawn,
    );
    Ok((output, input))
}

async fn find_start(
    session: &Session,
    reader: &mut Reader,
    status: &super::Status,
    from: Option<Offset>,
) -> std::io::Result<Start> {
    let (base, end) = (status.base_offset, status.offset);
    let wanted = from.filter(|&from| base <= from && from <= end);
    let offset = wanted.unwrap_or_else(|| replay::start(reader, base, end));
    let kept = first_kept(session, reader, offset, end).await;
    let size = if kept >= status.size_offset {
        None
    } else {
        reader.size_at(kept.0)?
    };
    let size = size.map_or(status.size, |size| Size::new(size.cols, size.rows));
    Ok(Start {
        offset: kept,
        size,
        reset: wanted != Some(kept),
    })
}

/// The first byte from `offset` on that is there: on disk, or in the memory of a holder whose disk is full.
async fn first_kept(session: &Session, reader: &mut Reader, offset: Offset, end: Offset) -> Offset {
    if offset >= end {
        return offset;
    }
    match reader.read_at(offset.0, &mut [0]) {
        Ok(ReadAt::Gap { resumes_at }) => Offset(resumes_at).min(end),
        Ok(ReadAt::Trimmed { base_offset }) => Offset(base_offset).min(end),
        Ok(ReadAt::End) => match session.read_memory(offset, 1).await {
            Some((kept, _)) => kept.min(end),
            None => end,
        },
        // What cannot be read now is told when it is read.
        Ok(ReadAt::Bytes(_)) | Err(_) => offset,
    }
}
