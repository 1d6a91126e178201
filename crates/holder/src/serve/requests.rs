//! What servers say, and what the holder does about it.

use std::time::Duration;

use sempre_protocol::holder::{
    CONTROL_VERSION, Control, Event, HolderHello, Op, Reply, Request, ServerHello, WriterState,
};
use sempre_protocol::texts::Signal;
use sempre_protocol::{Offset, Size, WriterId};

use super::Holder;
use crate::control::Connection;
use crate::ending::Ending;
use crate::input::Offered;

/// Longest grace between SIGHUP and SIGKILL.
const MAX_GRACE: Duration = Duration::from_secs(600);

impl Holder {
    /// Handles every whole message that has arrived on a connection.
    pub(super) fn handle_all(&mut self, connection: &mut Connection) {
        let bytes = connection.take_incoming();
        let mut handled = 0;
        while connection.is_open() {
            match Control::decode(bytes.get(handled..).unwrap_or_default()) {
                Ok(Some((message, length))) => {
                    handled += length;
                    self.handle(connection, &message);
                }
                Ok(None) => break,
                Err(_) => connection.close(),
            }
        }
        connection.put_back(bytes, handled);
    }

    fn handle(&mut self, connection: &mut Connection, message: &Control<'_>) {
        match *message {
            Control::Hello(json) => self.greet(connection, json),
            _ if !connection.is_greeted() => connection.close(),
            Control::Input {
                writer,
                offset,
                size,
                discard: true,
                bytes,
            } => {
                if let Some(size) = size.filter(|&size| size != self.pty.size()) {
                    self.resize_to(size);
                }
                match self.input.pass_over(writer, offset, bytes.len()) {
                    Ok(offset) => self.acknowledge(writer, offset),
                    Err(accepted) => self.refuse(writer, true, accepted),
                }
            }
            Control::Input {
                writer,
                offset,
                size,
                discard: false,
                bytes,
            } => {
                let (gap, accepted) = match self.input.offer(writer, offset, size, bytes) {
                    Offered::Taken => return,
                    Offered::Gap { accepted } => (true, accepted),
                    Offered::Full { accepted } => (false, accepted),
                };
                self.refuse(writer, gap, accepted);
            }
            Control::EngineReply { query_offset, bytes } => self.input.answer(query_offset, bytes),
            Control::Request(json) => match serde_json::from_slice(json) {
                Ok(request) => self.answer(connection, request),
                Err(_) => connection.close(),
            },
            // A later release's message: it knows from the hello that this one may not understand it.
            _ => {}
        }
    }

    fn refuse(&mut self, writer: WriterId, gap: bool, accepted: Offset) {
        self.events.push(Event::InputRefused {
            writer,
            gap,
            accepted,
        });
    }

    fn greet(&mut self, connection: &mut Connection, json: &[u8]) {
        let meant = serde_json::from_slice::<ServerHello>(json);
        if !meant.is_ok_and(|hello| hello.session == self.manifest.session) {
            return connection.close();
        }
        let hello = HolderHello {
            version: CONTROL_VERSION,
            release: env!("CARGO_PKG_VERSION").into(),
            session: self.manifest.session,
            run: self.manifest.run,
            holder_pid: std::process::id(),
            pid: (!matches!(self.ending, Ending::Draining(_))).then(|| self.child.pid()),
            size: self.pty.size(),
            size_offset: self.size_offset,
            offset: self.output.end_offset(),
            base_offset: self.output.base_offset(),
            answered_offset: self.input.answered(),
            disk_error: self.disk_error(),
        };
        if let Ok(json) = serde_json::to_vec(&hello) {
            connection.push(&Control::HolderHello(&json));
            connection.greet();
        }
    }

    fn answer(&mut self, connection: &mut Connection, request: Request) {
        let id = request.id;
        let done = match request.op {
            Op::Resize { cols, rows } => {
                let size = Size::new(cols, rows);
                if size != self.pty.size() {
                    self.resize_to(size);
                }
                Ok(None)
            }
            Op::Signal { signal } => self.signal(signal).map(|()| None),
            Op::End { grace_ms, reason } => {
                self.end(Duration::from_millis(grace_ms).min(MAX_GRACE), reason);
                Ok(None)
            }
            Op::Writer { writer } => Ok(Some(self.input.state(writer))),
            Op::Keyframe { offset } => {
                self.output.set_keyframe(offset);
                Ok(None)
            }
            Op::Read { offset, max_bytes } => return self.send_data(connection, id, offset, max_bytes),
            Op::Unknown => Err("this holder is of an older release and does not know the request".into()),
        };
        reply(connection, id, done);
    }

    fn signal(&mut self, signal: Signal) -> Result<(), String> {
        if signal.discards_input() {
            // Before: what the program's successor reads is typed after the signal.
            self.discard_input();
        }
        self.child
            .signal(self.pty.foreground_group(), signal)
            .map_err(|error| format!("cannot signal the foreground group: {error}"))
    }

    fn send_data(&self, connection: &mut Connection, id: u64, offset: Offset, max_bytes: u32) {
        let (offset, bytes) = self.output.in_memory(offset, max_bytes as usize);
        connection.answer(&Control::Data { id, offset, bytes });
    }
}

fn reply(connection: &mut Connection, id: u64, done: Result<Option<WriterState>, String>) {
    let reply = match done {
        Ok(writer) => Reply {
            id,
            error: None,
            writer,
        },
        Err(error) => Reply {
            id,
            error: Some(error),
            writer: None,
        },
    };
    if let Ok(json) = serde_json::to_vec(&reply) {
        connection.answer(&Control::Reply(&json));
    }
}
