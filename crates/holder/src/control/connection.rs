//! One connected server: bytes in, messages out, never blocking.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use sempre_protocol::Offset;
use sempre_protocol::holder::Control;
use sempre_protocol::limits::MAX_CONTROL_BYTES;

use super::MAX_QUEUED_BYTES;

/// On the stack, whose pages a process never gives back: each holder would keep them.
const READ_BYTES: usize = 8 * 1024;
/// Sent bytes kept in front of what waits until they are worth moving it.
const COMPACT_BYTES: usize = 64 * 1024;

/// A server on the control socket.
pub struct Connection {
    stream: UnixStream,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    sent: usize,
    /// Answers that must not overtake the events their requests cause.
    answers: Vec<u8>,
    /// The socket took less than it was given.
    full: bool,
    /// The newest tail that is not in `outgoing` yet, since the socket is full: older ones are never sent.
    tail: Option<(Offset, Offset)>,
    greeted: bool,
    open: bool,
}

impl Connection {
    /// Takes over an accepted socket.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            sent: 0,
            answers: Vec::new(),
            full: false,
            tail: None,
            greeted: false,
            open: true,
        })
    }

    /// Whether the peer is still there and behaves.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Gives the connection up.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// Whether the peer introduced itself: only then it gets tails and events.
    pub fn is_greeted(&self) -> bool {
        self.greeted
    }

    /// Notes that the peer introduced itself.
    pub fn greet(&mut self) {
        self.greeted = true;
    }

    /// Whether something waits until the socket takes it.
    pub fn wants_write(&self) -> bool {
        self.sent < self.outgoing.len() || self.tail.is_some()
    }

    /// Reads what has arrived. The caller handles it with [`Connection::take_incoming`].
    pub fn fill(&mut self) {
        let mut buffer = [0; READ_BYTES];
        while self.incoming.len() <= MAX_CONTROL_BYTES + 4 {
            match self.stream.read(&mut buffer) {
                Ok(0) => return self.close(),
                Ok(count) => self
                    .incoming
                    .extend_from_slice(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.close(),
            }
        }
    }

    /// The bytes that have arrived and were not handled; give the rest back with [`Connection::put_back`].
    pub fn take_incoming(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.incoming)
    }

    /// Gives back what was not handled: all of `bytes` from `handled` on.
    pub fn put_back(&mut self, mut bytes: Vec<u8>, handled: usize) {
        bytes.drain(..handled.min(bytes.len()));
        if bytes.is_empty() {
            // A quiet session holds no buffer.
            bytes = Vec::new();
        }
        self.incoming = bytes;
    }

    /// Queues a message.
    pub fn push(&mut self, message: &Control<'_>) {
        if self.outgoing.len() - self.sent > MAX_QUEUED_BYTES {
            return self.close();
        }
        message.encode(&mut self.outgoing);
    }

    /// Keeps an answer back until [`Connection::release_answers`].
    pub fn answer(&mut self, message: &Control<'_>) {
        message.encode(&mut self.answers);
    }

    /// Whether answers are kept back.
    pub fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Queues the answers kept back.
    pub fn release_answers(&mut self) {
        self.outgoing.extend_from_slice(&self.answers);
        self.answers = Vec::new();
    }

    /// Queues how far the journal reaches; while the socket is full, only the newest.
    pub fn set_tail(&mut self, offset: Offset, base_offset: Offset) {
        if self.full {
            self.tail = Some((offset, base_offset));
        } else {
            Control::Tail { offset, base_offset }.encode(&mut self.outgoing);
        }
    }

    /// Sends what the socket takes.
    pub fn flush(&mut self) {
        while self.open {
            if self.sent == self.outgoing.len() {
                self.outgoing.clear();
                self.sent = 0;
                self.full = false;
                match self.tail.take() {
                    Some((offset, base_offset)) => self.set_tail(offset, base_offset),
                    None => return self.outgoing.shrink_to(1024),
                }
            }
            match self
                .stream
                .write(self.outgoing.get(self.sent..).unwrap_or_default())
            {
                Ok(count) => {
                    self.sent += count;
                    if self.sent > COMPACT_BYTES {
                        self.outgoing.drain(..self.sent);
                        self.sent = 0;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.full = true;
                    return;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.close(),
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use sempre_protocol::WriterId;

    use super::*;

    #[test]
    fn a_server_that_reads_late_gets_only_the_newest_tail() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut connection = Connection::new(near).unwrap();
        let news = vec![b'x'; 100_000];
        while !connection.full {
            connection.push(&Control::Event(&news));
            connection.flush();
        }
        for offset in 1..=100 {
            connection.set_tail(Offset(offset), Offset(0));
            connection.flush();
        }
        far.set_nonblocking(true).unwrap();
        let mut read = Vec::new();
        while connection.wants_write() {
            // It ends when nothing is left for now.
            let _ = far.read_to_end(&mut read);
            connection.flush();
        }
        let _ = far.read_to_end(&mut read);
        let (mut rest, mut tails) = (read.as_slice(), Vec::new());
        while let Some((message, length)) = Control::decode(rest).unwrap() {
            if let Control::Tail { offset, .. } = message {
                tails.push(offset);
            }
            rest = &rest[length..];
        }
        assert_eq!((tails, rest), (vec![Offset(100)], [].as_slice()));
    }

    #[test]
    fn what_is_to_be_told_at_once_is_one_write() {
        // Keeps apart what was written apart.
        let flags = SocketFlags::empty();
        let (near, far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        let mut connection = Connection::new(near.into()).unwrap();
        let acknowledgement = Control::InputAck {
            writer: WriterId::from_bytes([7; 16]),
            offset: Offset(3),
        };
        connection.set_tail(Offset(1), Offset(0));
        connection.push(&acknowledgement);
        connection.flush();
        let mut packet = [0; 1024];
        let count = UnixStream::from(far).read(&mut packet).unwrap();
        let (tail, length) = Control::decode(&packet[..count]).unwrap().unwrap();
        assert!(matches!(tail, Control::Tail { offset, .. } if offset == Offset(1)));
        let (second, _) = Control::decode(&packet[length..count]).unwrap().unwrap();
        assert_eq!(second, acknowledgement);
    }

    #[test]
    fn a_server_that_never_reads_is_dropped_at_the_limit() {
        let (near, far) = UnixStream::pair().unwrap();
        let mut connection = Connection::new(near).unwrap();
        let json = vec![b'x'; 100_000];
        for _ in 0..60 {
            connection.push(&Control::Event(&json));
            connection.flush();
        }
        assert!(!connection.is_open());
        drop(far);
    }
}
