//! What the journal has for a client at its cursor: a size, bytes, the end, or a snapshot instead of a backlog.

use std::time::Instant;

use bytes::Bytes;
use sempre_journal::{ReadAt, ReadError, Reader};
use sempre_protocol::frames::{BYTES_HEADER, bytes_header};
use sempre_protocol::limits::{OUTPUT_CHUNK_BYTES, OUTPUT_WINDOW_BYTES, SKIP_LINES};
use sempre_protocol::texts::ServerText;
use sempre_protocol::{Offset, Size};

use super::Lag;
use super::lag::{Heard, Position, Step};
use super::output::{Closing, Outgoing, ViewerOutput};
use crate::sessions::SessionError;
use crate::sessions::screen::{Interim, Screen};
use crate::sessions::session::{Exit, Status};

/// Output further behind the end than this may not be in the page cache: it is read off the async threads.
const CACHED_BYTES: u64 = 1024 * 1024;

/// Why a client gets nothing more.
#[derive(Debug)]
pub(super) enum PullError {
    /// The bytes at its cursor are not kept or cannot be read.
    Gone(ReadError),
    /// It needs a snapshot and there is none.
    Screen(SessionError),
}

impl From<ReadError> for PullError {
    fn from(error: ReadError) -> Self {
        Self::Gone(error)
    }
}

impl From<std::io::Error> for PullError {
    fn from(error: std::io::Error) -> Self {
        Self::Gone(error.into())
    }
}

impl ViewerOutput {
    /// What there is now; none: wait for more, or until the client has drawn what it was sent.
    pub(super) async fn pull(&mut self) -> Result<Option<Outgoing>, PullError> {
        let status = self.listeners.status.borrow_and_update().clone();
        if self.told.size != status.size && status.size_offset <= self.cursor {
            return Ok(Some(self.resized(status.size)));
        }
        let behind = status.offset.since(self.cursor);
        let heard = self.heard();
        let now = Instant::now();
        if self.lag == Lag::Skip {
            self.pace.drew(now, heard.drawn, self.cursor);
        }
        if behind == 0 {
            if heard.drawn >= self.cursor {
                self.skipping.rests(now);
            }
            return Ok(self.ended(&status));
        }
        if self.lag == Lag::Skip
            && let Some(outgoing) = self.skip_if_behind(now, status.offset, heard).await?
        {
            return Ok(outgoing);
        }
        let room = self.window().saturating_sub(self.cursor.since(heard.drawn));
        let mut count = behind.min(OUTPUT_CHUNK_BYTES as u64).min(room);
        if count == 0 {
            return Ok(None);
        }
        if self.cursor < status.size_offset
            && let Some((at, size)) = self.next_resize(count)?
        {
            if at <= self.cursor {
                return Ok(Some(self.resized(size)));
            }
            count = at.since(self.cursor);
        }
        self.read(count, &status).await
    }

    /// What the client said; one that does not say what it draws has drawn what it was sent.
    fn heard(&mut self) -> Heard {
        match &mut self.listeners.heard {
            Some(heard) => *heard.borrow_and_update(),
            None => Heard {
                drawn: self.cursor,
                interrupted: None,
            },
        }
    }

    /// A snapshot instead of bytes, or that it waits; none if it gets bytes.
    async fn skip_if_behind(
        &mut self,
        now: Instant,
        end: Offset,
        heard: Heard,
    ) -> Result<Option<Option<Outgoing>>, PullError> {
        let position = Position {
            cursor: self.cursor,
            end,
        };
        let step = self.skipping.step(now, position, heard, &self.pace);
        self.skip_at = match step {
            Step::Until(at) => Some(at),
            _ => None,
        };
        match step {
            Step::Bytes => Ok(None),
            Step::Snapshot => self.skip().await.map(Some),
            Step::Drawn | Step::Until(_) => Ok(Some(None)),
        }
    }

    /// Bytes that may be sent ahead of what was drawn.
    fn window(&self) -> u64 {
        match self.lag {
            Lag::Skip => self.pace.window(),
            Lag::Wait => OUTPUT_WINDOW_BYTES,
        }
    }

    fn ended(&mut self, status: &Status) -> Option<Outgoing> {
        let exit = status.exit.filter(|exit| self.cursor >= exit.offset)?;
        Some(self.exited(exit))
    }

    /// Goes on at the end of the output, with a snapshot, or nearer to it while nobody can draw the end yet. None if
    /// that is where it stands.
    async fn skip(&mut self) -> Result<Option<Outgoing>, PullError> {
        let session = &self.membership.session;
        let interim = Interim {
            after: self.cursor,
            from: self.skipping.patient_until(Instant::now()),
        };
        let snapshot = Screen::snapshot_or_interim(session, SKIP_LINES, true, interim)
            .await
            .map_err(PullError::Screen)?;
        let (offset, size) = (snapshot.offset, snapshot.size);
        if offset <= self.cursor {
            // What is missing is nowhere; only the end is left to tell.
            let exit = self.listeners.status.borrow().exit;
            return Ok(exit.map(|exit| self.exited(exit)));
        }
        let mut parts = snapshot.into_frames().await?;
        let first = parts.pop_front();
        self.parts = parts;
        self.cursor = offset;
        self.told.size = size;
        self.skipping.skipped(Instant::now(), offset);
        self.pace.jumped();
        Ok(first.map(Outgoing::Binary))
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

    async fn read(&mut self, count: u64, status: &Status) -> Result<Option<Outgoing>, PullError> {
        let reader = self.reader()?;
        let cursor = self.cursor;
        let job = move || read_frame(reader, cursor, count);
        let (reader, frame, read) = if status.offset.since(cursor) > CACHED_BYTES {
            tokio::task::spawn_blocking(job)
                .await
                .map_err(std::io::Error::other)?
        } else {
            job()
        };
        self.reader = Some(reader);
        match read? {
            ReadAt::Bytes(_) => Ok(Some(self.sent(frame))),
            ReadAt::End => self.read_from_memory(count, status).await,
            ReadAt::Gap { resumes_at } => self.gone(resumes_at).await,
            ReadAt::Trimmed { base_offset } => self.gone(base_offset).await,
        }
    }

    fn sent(&mut self, frame: Bytes) -> Outgoing {
        if self.lag == Lag::Skip {
            self.pace.sent(Instant::now(), self.cursor);
        }
        self.cursor = self.cursor.plus((frame.len() - BYTES_HEADER) as u64);
        Outgoing::Binary(frame)
    }

    /// While the disk is full the newest output is only in the holder's memory; it goes with the holder.
    async fn read_from_memory(&mut self, count: u64, status: &Status) -> Result<Option<Outgoing>, PullError> {
        let max_bytes = u32::try_from(count).unwrap_or(u32::MAX);
        match self.membership.session.read_memory(self.cursor, max_bytes).await {
            Some((offset, bytes)) if offset == self.cursor => {
                let mut frame = bytes_header(offset).to_vec();
                frame.extend_from_slice(&bytes);
                Ok(Some(self.sent(frame.into())))
            }
            Some((offset, _)) => self.gone(offset.0).await,
            None => Ok(status.exit.map(|exit| self.exited(exit))),
        }
    }

    /// Output up to `kept_from` is not there: a client that asked for every byte must know.
    async fn gone(&mut self, kept_from: u64) -> Result<Option<Outgoing>, PullError> {
        if self.lag == Lag::Skip {
            return self.skip().await;
        }
        let message = format!(
            "output from {} to {kept_from} is no longer kept; attach again",
            self.cursor
        );
        Err(PullError::Gone(ReadError::Io(std::io::Error::other(message))))
    }

    fn exited(&mut self, exit: Exit) -> Outgoing {
        self.close(Closing::Over);
        let reason = exit.reason.word().to_owned();
        Outgoing::Text(ServerText::Exit {
            offset: exit.offset,
            status: exit.status,
            reason,
        })
    }
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
