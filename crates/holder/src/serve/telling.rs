//! What the holder says: how far the journal reaches, what happened, what it took, and the end.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use sempre_protocol::holder::{Control, EndReason, Event};

use super::{Holder, timespec};
use crate::clock::now_ms;
use crate::control::Connection;
use crate::ending::Ending;
use crate::recording::Recording;

/// Servers get this long to read the exit, then the holder goes.
const FAREWELL: Duration = Duration::from_millis(500);

impl Holder {
    /// What the disk said, while it refuses output or the recording of input.
    pub(super) fn disk_error(&self) -> Option<String> {
        let of_recording = || self.recording.as_ref().and_then(Recording::disk_error);
        self.output.disk_error().or_else(of_recording)
    }

    pub(super) fn tell_servers(&mut self) {
        let error = self.disk_error();
        if error != self.told_disk_error {
            self.told_disk_error.clone_from(&error);
            self.events.push(Event::Disk { error });
        }
        let events: Vec<Vec<u8>> = self
            .events
            .drain(..)
            .filter_map(|event| serde_json::to_vec(&event).ok())
            .collect();
        let (offset, base_offset) = (self.output.end_offset(), self.output.base_offset());
        let moved = (offset, base_offset) != self.told_tail;
        self.told_tail = (offset, base_offset);
        let acks = if moved || !events.is_empty() || self.acks_are_due() {
            self.acks_at = None;
            std::mem::take(&mut self.acks)
        } else {
            Vec::new()
        };
        for connection in &mut self.connections {
            if connection.is_greeted() {
                // A size before the bytes that it is for.
                events
                    .iter()
                    .for_each(|event| connection.push(&Control::Event(event)));
                // The echo before the word that its key was taken: who waits, waits for the echo.
                if moved {
                    connection.set_tail(offset, base_offset);
                }
                for &(writer, offset) in &acks {
                    connection.push(&Control::InputAck { writer, offset });
                }
                connection.release_answers();
            }
            connection.flush();
        }
        self.connections.retain(Connection::is_open);
    }

    /// Whether the acknowledgements wait for nothing more: answers must not overtake them.
    fn acks_are_due(&self) -> bool {
        self.acks_at.is_some_and(|at| at <= Instant::now())
            || self.connections.iter().any(Connection::has_answers)
    }

    /// Completes the journal, tells the servers and waits for them to have read it, but not for ever.
    pub(super) fn farewell(mut self) {
        let (status, reason) = match &self.ending {
            Ending::Draining(draining) => (draining.status, draining.reason),
            _ => (None, EndReason::Unknown),
        };
        let time_ms = now_ms();
        let offset = self.output.finish(status, reason, time_ms);
        if let Some(recording) = &mut self.recording {
            recording.finish(time_ms);
        }
        // The exit is the last word: no acknowledgement waits any longer.
        self.acks_at = Some(Instant::now());
        self.tell_servers();
        self.events.push(Event::Exit {
            offset,
            status,
            reason,
            time_ms,
        });
        self.tell_servers();
        let until = Instant::now() + FAREWELL;
        while self.connections.iter().any(Connection::wants_write) && Instant::now() < until {
            let left = timespec(until.saturating_duration_since(Instant::now()));
            let mut fds: Vec<_> = self
                .connections
                .iter()
                .map(|connection| PollFd::new(connection, PollFlags::OUT))
                .collect();
            let _ = poll(&mut fds, Some(&left));
            drop(fds);
            self.tell_servers();
        }
        self.socket.remove();
    }
}
