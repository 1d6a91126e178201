//! A server as the holder sees it: says hello, asks, and keeps what it is told.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sempre_protocol::holder::{
    CONTROL_VERSION, Control, EndReason, Event, HolderHello, Op, Reply, Request, SOCKET_NAME, ServerHello,
    WriterState,
};
use sempre_protocol::texts::ExitStatus;
use sempre_protocol::{Offset, SessionId, Size, WriterId};

use super::LONG;

/// How a session ended, as servers were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) offset: u64,
    pub(crate) status: Option<ExitStatus>,
    pub(crate) reason: EndReason,
    pub(crate) time_ms: u64,
}

impl Exit {
    #[track_caller]
    pub(crate) fn assert(&self, status: ExitStatus, reason: EndReason, offset: u64) {
        assert_eq!(
            (self.status, self.reason, self.offset),
            (Some(status), reason, offset)
        );
    }
}

/// A connection that was greeted.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: UnixStream,
    incoming: Vec<u8>,
    pub(crate) hello: HolderHello,
    /// End of the output as last told.
    pub(crate) tail: u64,
    pub(crate) base: u64,
    pub(crate) events: Vec<Event>,
    pub(crate) acked: HashMap<WriterId, u64>,
    replies: Vec<Reply>,
    data: Vec<(u64, u64, Vec<u8>)>,
    next_id: u64,
    /// Messages after the exit event; there must be none.
    after_exit: usize,
    pub(crate) closed: bool,
}

/// The path by which a socket is reached however long its directory's path is; works while `directory` is open.
fn socket_path(directory: &File) -> PathBuf {
    Path::new("/proc/self/fd")
        .join(directory.as_raw_fd().to_string())
        .join(SOCKET_NAME)
}

/// Connects without a hello.
pub(crate) fn connect(directory: &Path) -> io::Result<UnixStream> {
    let directory = File::open(directory)?;
    let stream = UnixStream::connect(socket_path(&directory))?;
    stream.set_read_timeout(Some(LONG))?;
    stream.set_write_timeout(Some(LONG))?;
    Ok(stream)
}

impl Client {
    pub(super) fn connect(directory: &Path, session: SessionId) -> Self {
        Self::greet(connect(directory).unwrap(), session).expect("the holder greets")
    }

    /// Says hello; none if the holder hangs up.
    pub(crate) fn greet(mut stream: UnixStream, session: SessionId) -> Option<Self> {
        let version = CONTROL_VERSION;
        let json = serde_json::to_vec(&ServerHello { version, session }).unwrap();
        let mut message = Vec::new();
        Control::Hello(&json).encode(&mut message);
        let _ = stream.write_all(&message);
        let mut incoming = Vec::new();
        let hello: HolderHello = loop {
            if let Some((control, length)) = Control::decode(&incoming).unwrap() {
                let Control::HolderHello(json) = control else {
                    panic!("{control:?} came before the hello");
                };
                let hello = serde_json::from_slice(json).unwrap();
                incoming.drain(..length);
                break hello;
            }
            if !fill(&mut stream, &mut incoming) {
                return None;
            }
        };
        Some(Self {
            stream,
            incoming,
            tail: hello.offset.0,
            base: hello.base_offset.0,
            hello,
            events: Vec::new(),
            acked: HashMap::new(),
            replies: Vec::new(),
            data: Vec::new(),
            next_id: 0,
            after_exit: 0,
            closed: false,
        })
    }

    pub(crate) fn send(&mut self, control: &Control<'_>) {
        let mut message = Vec::new();
        control.encode(&mut message);
        // A connection that is over shows in the next wait.
        let _ = self.stream.write_all(&message);
    }

    /// Takes the next message; false once the connection is over.
    fn step(&mut self) -> bool {
        loop {
            let incoming = std::mem::take(&mut self.incoming);
            if let Some((control, length)) = Control::decode(&incoming).unwrap() {
                self.hear(&control);
                self.incoming = incoming[length..].to_vec();
                return true;
            }
            self.incoming = incoming;
            if !fill(&mut self.stream, &mut self.incoming) {
                self.closed = true;
                return false;
            }
        }
    }

    fn hear(&mut self, control: &Control<'_>) {
        self.after_exit += usize::from(self.exit().is_some());
        match *control {
            Control::Tail { offset, base_offset } => {
                assert!(
                    offset.0 >= self.tail && base_offset.0 >= self.base,
                    "offsets never go back"
                );
                (self.tail, self.base) = (offset.0, base_offset.0);
            }
            Control::InputAck { writer, offset } => {
                let acked = self.acked.insert(writer, offset.0);
                assert!(acked < Some(offset.0), "acknowledgements only rise");
            }
            Control::Event(json) => self.events.push(serde_json::from_slice(json).unwrap()),
            Control::Reply(json) => self.replies.push(serde_json::from_slice(json).unwrap()),
            Control::Data { id, offset, bytes } => self.data.push((id, offset.0, bytes.to_vec())),
            ref other => panic!("{other:?} is not for a server"),
        }
    }

    /// Takes messages until `done`.
    pub(crate) fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + LONG;
        while !done(self) {
            assert!(self.step(), "closed before {what}: {:?}", self.events);
            assert!(Instant::now() < deadline, "waited {LONG:?} for {what}");
        }
    }

    pub(crate) fn until_tail(&mut self, offset: u64) {
        self.until(&format!("output up to {offset}"), |client| client.tail >= offset);
    }

    pub(crate) fn until_acked(&mut self, writer: WriterId, offset: u64) {
        let what = format!("the acknowledgement of {offset}");
        self.until(&what, |client| {
            client.acked.get(&writer).is_some_and(|&acked| acked >= offset)
        });
    }

    /// Takes messages until the event `wanted` picks; those that came before this call count.
    pub(crate) fn until_event<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let mut found = None;
        self.until(what, |client| {
            found = client.events.iter().find_map(&wanted);
            found.is_some()
        });
        found.unwrap()
    }

    /// How the session ended, if that was told.
    fn exit(&self) -> Option<Exit> {
        self.events.iter().find_map(|event| match *event {
            Event::Exit {
                offset,
                status,
                reason,
                time_ms,
            } => Some(Exit {
                offset: offset.0,
                status,
                reason,
                time_ms,
            }),
            _ => None,
        })
    }

    /// Takes messages until the exit and then to the end of the connection; the exit has to be the last.
    pub(crate) fn until_exit(&mut self) -> Exit {
        self.until("the exit", |client| client.exit().is_some());
        while self.step() {}
        assert_eq!(self.after_exit, 0, "the exit is the last message");
        let exit = self.exit().unwrap();
        assert_eq!(exit.offset, self.tail, "all output was told of before the exit");
        exit
    }

    /// Waits until the holder hangs up.
    pub(crate) fn until_closed(&mut self) {
        let deadline = Instant::now() + LONG;
        while self.step() {
            assert!(
                Instant::now() < deadline,
                "waited {LONG:?} for the holder to hang up"
            );
        }
    }

    fn request(&mut self, op: Op) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        let json = serde_json::to_vec(&Request { id, op }).unwrap();
        self.send(&Control::Request(&json));
        id
    }

    /// Asks and waits for the reply.
    pub(crate) fn ask(&mut self, op: Op) -> Reply {
        let id = self.request(op);
        let reply = |client: &Self| client.replies.iter().find(|reply| reply.id == id).cloned();
        self.until("a reply", |client| reply(client).is_some());
        reply(self).unwrap()
    }

    /// Where a writer's input stands.
    pub(crate) fn writer(&mut self, writer: WriterId) -> WriterState {
        self.ask(Op::Writer { writer }).writer.unwrap()
    }

    /// Bytes that are only in the holder's memory, and where they begin: later than asked for if some are lost.
    pub(crate) fn read(&mut self, offset: u64, max_bytes: u32) -> (u64, Vec<u8>) {
        let asked = Offset(offset);
        let id = self.request(Op::Read {
            offset: asked,
            max_bytes,
        });
        let data = |client: &Self| client.data.iter().find(|(answered, ..)| *answered == id).cloned();
        self.until("data", |client| data(client).is_some());
        let (_, offset, bytes) = data(self).unwrap();
        assert!(offset >= asked.0);
        (offset, bytes)
    }

    pub(crate) fn input(&mut self, writer: WriterId, offset: u64, bytes: &[u8]) {
        self.input_at_size(writer, offset, None, bytes);
    }

    pub(crate) fn input_at_size(&mut self, writer: WriterId, offset: u64, size: Option<Size>, bytes: &[u8]) {
        let offset = Offset(offset);
        self.send(&Control::Input {
            writer,
            offset,
            size,
            discard: false,
            bytes,
        });
    }
}

/// Reads what has come; false at the end of the connection.
fn fill(stream: &mut UnixStream, incoming: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 64 * 1024];
    match stream.read(&mut buffer) {
        Ok(0) => false,
        Ok(count) => {
            incoming.extend_from_slice(&buffer[..count]);
            true
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            panic!("the holder said nothing for {LONG:?}")
        }
        Err(_) => false,
    }
}
