//! One connection to a holder: messages out, messages in, answers to whom they belong.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use sempre_protocol::holder::{
    CONTROL_VERSION, Control, Event, HolderHello, Op, Reply, Request, SOCKET_NAME, ServerHello, WriterState,
};
use sempre_protocol::{Offset, SessionId, WriterId};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::short_path::short_path;

/// A holder that has not introduced itself by then is called unreachable.
const HELLO_TIMEOUT: Duration = Duration::from_secs(2);
const READ_BYTES: usize = 16 * 1024;

type AskReply = oneshot::Sender<Result<Option<WriterState>, String>>;
type ReadReply = oneshot::Sender<(Offset, Vec<u8>)>;

/// What a holder says that is not an answer.
pub(super) enum Incoming {
    /// The journal reaches this far.
    Tail {
        /// End of the journal.
        offset: Offset,
        /// Oldest byte kept.
        base_offset: Offset,
    },
    /// Input has reached the PTY.
    InputAck {
        /// Whose.
        writer: WriterId,
        /// Up to here.
        offset: Offset,
    },
    /// Something happened.
    Event(Event),
}

/// A connection to a holder that introduced itself.
pub(super) struct Connection {
    stream: UnixStream,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    next_id: u64,
    asked: HashMap<u64, AskReply>,
    reads: HashMap<u64, ReadReply>,
}

impl Connection {
    /// Connects to the holder in `directory` and exchanges hellos.
    ///
    /// # Errors
    /// If nobody listens, or who listens is no holder of this session.
    pub(super) async fn open(directory: &Path, session: SessionId) -> io::Result<(Self, HolderHello)> {
        let directory = File::open(directory)?;
        let stream = UnixStream::connect(short_path(&directory, SOCKET_NAME)).await?;
        let mut connection = Self {
            stream,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            next_id: 0,
            asked: HashMap::new(),
            reads: HashMap::new(),
        };
        let hello = serde_json::to_vec(&ServerHello {
            version: CONTROL_VERSION,
            session,
        })?;
        Control::Hello(&hello).encode(&mut connection.outgoing);
        let hello = tokio::time::timeout(HELLO_TIMEOUT, connection.greeting())
            .await
            .map_err(io::Error::from)??;
        if hello.session == session {
            Ok((connection, hello))
        } else {
            Err(io::Error::other(format!(
                "its socket belongs to session {}",
                hello.session
            )))
        }
    }

    async fn greeting(&mut self) -> io::Result<HolderHello> {
        loop {
            self.flush();
            if let Some((Control::HolderHello(json), length)) = decode(&self.incoming)? {
                let hello = serde_json::from_slice(json)?;
                self.incoming.drain(..length);
                return Ok(hello);
            }
            self.fill().await?;
        }
    }

    /// Sends what the socket takes now. That the holder is gone is told by reading: its last words may still be
    /// there, and on a full disk they are nowhere else.
    pub(super) fn flush(&mut self) {
        while !self.outgoing.is_empty() {
            match self.stream.try_write(&self.outgoing) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.outgoing.clear(),
            }
        }
        self.outgoing.shrink_to(1024);
    }

    /// Bytes that wait to be sent.
    pub(super) fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.outgoing
    }

    /// Asks the holder; the answer goes to `reply`.
    pub(super) fn ask(&mut self, op: Op, reply: AskReply) {
        let id = self.request(op);
        self.asked.retain(|_, waiting| !waiting.is_closed());
        self.asked.insert(id, reply);
    }

    /// Asks for bytes that only the holder has.
    pub(super) fn read(&mut self, offset: Offset, max_bytes: u32, reply: ReadReply) {
        let id = self.request(Op::Read { offset, max_bytes });
        self.reads.retain(|_, waiting| !waiting.is_closed());
        self.reads.insert(id, reply);
    }

    fn request(&mut self, op: Op) -> u64 {
        self.next_id += 1;
        // A request has no value that JSON cannot hold.
        if let Ok(json) = serde_json::to_vec(&Request { id: self.next_id, op }) {
            Control::Request(&json).encode(&mut self.outgoing);
        }
        self.next_id
    }

    /// The next messages; safe to drop and call again.
    ///
    /// # Errors
    /// When the connection is over.
    pub(super) async fn incoming(&mut self) -> io::Result<Vec<Incoming>> {
        loop {
            // What came together with the hello is here already.
            let messages = self.take_messages()?;
            if !messages.is_empty() {
                return Ok(messages);
            }
            self.fill().await?;
        }
    }

    fn take_messages(&mut self) -> io::Result<Vec<Incoming>> {
        let bytes = std::mem::take(&mut self.incoming);
        let mut handled = 0;
        let mut messages = Vec::new();
        while let Some((control, length)) = decode(bytes.get(handled..).unwrap_or_default())? {
            handled += length;
            messages.extend(self.sort(&control)?);
        }
        self.incoming
            .extend_from_slice(bytes.get(handled..).unwrap_or_default());
        Ok(messages)
    }

    fn sort(&mut self, control: &Control<'_>) -> io::Result<Option<Incoming>> {
        Ok(match *control {
            Control::Tail { offset, base_offset } => Some(Incoming::Tail { offset, base_offset }),
            Control::InputAck { writer, offset } => Some(Incoming::InputAck { writer, offset }),
            Control::Event(json) => Some(Incoming::Event(serde_json::from_slice(json)?)),
            Control::Reply(json) => {
                let reply: Reply = serde_json::from_slice(json)?;
                if let Some(waiting) = self.asked.remove(&reply.id) {
                    // Who asked may have stopped waiting.
                    let _ = waiting.send(reply.error.map_or(Ok(reply.writer), Err));
                }
                None
            }
            Control::Data { id, offset, bytes } => {
                if let Some(waiting) = self.reads.remove(&id) {
                    let _ = waiting.send((offset, bytes.to_vec()));
                }
                None
            }
            _ => None,
        })
    }

    /// Waits for the socket and reads what has arrived; sending goes on meanwhile.
    async fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0; READ_BYTES];
        loop {
            self.flush();
            let interest = if self.outgoing.is_empty() {
                Interest::READABLE
            } else {
                Interest::READABLE | Interest::WRITABLE
            };
            self.stream.ready(interest).await?;
            match self.stream.try_read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.incoming
                        .extend_from_slice(buffer.get(..count).unwrap_or_default());
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn decode(bytes: &[u8]) -> io::Result<Option<(Control<'_>, usize)>> {
    Control::decode(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests;
