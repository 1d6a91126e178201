//! Answers to what programs ask the terminal. No answer holds text that the program chose, nor a control character but
//! those of its own frame: whoever reads it back may be a shell.

use std::fmt::Write;

use super::Terminal;
use crate::parser::{Params, Sequence};
use crate::snapshot::sgr;
use crate::{EventKind, Rgb};

const SET: u8 = 1;
const RESET: u8 = 2;
const ALWAYS_SET: u8 = 3;
const ALWAYS_RESET: u8 = 4;
const UNKNOWN: u8 = 0;

/// The answer to a question for a colour: `which` is the number of the command.
pub(super) fn colour(which: &str, Rgb { red, green, blue }: Rgb) -> Vec<u8> {
    format!("\x1b]{which};rgb:{red:02x}{red:02x}/{green:02x}{green:02x}/{blue:02x}{blue:02x}\x1b\\")
        .into_bytes()
}

impl Terminal {
    fn reply(&mut self, text: String, at: usize) {
        self.tell(EventKind::Reply(text.into_bytes()), at);
    }

    /// DA1, DA2, DA3, XTVERSION, DSR, and the size in cells.
    pub(super) fn answer(&mut self, sequence: &Sequence, at: usize) {
        let prefix = u8::try_from(sequence.collected).unwrap_or(0);
        let text = match (prefix, sequence.last, sequence.params.get(0)) {
            (0, b'c', 0) => "\x1b[?1;2c".to_owned(),
            (b'>', b'c', 0) => "\x1b[>0;276;0c".to_owned(),
            (b'=', b'c', 0) => "\x1bP!|00000000\x1b\\".to_owned(),
            (b'>', b'q', 0) => format!("\x1bP>|sempre({})\x1b\\", env!("CARGO_PKG_VERSION")),
            (0, b'n', 5) => "\x1b[0n".to_owned(),
            (0, b'n', 6) => self.position(""),
            (0, b't', 18) => format!("\x1b[8;{};{}t", self.rows, self.cols),
            _ => return,
        };
        self.reply(text, at);
    }

    fn position(&self, prefix: &str) -> String {
        let buffer = self.buffer();
        format!("\x1b[{prefix}{};{}R", buffer.y + 1, (buffer.x + 1).min(self.cols))
    }

    pub(super) fn answer_private_status(&mut self, params: &Params, at: usize) {
        if params.get(0) == 6 {
            self.reply(self.position("?"), at);
        }
    }

    /// DECRQM for the modes of ECMA-48.
    pub(super) fn answer_mode(&mut self, params: &Params, at: usize) {
        let mode = params.get(0);
        let state = match mode {
            2 => ALWAYS_RESET,
            4 => state(self.modes.insert),
            12 => ALWAYS_SET,
            20 => state(self.lasting.new_line),
            _ => UNKNOWN,
        };
        self.reply(format!("\x1b[{mode};{state}$y"), at);
    }

    /// DECRQM for private modes.
    pub(super) fn answer_private_mode(&mut self, params: &Params, at: usize) {
        let mode = params.get(0);
        let modes = &self.modes;
        let state = match mode {
            1 => state(modes.application_cursor),
            3 | 67 | 1005 | 1015 => ALWAYS_RESET,
            6 => state(modes.origin),
            7 => state(modes.wrap),
            8 => ALWAYS_SET,
            9 | 1000 | 1002 | 1003 => state(i32::from(modes.mouse) == mode),
            12 => state(self.lasting.cursor_blink),
            25 => state(!self.lasting.cursor_hidden),
            45 => state(modes.reverse_wrap),
            66 => state(modes.application_keypad),
            1004 => state(modes.focus),
            1006 | 1016 => state(i32::from(modes.mouse_encoding) == mode),
            1048 => SET,
            47 | 1047 | 1049 => state(self.on_alternate),
            2004 => state(modes.bracketed_paste),
            2026 => state(modes.synchronized),
            _ => UNKNOWN,
        };
        self.reply(format!("\x1b[?{mode};{state}$y"), at);
    }

    /// DECRQSS.
    pub(super) fn answer_setting(&mut self, setting: &[u8], at: usize) {
        let buffer = self.buffer();
        let value = match setting {
            b"m" => {
                let mut text = Vec::new();
                sgr::write_codes(&self.pen.drawn(), &mut text);
                let codes = String::from_utf8(text).unwrap_or_default();
                Some(if codes.is_empty() {
                    "0m".to_owned()
                } else {
                    format!("0;{codes}m")
                })
            }
            b"r" => Some(format!("{};{}r", buffer.top + 1, buffer.bottom + 1)),
            b" q" => Some(format!("{} q", self.cursor_style)),
            b"\"p" => Some("61;1\"p".to_owned()),
            b"\"q" => {
                let protected = self
                    .pen
                    .attributes()
                    .flags
                    .has(crate::attributes::Flags::PROTECTED);
                Some(format!("{}\"q", u8::from(protected)))
            }
            _ => None,
        };
        let mut text = String::from("\x1bP");
        // Writing to a string does not fail.
        let _ = match value {
            Some(value) => write!(text, "1$r{value}\x1b\\"),
            None => write!(text, "0$r\x1b\\"),
        };
        self.reply(text, at);
    }
}

fn state(on: bool) -> u8 {
    if on { SET } else { RESET }
}
