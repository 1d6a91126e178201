//! The half that makes frames for the client, one at a time, when the client is ready for them.

use std::sync::Arc;

use bytes::Bytes;
use sempre_journal::{ReadAt, ReadError, Reader};
use sempre_protocol::frames::{BYTES_HEADER, bytes_header};
use sempre_protocol::limits::{OUTPUT_CHUNK_BYTES, OUTPUT_WINDOW_BYTES};
use sempre_protocol::texts::{ErrorCode, Hello, ServerText};
use sempre_protocol::{Offset, Size};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Membership;
use crate::sessions::roster::{InputState, Presence};
use crate::sessions::session::{Exit, Status};

/// Output further behind the end than this may not be in the page cache: it is read off the async threads.
const NEAR_BYTES: u64 = 1024 * 1024;

/// What the client gets next.
#[derive(Debug)]
pub enum Outgoing {
    /// A text frame.
    Text(ServerText),
    /// A binary frame, encoded.
    Binary(Bytes),
    /// Nothing more: close the connection.
    Close,
}

/// Everything that can give the client something new.
pub(super) struct Listeners {
    pub(super) status: watch::Receiver<Status>,
    pub(super) presence: watch::Receiver<Presence>,
    pub(super) input: watch::Receiver<InputState>,
    pub(super) notes: mpsc::Receiver<ServerText>,
    /// What the client has drawn; none if it does not say.
    pub(super) drawn: Option<watch::Receiver<Offset>>,
    pub(super) drain: CancellationToken,
}

/// What the client was told already.
struct Told {
    size: Size,
    presence: Presence,
    answers: bool,
    acked: Offset,
    gap_at: Option<Offset>,
}

/// A client's view of the output.
pub struct ViewerOutput {
    membership: Arc<Membership>,
    hello: Option<Hello>,
    reader: Option<Reader>,
    cursor: Offset,
    listeners: Listeners,
    told: Told,
    closing: bool,
}

impl ViewerOutput {
    pub(super) fn new(
        membership: Arc<Membership>,
        hello: Hello,
        reader: Reader,
        listeners: Listeners,
    ) -> Self {
        let told = Told {
            size: hello.size,
            presence: Presence::default(),
            answers: hello.answers,
            acked: hello.input_offset,
            gap_at: None,
        };
        let cursor = hello.offset;
        Self {
            membership,
            hello: Some(hello),
            reader: Some(reader),
            cursor,
            listeners,
            told,
            closing: false,
        }
    }

    /// The next frame; waits until there is one. Safe to drop and call again.
    pub async fn next(&mut self) -> Outgoing {
        if let Some(hello) = self.hello.take() {
            return Outgoing::Text(ServerText::Hello(hello));
        }
        loop {
            if self.closing {
                return Outgoing::Close;
            }
            // Before output: a client with a long backlog must not wait for its end to hear of these.
            if self.listeners.drain.is_cancelled() {
                return self.draining();
            }
            if let Ok(note) = self.listeners.notes.try_recv() {
                return Outgoing::Text(note);
            }
            if let Some(text) = self.news_of_input().or_else(|| self.news_of_presence()) {
                return Outgoing::Text(text);
            }
            match self.pull().await {
                Ok(Some(outgoing)) => return outgoing,
                Ok(None) => {}
                Err(error) => return self.last_words(ErrorCode::OutputTrimmed, error.to_string(), None),
            }
            if let Some(outgoing) = self.wait().await {
                return outgoing;
            }
        }
    }

    fn last_words(&mut self, code: ErrorCode, message: String, input_offset: Option<Offset>) -> Outgoing {
        self.closing = true;
        Outgoing::Text(ServerText::Error {
            code,
            message,
            input_offset,
        })
    }

    fn draining(&mut self) -> Outgoing {
        self.closing = true;
        Outgoing::Text(ServerText::Draining)
    }

    fn news_of_input(&mut self) -> Option<ServerText> {
        let state = *self.listeners.input.borrow_and_update();
        if let Some(input_offset) = state.final_offset {
            self.closing = true;
            let message = "a newer connection uses this writer id; make a new one and attach again".into();
            let input_offset = Some(input_offset);
            return Some(ServerText::Error {
                code: ErrorCode::WriterTaken,
                message,
                input_offset,
            });
        }
        if state.lost {
            self.closing = true;
            let message = "input could not be passed on to the session's holder; attach again".into();
            return Some(ServerText::Error {
                code: ErrorCode::Unreachable,
                message,
                input_offset: None,
            });
        }
        if state.gap_at != self.told.gap_at {
            self.told.gap_at = state.gap_at;
            return state.gap_at.map(gap_error);
        }
        (state.acked > self.told.acked).then(|| {
            self.told.acked = state.acked;
            ServerText::InputAck { offset: state.acked }
        })
    }

    fn news_of_presence(&mut self) -> Option<ServerText> {
        let presence = *self.listeners.presence.borrow_and_update();
        let answers = presence.answering == Some(self.membership.id);
        if answers != self.told.answers {
            self.told.answers = answers;
            return Some(ServerText::Answers { answers });
        }
        let (count, writers) = (presence.count, presence.writers);
        let news = (count, writers) != (self.told.presence.count, self.told.presence.writers);
        self.told.presence = presence;
        news.then_some(ServerText::Viewers {
            count,
            writers,
            who: Vec::new(),
        })
    }

    /// What the journal has for the cursor now: a size, bytes, or the end.
    async fn pull(&mut self) -> Result<Option<Outgoing>, ReadError> {
        let status = self.listeners.status.borrow_and_update().clone();
        if self.told.size != status.size && status.size_offset <= self.cursor {
            return Ok(Some(self.resized(status.size)));
        }
        let drawn = self
            .listeners
            .drawn
            .as_mut()
            .map(|drawn| *drawn.borrow_and_update());
        let window = drawn.map_or(u64::MAX, |drawn| {
            OUTPUT_WINDOW_BYTES.saturating_sub(self.cursor.since(drawn))
        });
        let mut count = status
            .offset
            .since(self.cursor)
            .min(OUTPUT_CHUNK_BYTES as u64)
            .min(window);
        if count > 0 {
            if self.cursor < status.size_offset
                && let Some((at, size)) = self.next_resize(count)?
            {
                if at <= self.cursor {
                    return Ok(Some(self.resized(size)));
                }
                count = at.since(self.cursor);
            }
            return self.read(count, &status).await;
        }
        match status.exit {
            Some(exit) if self.cursor >= exit.offset => Ok(Some(self.exited(exit))),
            _ => Ok(None),
        }
    }

    fn resized(&mut self, size: Size) -> Outgoing {
        self.told.size = size;
        Outgoing::Text(ServerText::Resized {
            offset: self.cursor,
            cols: size.cols,
            rows: size.rows,
        })
    }

    /// The reader; opened again if a dropped call took it along.
    fn reader(&mut self) -> Result<Reader, ReadError> {
        match self.reader.take() {
            Some(reader) => Ok(reader),
            None => Ok(Reader::open(self.membership.session.directory())?),
        }
    }

    /// The first place within the next `count` bytes where the size is not the one told.
    fn next_resize(&mut self, count: u64) -> Result<Option<(Offset, Size)>, ReadError> {
        let known = sempre_journal::Size {
            cols: self.told.size.cols,
            rows: self.told.size.rows,
        };
        let (from, upto) = (self.cursor.0, self.cursor.plus(count).0);
        let mut reader = self.reader()?;
        let found = reader.next_resize(from, known, upto)?;
        self.reader = Some(reader);
        Ok(found.map(|(at, size)| (Offset(at), Size::new(size.cols, size.rows))))
    }

    async fn read(&mut self, count: u64, status: &Status) -> Result<Option<Outgoing>, ReadError> {
        let reader = self.reader()?;
        let cursor = self.cursor;
        let job = move || read_frame(reader, cursor, count);
        let (reader, frame, read) = if status.offset.since(cursor) > NEAR_BYTES {
            tokio::task::spawn_blocking(job)
                .await
                .map_err(std::io::Error::other)?
        } else {
            job()
        };
        self.reader = Some(reader);
        match read? {
            ReadAt::Bytes(_) => {
                self.cursor = cursor.plus((frame.len() - BYTES_HEADER) as u64);
                Ok(Some(Outgoing::Binary(frame)))
            }
            ReadAt::End => self.read_from_memory(count, status).await,
            ReadAt::Gap { resumes_at } => Err(gone(cursor, resumes_at)),
            ReadAt::Trimmed { base_offset } => Err(gone(cursor, base_offset)),
        }
    }

    /// While the disk is full the newest output is only in the holder's memory; it goes with the holder.
    async fn read_from_memory(&mut self, count: u64, status: &Status) -> Result<Option<Outgoing>, ReadError> {
        let max_bytes = u32::try_from(count).unwrap_or(u32::MAX);
        match self.membership.session.read_memory(self.cursor, max_bytes).await {
            Some((offset, bytes)) if offset == self.cursor => {
                let mut frame = bytes_header(offset).to_vec();
                frame.extend_from_slice(&bytes);
                self.cursor = self.cursor.plus(bytes.len() as u64);
                Ok(Some(Outgoing::Binary(frame.into())))
            }
            Some((offset, _)) => Err(gone(self.cursor, offset.0)),
            None => Ok(status.exit.map(|exit| self.exited(exit))),
        }
    }

    fn exited(&mut self, exit: Exit) -> Outgoing {
        self.closing = true;
        let reason = exit.reason.word().to_owned();
        Outgoing::Text(ServerText::Exit {
            offset: exit.offset,
            status: exit.status,
            reason,
        })
    }

    /// Waits until there is news; some are complete frames.
    async fn wait(&mut self) -> Option<Outgoing> {
        let Listeners {
            status,
            presence,
            input,
            notes,
            drawn,
            drain,
        } = &mut self.listeners;
        tokio::select! {
            biased;
            () = drain.cancelled() => {}
            Some(note) = notes.recv() => return Some(Outgoing::Text(note)),
            changed = status.changed() => self.closing |= changed.is_err(),
            changed = input.changed() => self.closing |= changed.is_err(),
            changed = presence.changed() => self.closing |= changed.is_err(),
            () = changed(drawn) => {}
        }
        None
    }
}

/// Completes when the client has drawn more; never for one that does not say.
async fn changed(drawn: &mut Option<watch::Receiver<Offset>>) {
    if let Some(drawn) = drawn
        && drawn.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

fn read_frame(mut reader: Reader, cursor: Offset, count: u64) -> (Reader, Bytes, Result<ReadAt, ReadError>) {
    let count = usize::try_from(count).unwrap_or(OUTPUT_CHUNK_BYTES);
    let mut frame = vec![0; BYTES_HEADER + count];
    let read = match frame.split_first_chunk_mut() {
        Some((header, payload)) => {
            *header = bytes_header(cursor);
            reader.read_at(cursor.0, payload)
        }
        None => Ok(ReadAt::End),
    };
    if let Ok(ReadAt::Bytes(count)) = read {
        frame.truncate(BYTES_HEADER + count);
    }
    (reader, frame.into(), read)
}

fn gone(cursor: Offset, kept_from: u64) -> ReadError {
    let message = format!("output from {cursor} to {kept_from} is no longer kept; attach again");
    ReadError::Io(std::io::Error::other(message))
}

fn gap_error(accepted: Offset) -> ServerText {
    ServerText::Error {
        code: ErrorCode::InputGap,
        message: format!("input began beyond offset {accepted}; nothing was written, send again from there"),
        input_offset: Some(accepted),
    }
}
