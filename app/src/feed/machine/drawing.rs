//! What the feed does with output and snapshots: everything the terminal draws goes through here.

use super::*;

impl Feed {
    pub(super) fn binary(&mut self, turn: &mut Turn<'_>, frame: &[u8]) {
        // Kinds of a later release are skipped.
        let Ok(frame) = ServerFrame::decode(frame) else {
            return;
        };
        if !self.is_open() {
            return self.lost(turn);
        }
        match frame {
            ServerFrame::Output { offset, bytes } => self.output(turn, offset, bytes),
            ServerFrame::Snapshot {
                offset,
                size,
                flags,
                ansi,
            } => match self.snapshots.gather(offset, size.clamped(), flags, ansi) {
                Gathered::Part => {}
                Gathered::Whole(whole) => self.snapshot(turn, whole),
                Gathered::TooLarge => self.start_over(turn),
            },
        }
    }

    fn snapshot(&mut self, turn: &mut Turn<'_>, whole: Whole) {
        if !self.output.wants_snapshot(whole.offset) {
            return;
        }
        if whole.deflated {
            let (ticket, bytes) = self.snapshots.inflate(whole);
            turn.push(Effect::Inflate { ticket, bytes });
        } else {
            self.show_snapshot(turn, whole);
        }
    }

    pub(super) fn inflated(&mut self, turn: &mut Turn<'_>, ticket: u32, ansi: Option<Vec<u8>>) {
        let Some(whole) = self.snapshots.inflated(ticket) else {
            return;
        };
        let Some(bytes) = ansi else {
            return self.start_over(turn);
        };
        self.show_snapshot(turn, Whole { bytes, ..whole });
        while let Some(event) = self.snapshots.next_waiting() {
            self.arrived(turn, event);
        }
    }

    fn show_snapshot(&mut self, turn: &mut Turn<'_>, whole: Whole) {
        let (mark, skipped) = self.output.take_snapshot(whole.offset);
        self.skipped |= skipped > 0;
        self.size = Some(whole.size);
        // Modes that are set again make xterm.js report at once what nobody asked for.
        self.set_voice(turn, Voice::Replay);
        turn.push(Effect::Snapshot {
            size: whole.size,
            cut: skipped > 0,
            ansi: whole.bytes,
            mark,
        });
        self.speak(turn);
    }

    fn output(&mut self, turn: &mut Turn<'_>, offset: Offset, bytes: &[u8]) {
        match self.output.take(offset, bytes) {
            Taken::New {
                reset,
                replayed,
                fresh,
            } => {
                if reset {
                    self.set_voice(turn, Voice::Replay);
                    turn.push(Effect::Reset);
                    self.size
                        .into_iter()
                        .for_each(|size| turn.push(Effect::Resize(size)));
                }
                if !replayed.is_empty() {
                    let mark = self.output.mark(fresh.len());
                    turn.push(Effect::Write {
                        bytes: replayed.to_vec(),
                        mark,
                    });
                }
                self.speak(turn);
                if !fresh.is_empty() {
                    let mark = self.output.mark(0);
                    turn.push(Effect::Write {
                        bytes: fresh.to_vec(),
                        mark,
                    });
                }
            }
            Taken::Known => {}
            Taken::Gap => self.start_over(turn),
        }
    }

    /// Bytes are missing: the next connection begins with a reset terminal.
    pub(super) fn start_over(&mut self, turn: &mut Turn<'_>) {
        self.output.forget();
        self.lost(turn);
    }

    /// Tells the terminal who may speak from here on, if that changed.
    pub(super) fn speak(&mut self, turn: &mut Turn<'_>) {
        self.set_voice(turn, self.output.voice());
    }

    fn set_voice(&mut self, turn: &mut Turn<'_>, voice: Voice) {
        if self.voice != Some(voice) {
            self.voice = Some(voice);
            turn.push(Effect::Voice(voice));
        }
    }
}
