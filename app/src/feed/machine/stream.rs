//! What the feed does with texts from the server and with what a person types.

use super::*;
use crate::reading::server_text;

impl Feed {
    pub(super) fn text(&mut self, turn: &mut Turn<'_>, text: &str) {
        // A text this release cannot read is of a later one: skipped.
        let Some(text) = server_text(text) else {
            return;
        };
        match text {
            ServerText::Hello(hello) => self.hello(turn, &hello),
            ServerText::Error {
                code,
                message,
                input_offset,
            } => self.refused(turn, code, message, input_offset),
            ServerText::Exit {
                offset,
                status,
                reason,
            } => self.exited(turn, offset, Ending { status, reason }),
            ServerText::Draining => self.drained(turn),
            _ if !self.is_open() => self.lost(turn),
            ServerText::InputAck { offset } => {
                self.input.confirm(offset, turn.now_ms);
                self.send_input(turn);
            }
            ServerText::Resized { cols, rows, .. } => self.resized(turn, Size::new(cols, rows)),
            news => {
                if let ServerText::Viewers { count, .. } = news {
                    self.viewers = count;
                }
                Arc::make_mut(&mut self.news).take(news);
            }
        }
    }

    fn hello(&mut self, turn: &mut Turn<'_>, hello: &Hello) {
        let join = self.output.begin(hello);
        if join == Join::Gap {
            return self.start_over(turn);
        }
        self.link = Link::Open {
            since_ms: turn.now_ms,
        };
        self.ever_open = true;
        self.notice = None;
        self.role = hello.role;
        self.records_input = hello.records_input;
        Arc::make_mut(&mut self.news).begin(hello.viewer);
        if join == Join::Reset {
            self.skipped = false;
        }
        self.resized(turn, hello.size.clamped());
        self.speak(turn);
        self.tell_fit(turn);
        self.tell_theme(turn);
        let parked = self.input.begin(hello, turn.now_ms);
        self.park(parked);
        self.send_input(turn);
    }

    fn resized(&mut self, turn: &mut Turn<'_>, size: Size) {
        // A terminal about to be replaced is left as it is until then.
        if self.size.replace(size) != Some(size) && !self.output.is_stale() {
            turn.push(Effect::Resize(size));
        }
    }

    fn exited(&mut self, turn: &mut Turn<'_>, offset: Offset, ending: Ending) {
        if self
            .output
            .resume_from()
            .is_some_and(|received| received < offset)
        {
            return self.start_over(turn);
        }
        // What reached the program was confirmed before the end is told.
        let parked = self.input.park(ParkReason::Ended);
        self.park(parked);
        self.finish(turn, Link::Over(Connection::Ended(ending)));
    }

    /// The server goes down and the session does not: the next server may be there already.
    fn drained(&mut self, turn: &mut Turn<'_>) {
        self.failures = 0;
        self.cut_off();
        let spread_ms = (turn.chance.fraction() * 250.0) as u64;
        self.link = Link::Waiting {
            retry_at_ms: turn.now_ms + spread_ms,
        };
        turn.push(Effect::Disconnect);
    }

    fn refused(&mut self, turn: &mut Turn<'_>, code: ErrorCode, message: String, offset: Option<Offset>) {
        match code {
            ErrorCode::WriterTaken => {
                let fresh = WriterId::from_bytes(turn.chance.id_bytes());
                let parked = self.input.move_to(fresh, offset, turn.now_ms);
                self.park(parked);
                turn.push(Effect::KeepWriter(fresh));
                self.connect(turn);
            }
            ErrorCode::InputGap | ErrorCode::InputWindow => self.lost(turn),
            ErrorCode::OutputTrimmed => self.start_over(turn),
            ErrorCode::Forbidden => {
                self.input.park(ParkReason::Uncertain);
                self.notice = Some(message);
            }
            ErrorCode::SessionEnded | ErrorCode::BadText => {}
            ErrorCode::Disconnected => {
                let parked = self.input.park(ParkReason::Uncertain);
                self.park(parked);
                self.finish(turn, Link::Over(Connection::Disconnected));
            }
            ErrorCode::LoggedOut => {
                let parked = self.input.park(ParkReason::Ended);
                self.park(parked);
                self.finish(turn, Link::Over(Connection::LoggedOut));
            }
            ErrorCode::Unreachable | ErrorCode::Unknown => self.notice = Some(message),
        }
    }

    pub(super) fn typed(&mut self, turn: &mut Turn<'_>, bytes: &[u8]) {
        if self.role == Role::Viewer || matches!(self.link, Link::Over(_)) {
            return;
        }
        // Ctrl-C, Ctrl-\ and Ctrl-Z act at once at a real terminal, whatever waits before them.
        let signal = match bytes {
            [0x03] => Some(Signal::Int),
            [0x1c] => Some(Signal::Quit),
            [0x1a] => Some(Signal::Tstp),
            _ => None,
        };
        if let Some(signal) = signal.filter(|_| self.is_open() && self.input.is_backed_up(turn.now_ms)) {
            return self.signal(turn, signal);
        }
        let kept = self.input.push(true, bytes, self.is_open(), turn.now_ms);
        if !kept {
            let notice = "Not kept: 64 KiB of typed text already wait for the connection.";
            self.notice = Some(notice.into());
        }
        self.send_input(turn);
    }

    /// Reports say how things are now; those of a time without connection are worth nothing later.
    pub(super) fn reported(&mut self, turn: &mut Turn<'_>, bytes: &[u8]) {
        let heard = self.is_open() && self.role == Role::Writer && self.voice != Some(Voice::Replay);
        if heard && self.input.push(false, bytes, true, turn.now_ms) {
            self.send_input(turn);
        }
    }

    pub(super) fn interrupt(&mut self, turn: &mut Turn<'_>) {
        if self.is_open() {
            self.signal(turn, Signal::Int);
        }
    }

    fn signal(&mut self, turn: &mut Turn<'_>, signal: Signal) {
        if signal.discards_input() {
            self.input.discard();
        }
        turn.push(Effect::SendText(ClientText::Signal { signal }));
    }

    fn send_input(&mut self, turn: &mut Turn<'_>) {
        if !self.is_open() || self.role == Role::Viewer {
            return;
        }
        while let Some(frame) = self.input.next_frame() {
            if frame.typed {
                turn.push(Effect::SendText(ClientText::Typing));
            }
            turn.push(Effect::SendInput {
                offset: frame.offset,
                bytes: frame.bytes,
            });
        }
    }

    /// Holds text back; what was held back before and not dealt with stays in front of it.
    pub(super) fn park(&mut self, parked: Option<Parked>) {
        let Some(mut parked) = parked else { return };
        if let Some(earlier) = self.parked.take() {
            let mut bytes = earlier.bytes.clone();
            bytes.append(&mut parked.bytes);
            parked.bytes = bytes;
        }
        self.parked = Some(Arc::new(parked));
    }

    pub(super) fn type_parked(&mut self, turn: &mut Turn<'_>) {
        if !self.is_open() || self.role == Role::Viewer {
            return;
        }
        if let Some(parked) = self.parked.take() {
            self.input.push(true, &parked.bytes, true, turn.now_ms);
            self.send_input(turn);
        }
    }

    pub(super) fn fitted(&mut self, now_ms: u64, size: Size) {
        self.fit = Some(size.clamped());
        if self.is_open() && self.fit != self.fit_told {
            self.resize_at_ms = Some(now_ms + RESIZE_REST_MS);
        }
    }

    pub(super) fn themed(&mut self, turn: &mut Turn<'_>, theme: Theme) {
        if self.theme.replace(theme) != Some(theme) && self.is_open() {
            self.tell_theme(turn);
        }
    }

    fn tell_theme(&mut self, turn: &mut Turn<'_>) {
        if let Some(theme) = self.theme.filter(|_| self.role == Role::Writer) {
            turn.push(Effect::SendText(ClientText::Theme(theme)));
        }
    }

    /// Someone disconnected this viewer and its person wants back: the server keeps the former id out.
    pub(super) fn attach_again(&mut self, turn: &mut Turn<'_>) {
        let fresh = WriterId::from_bytes(turn.chance.id_bytes());
        self.input.move_to(fresh, None, turn.now_ms);
        turn.push(Effect::KeepWriter(fresh));
        self.connect(turn);
    }

    pub(super) fn tell_fit(&mut self, turn: &mut Turn<'_>) {
        self.resize_at_ms = None;
        let Some(fit) = self
            .fit
            .filter(|fit| self.is_open() && self.fit_told != Some(*fit))
        else {
            return;
        };
        self.fit_told = Some(fit);
        if self.role == Role::Writer {
            turn.push(Effect::SendText(ClientText::Resize {
                cols: fit.cols,
                rows: fit.rows,
            }));
        }
    }
}
