//! The poll loop: PTY, child, servers and timers, one thing at a time, nothing blocking.

mod requests;
mod telling;

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sempre_protocol::holder::{EndReason, Event, Manifest};
use sempre_protocol::texts::Signal;
use sempre_protocol::{Offset, Size, WriterId};

use crate::clock::now_ms;
use crate::control::{Connection, ControlSocket, MAX_CONNECTIONS};
use crate::ending::{ChildHandle, Draining, Ending};
use crate::input::InputQueue;
use crate::output::Output;
use crate::pty::Pty;
use crate::recording::Recording;
use crate::signals::Signals;

/// Output gathered before it is appended, bytes; the kernel hands out 4 KiB at a time.
const GATHER_BYTES: usize = 128 * 1024;
/// A gather up to this size leaves few pages behind, bytes.
const QUIET_GATHER_BYTES: usize = 16 * 1024;
/// A gather with at least so much is a flood, bytes: more is about to come, the kernel hands over 4 KiB at a time.
const FLOOD_BYTES: usize = 4 * 1024;
/// A flood's next piece is waited for at most so long: an append for each piece costs more than the wait.
const PIECE_WAIT: Duration = Duration::from_micros(200);
/// Input and requests wait at most so long for a gather, however the pieces come.
const GATHER_LIMIT: Duration = Duration::from_millis(2);
/// Who typed hears that it arrived at the latest after this: together with the echo, if one comes, so that the echo
/// does not wait behind a server that was woken for the acknowledgement.
const ACK_DELAY: Duration = Duration::from_millis(5);
/// Time between SIGHUP and SIGKILL when the machine goes down.
const TERMINATE_GRACE: Duration = Duration::from_secs(2);

/// A running session.
pub struct Holder {
    manifest: Manifest,
    pty: Pty,
    size_offset: Offset,
    child: ChildHandle,
    output: Output,
    input: InputQueue,
    /// None: the session is not recorded.
    recording: Option<Recording>,
    acks: Vec<(WriterId, Offset)>,
    /// When the acknowledgements go out without company.
    acks_at: Option<Instant>,
    events: Vec<Event>,
    told_tail: (Offset, Offset),
    told_disk_error: Option<String>,
    socket: ControlSocket,
    connections: Vec<Connection>,
    signals: Signals,
    ending: Ending,
    gather: Vec<u8>,
    /// The gather buffer has pages that a quiet session does not need.
    busy: bool,
    /// Held, never read: its lock says that this holder lives.
    _lock: File,
}

/// What a round of polling found.
#[derive(Default)]
struct Ready {
    output: bool,
    child: bool,
    accept: bool,
    terminate: bool,
    rebind: bool,
    connections: Vec<bool>,
}

impl Holder {
    /// A holder of a started child.
    pub fn new(
        manifest: Manifest,
        pty: Pty,
        child: ChildHandle,
        output: Output,
        socket: ControlSocket,
        signals: Signals,
        lock: File,
    ) -> Self {
        Self {
            manifest,
            pty,
            size_offset: Offset::ZERO,
            child,
            output,
            input: InputQueue::default(),
            recording: None,
            acks: Vec::new(),
            acks_at: None,
            events: Vec::new(),
            told_tail: (Offset::ZERO, Offset::ZERO),
            told_disk_error: None,
            socket,
            connections: Vec::new(),
            signals,
            ending: Ending::Not,
            gather: vec![0; GATHER_BYTES],
            busy: false,
            _lock: lock,
        }
    }

    /// The same, recording what is typed, if there is a recording.
    pub fn with_recording(self, recording: Option<Recording>) -> Self {
        Self { recording, ..self }
    }

    /// The child's pid.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Serves until the session has ended and its servers know.
    pub fn run(mut self) {
        loop {
            let ready = self.wait();
            self.hear_signals(&ready);
            self.hear_servers(&ready);
            self.write_input();
            if ready.output {
                self.read_output();
            }
            if self.look_at_child(&ready) {
                break;
            }
            self.output.keep(now_ms(), Instant::now());
            if let Some(recording) = &mut self.recording {
                recording.keep(now_ms(), Instant::now());
            }
            self.tell_servers();
        }
        self.farewell();
    }

    fn wait(&self) -> Ready {
        let draining = matches!(self.ending, Ending::Draining(_));
        let mut pty_events = PollFlags::IN;
        if !self.input.is_empty() && !draining {
            pty_events |= PollFlags::OUT;
        }
        let mut fds = vec![
            PollFd::new(&self.pty, pty_events),
            PollFd::new(&self.socket, PollFlags::IN),
            PollFd::new(&self.signals.terminate, PollFlags::IN),
            PollFd::new(&self.signals.rebind, PollFlags::IN),
        ];
        for connection in &self.connections {
            let out = if connection.wants_write() {
                PollFlags::OUT
            } else {
                PollFlags::empty()
            };
            fds.push(PollFd::new(connection, PollFlags::IN | out));
        }
        if !draining {
            // Last, so that its place does not depend on whether it is there.
            fds.push(PollFd::new(&self.child, PollFlags::IN));
        }
        let timeout = self
            .deadline()
            .map(|at| timespec(at.saturating_duration_since(Instant::now())));
        if poll(&mut fds, timeout.as_ref()).is_err() {
            return Ready::default();
        }
        let any = |fd: Option<&PollFd<'_>>| fd.is_some_and(|fd| !fd.revents().is_empty());
        let heard = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        let count = self.connections.len();
        Ready {
            output: fds.first().is_some_and(|fd| fd.revents().intersects(heard)),
            accept: any(fds.get(1)),
            terminate: any(fds.get(2)),
            rebind: any(fds.get(3)),
            connections: fds.iter().skip(4).take(count).map(|fd| any(Some(fd))).collect(),
            child: !draining && any(fds.get(4 + count)),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        [
            self.ending.deadline(),
            self.output.deadline(now_ms(), Instant::now()),
            self.recording.as_ref().and_then(Recording::deadline),
            self.acks_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn hear_signals(&mut self, ready: &Ready) {
        if ready.terminate {
            self.signals.terminate.clear();
            self.end(TERMINATE_GRACE, EndReason::Shutdown);
        }
        if ready.rebind {
            self.signals.rebind.clear();
            // If this fails, the next signal tries again.
            let _ = self.socket.ensure();
        }
    }

    fn hear_servers(&mut self, ready: &Ready) {
        // Out of `self` while handled: a message may change anything but the list of servers.
        let mut connections = std::mem::take(&mut self.connections);
        for (connection, _) in connections
            .iter_mut()
            .zip(&ready.connections)
            .filter(|(_, ready)| **ready)
        {
            connection.fill();
            self.handle_all(connection);
        }
        self.connections = connections;
        if ready.accept
            && let Some(connection) = self
                .socket
                .accept()
                .and_then(|stream| Connection::new(stream).ok())
        {
            if self.connections.len() >= MAX_CONNECTIONS {
                // The longest connected one is the likeliest to be dead.
                self.connections.remove(0);
            }
            self.connections.push(connection);
        }
    }

    /// Writes what the PTY takes now; a size that belongs to the next bytes is set first.
    fn write_input(&mut self) {
        if matches!(self.ending, Ending::Draining(_)) {
            return self.input.clear();
        }
        loop {
            let writer = self.input.front_writer();
            let Some((size, bytes)) = self.input.front() else {
                return;
            };
            if let Some(size) = size.filter(|&size| size != self.pty.size()) {
                self.resize_to(size);
                continue;
            }
            // Looked at before and after: a program may turn its echo off or on in between.
            let hidden = self.recording.is_some() && self.pty.hides_input();
            let Ok(count) = self.pty.write(bytes) else { return };
            if count == 0 {
                return;
            }
            if let (Some(recording), Some(writer), Some(taken)) =
                (&mut self.recording, writer, bytes.get(..count))
            {
                recording.wrote(writer, taken, hidden || self.pty.hides_input(), now_ms());
            }
            if let Some((writer, offset)) = self.input.wrote(count) {
                self.acknowledge(writer, offset);
            }
        }
    }

    fn acknowledge(&mut self, writer: WriterId, offset: Offset) {
        self.acks.retain(|(acked, _)| *acked != writer);
        self.acks.push((writer, offset));
        self.acks_at = self.acks_at.or_else(|| Instant::now().checked_add(ACK_DELAY));
    }

    /// Throws away the input that no program has read, here and in the kernel, as a terminal does on Ctrl-C.
    fn discard_input(&mut self) {
        let discarded = self.input.discard();
        if let Some(size) = discarded.size.filter(|&size| size != self.pty.size()) {
            self.resize_to(size);
        }
        for (writer, offset) in discarded.acks {
            self.acknowledge(writer, offset);
        }
        // Where the terminal cannot be opened again, the few KiB in the kernel are typed ahead as before.
        let _ = self.pty.discard_input();
    }

    /// Sets the size; what was written before is read first, so that the record stands at the right offset.
    fn resize_to(&mut self, size: Size) {
        self.read_output();
        if self.pty.resize(size).is_ok() {
            let offset = self.output.resized(size, now_ms());
            self.size_offset = offset;
            self.events.push(Event::Resized { offset, size });
        }
    }

    /// Reads what the PTY has, up to the gather buffer, and appends it to the journal at once.
    fn read_output(&mut self) {
        let mut filled = 0;
        let mut over = false;
        let mut until = None;
        while let Some(room) = self.gather.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.pty.read(room) {
                Ok(0) => over = true,
                Ok(count) => {
                    filled += count;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let until = *until.get_or_insert_with(|| Instant::now() + GATHER_LIMIT);
                    if filled >= FLOOD_BYTES && Instant::now() < until && self.more_comes() {
                        continue;
                    }
                }
                Err(_) => over = true,
            }
            break;
        }
        if let Some(bytes) = self.gather.get(..filled).filter(|bytes| !bytes.is_empty()) {
            self.output.append(bytes, now_ms());
        }
        if let Ending::Draining(draining) = &mut self.ending {
            if filled > 0 {
                draining.heard(Instant::now());
            }
            draining.over |= over;
        }
        if filled > QUIET_GATHER_BYTES {
            self.busy = true;
        } else if self.busy {
            // A burst is over: its pages go back to the system.
            self.busy = false;
            self.gather = vec![0; GATHER_BYTES];
        }
    }

    /// Whether the next piece of a flood comes at once.
    fn more_comes(&self) -> bool {
        let wait = Timespec::try_from(PIECE_WAIT).unwrap_or_default();
        let mut fds = [PollFd::new(&self.pty, PollFlags::IN)];
        poll(&mut fds, Some(&wait)).is_ok_and(|ready| ready > 0)
    }

    /// Moves the end of the session on; true when all is read and the holder may go.
    fn look_at_child(&mut self, ready: &Ready) -> bool {
        let now = Instant::now();
        match &mut self.ending {
            Ending::Draining(draining) => return draining.over || now >= draining.deadline(),
            Ending::Hung { kill_at, .. } if kill_at.is_some_and(|at| now >= at) => {
                *kill_at = None;
                self.child.signal_all(self.pty.foreground_group(), Signal::Kill);
            }
            _ => {}
        }
        if ready.child
            && let Some(status) = self.child.reap()
        {
            self.pty.release_terminal();
            self.ending = Ending::Draining(Draining::new(status, self.ending.reason(), now));
        }
        false
    }

    fn end(&mut self, grace: Duration, reason: EndReason) {
        if let Ending::Draining(_) = self.ending {
            return;
        }
        let kill_at = Instant::now().checked_add(grace);
        self.child.signal_all(self.pty.foreground_group(), Signal::Hup);
        self.ending = match self.ending {
            Ending::Hung { reason: first, .. } => Ending::Hung {
                kill_at,
                reason: first,
            },
            _ => Ending::Hung { kill_at, reason },
        };
    }
}

fn timespec(duration: Duration) -> Timespec {
    // Rounded up to the next millisecond: waking just before a deadline would spin.
    let millis = duration.as_millis().saturating_add(1).min(86_400_000);
    Timespec::try_from(Duration::from_millis(u64::try_from(millis).unwrap_or(86_400_000))).unwrap_or_default()
}
