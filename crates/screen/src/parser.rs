//! Bytes to actions: UTF-8, control characters and escape sequences (ECMA-48, the state machine of the VT500).
//!
//! It knows which bytes belong to a sequence that is not finished, so that a snapshot can end with them. What the
//! actions do is not its matter.

mod params;
mod utf8;
mod whole;

pub(crate) use params::Params;

use utf8::Utf8;

/// Longest text of an OSC or DCS that is acted upon, bytes; the rest of a longer one is dropped, and it with it.
pub(crate) const MAX_STRING_BYTES: usize = 64 * 1024;
/// What stands for a string too long to repeat: one that every terminal skips.
const SKIPPED_STRING: &[u8] = b"\x1b]999999;";

const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const DEL: u8 = 0x7f;
const C1_DCS: u32 = 0x90;
const C1_SOS: u32 = 0x98;
const C1_CSI: u32 = 0x9b;
const C1_ST: u32 = 0x9c;
const C1_OSC: u32 = 0x9d;
const C1_PM: u32 = 0x9e;
const C1_APC: u32 = 0x9f;

/// What a parser tells.
pub(crate) trait Perform {
    /// Printable ASCII characters.
    fn print_ascii(&mut self, text: &[u8]);
    /// Printable characters that are not ASCII.
    fn print(&mut self, text: &str);
    /// A control character, C0 or C1.
    fn execute(&mut self, control: u8, at: usize);
    /// A control sequence. `at` is the index of its last byte in what was fed.
    fn csi(&mut self, sequence: &Sequence, at: usize);
    /// An escape sequence.
    fn esc(&mut self, sequence: &Sequence);
    /// An operating system command.
    fn osc(&mut self, text: &[u8], at: usize);
    /// A device control string.
    fn dcs(&mut self, sequence: &Sequence, text: &[u8], at: usize);
}

/// What comes before a sequence's final character, and that.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sequence {
    pub(crate) params: Params,
    /// Prefix and intermediates, the last in the low byte; 0 if there are none.
    pub(crate) collected: u32,
    pub(crate) last: u8,
}

impl Sequence {
    fn clear(&mut self) {
        self.params.clear();
        self.collected = 0;
    }

    fn collect(&mut self, byte: u8) {
        self.collected = self.collected << 8 | u32::from(byte);
    }
}

/// Where in a sequence the parser stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    EscapeIntermediate,
    CsiEntry,
    CsiParam,
    CsiIntermediate,
    CsiIgnore,
    /// SOS, PM or APC: skipped.
    Skipped,
    Osc,
    DcsEntry,
    DcsParam,
    DcsIntermediate,
    DcsIgnore,
    DcsText,
}

/// The parser.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parser {
    state: State,
    utf8: Utf8,
    sequence: Sequence,
    text: Vec<u8>,
    is_text_too_long: bool,
    /// The sequence's bytes from earlier calls, without controls that were already acted upon.
    unfinished: Vec<u8>,
    /// Where it goes on in what is fed now.
    start: usize,
}

impl Parser {
    /// Takes bytes in.
    pub(crate) fn feed(&mut self, bytes: &[u8], perform: &mut impl Perform) {
        self.start = 0;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.state == State::Ground && self.utf8.is_idle() {
                let read = self.whole(byte, bytes.get(at..).unwrap_or_default(), at, perform);
                at += read;
                if read > 0 {
                    continue;
                }
            }
            if byte < 0x80 && !self.utf8.is_idle() {
                self.utf8.drop_unfinished();
                continue;
            }
            if byte < 0x80 {
                self.ascii(byte, at, perform);
            } else if let Some(c) = self.utf8.push(byte) {
                self.wide(c, at, perform);
            }
            at += 1;
        }
        self.keep_unfinished(bytes);
    }

    /// Acts on what `rest`, at `at`, begins with, if it is of the common kinds and whole; returns its bytes.
    fn whole(&mut self, first: u8, rest: &[u8], at: usize, perform: &mut impl Perform) -> usize {
        match first {
            b' '..=b'~' => {
                let count = whole::printable(rest);
                perform.print_ascii(rest.get(..count).unwrap_or(rest));
                count
            }
            0x80.. => whole::print_run(rest, perform),
            ESC => match whole::control_sequence(rest, &mut self.sequence) {
                Some(count) => {
                    perform.csi(&self.sequence, at + count - 1);
                    count
                }
                None => 0,
            },
            CAN | SUB | DEL => 0,
            _ => {
                perform.execute(first, at);
                1
            }
        }
    }

    /// The bytes of what is not finished: a sequence, or a character.
    pub(crate) fn unfinished(&self) -> Vec<u8> {
        let mut bytes = self.unfinished.clone();
        if self.state == State::Ground {
            bytes.extend_from_slice(self.utf8.unfinished());
        }
        bytes
    }

    fn keep_unfinished(&mut self, bytes: &[u8]) {
        if self.state == State::Ground {
            self.unfinished.clear();
            return;
        }
        let new = bytes.get(self.start..).unwrap_or_default();
        if self.unfinished.len() + new.len() > MAX_STRING_BYTES {
            // Only strings get that long, or sequences whose digits do not count any more.
            if matches!(
                self.state,
                State::Osc | State::DcsText | State::Skipped | State::DcsIgnore
            ) {
                self.unfinished = SKIPPED_STRING.to_vec();
            }
            return;
        }
        let is_string = self.state == State::DcsText;
        let kept = new
            .iter()
            .copied()
            .filter(|&byte| is_string || byte >= 0x20 || byte == ESC);
        self.unfinished.extend(kept);
    }

    /// A new sequence begins at `at`.
    fn begin(&mut self, state: State, at: usize) {
        self.state = state;
        self.unfinished.clear();
        self.start = at;
        self.sequence.clear();
        self.text.clear();
        self.is_text_too_long = false;
    }

    fn ground(&mut self) {
        self.state = State::Ground;
        self.unfinished.clear();
    }

    /// A character beyond ASCII: C1 controls act anywhere, others are text or an error.
    fn wide(&mut self, c: char, at: usize, perform: &mut impl Perform) {
        let code = u32::from(c);
        if code < 0xa0 {
            self.c1(code, at, perform);
            return;
        }
        match self.state {
            State::Ground => perform.print(c.encode_utf8(&mut [0; 4])),
            State::Osc | State::DcsText => self.put(c),
            State::CsiIgnore | State::DcsIgnore => {}
            _ => self.ground(),
        }
    }

    fn c1(&mut self, code: u32, at: usize, perform: &mut impl Perform) {
        self.end_string(code == C1_ST, at, perform);
        match code {
            C1_DCS => self.begin_at_c1(State::DcsEntry, b'P', at),
            C1_CSI => self.begin_at_c1(State::CsiEntry, b'[', at),
            C1_OSC => self.begin_at_c1(State::Osc, b']', at),
            C1_SOS | C1_PM | C1_APC => self.begin_at_c1(State::Skipped, b'X', at),
            C1_ST => self.ground(),
            _ => {
                self.ground();
                perform.execute(u8::try_from(code).unwrap_or_default(), at);
            }
        }
    }

    /// A sequence begins with a C1 control; it is kept in its other form, `ESC` and a letter.
    fn begin_at_c1(&mut self, state: State, letter: u8, at: usize) {
        self.begin(state, at + 1);
        self.unfinished.extend([ESC, letter]);
    }

    fn ascii(&mut self, byte: u8, at: usize, perform: &mut impl Perform) {
        match byte {
            ESC => {
                self.end_string(true, at, perform);
                self.begin(State::Escape, at);
                return;
            }
            CAN | SUB => {
                self.end_string(false, at, perform);
                self.ground();
                perform.execute(byte, at);
                return;
            }
            _ => {}
        }
        match self.state {
            State::Ground if byte < 0x20 => perform.execute(byte, at),
            State::Ground | State::Skipped => {}
            State::Escape | State::EscapeIntermediate => self.escape(byte, at, perform),
            State::CsiEntry | State::CsiParam | State::CsiIntermediate | State::CsiIgnore => {
                self.csi(byte, at, perform);
            }
            State::Osc => match byte {
                BEL => {
                    self.end_string(true, at, perform);
                    self.ground();
                }
                0x20.. => self.put(char::from(byte)),
                _ => {}
            },
            State::DcsEntry | State::DcsParam | State::DcsIntermediate => self.dcs(byte),
            State::DcsIgnore => {}
            State::DcsText => {
                if byte != DEL {
                    self.put(char::from(byte));
                }
            }
        }
    }

    fn put(&mut self, c: char) {
        if self.text.len() + 4 > MAX_STRING_BYTES {
            self.is_text_too_long = true;
        } else {
            self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// An OSC or DCS, if one is under way, ends here: as it should, or broken off.
    fn end_string(&mut self, is_whole: bool, at: usize, perform: &mut impl Perform) {
        let acts = is_whole && !self.is_text_too_long;
        let text: &[u8] = if acts { &self.text } else { &[] };
        match self.state {
            State::Osc => perform.osc(text, at),
            State::DcsText => {
                if !acts {
                    self.sequence.last = 0;
                }
                perform.dcs(&self.sequence, text, at);
            }
            _ => {}
        }
    }

    fn escape(&mut self, byte: u8, at: usize, perform: &mut impl Perform) {
        match (self.state, byte) {
            (_, 0..0x20) => perform.execute(byte, at),
            (_, 0x20..0x30) => {
                self.sequence.collect(byte);
                self.state = State::EscapeIntermediate;
            }
            (State::Escape, b'[') => self.begin_at_escape(State::CsiEntry),
            (State::Escape, b']') => self.begin_at_escape(State::Osc),
            (State::Escape, b'P') => self.begin_at_escape(State::DcsEntry),
            (State::Escape, b'X' | b'^' | b'_') => self.begin_at_escape(State::Skipped),
            (State::Escape, DEL) => {}
            (_, DEL..) => self.ground(),
            _ => {
                self.sequence.last = byte;
                self.ground();
                perform.esc(&self.sequence);
            }
        }
    }

    /// What `ESC` began goes on as a longer sequence.
    fn begin_at_escape(&mut self, state: State) {
        self.state = state;
        self.sequence.clear();
    }

    fn csi(&mut self, byte: u8, at: usize, perform: &mut impl Perform) {
        match (self.state, byte) {
            (_, 0..0x20) => perform.execute(byte, at),
            (_, DEL..) => {}
            (State::CsiIgnore, 0x40..) => self.ground(),
            (State::CsiIgnore, _) => {}
            (_, 0x40..) => {
                self.sequence.last = byte;
                self.ground();
                perform.csi(&self.sequence, at);
            }
            (_, 0x20..0x30) => {
                self.sequence.collect(byte);
                self.state = State::CsiIntermediate;
            }
            (State::CsiIntermediate, _) => self.state = State::CsiIgnore,
            (_, b'0'..=b';') => {
                self.sequence.params.push(byte);
                self.state = State::CsiParam;
            }
            (State::CsiEntry, _) => {
                self.sequence.collect(byte);
                self.state = State::CsiParam;
            }
            _ => self.state = State::CsiIgnore,
        }
    }

    fn dcs(&mut self, byte: u8) {
        match (self.state, byte) {
            (_, 0..0x20 | DEL..) => {}
            (_, 0x40..) => {
                self.sequence.last = byte;
                self.state = State::DcsText;
            }
            (_, 0x20..0x30) => {
                self.sequence.collect(byte);
                self.state = State::DcsIntermediate;
            }
            (State::DcsIntermediate, _) => self.state = State::DcsIgnore,
            (_, b'0'..=b';') => {
                self.sequence.params.push(byte);
                self.state = State::DcsParam;
            }
            (State::DcsEntry, _) => {
                self.sequence.collect(byte);
                self.state = State::DcsParam;
            }
            _ => self.state = State::DcsIgnore,
        }
    }
}
