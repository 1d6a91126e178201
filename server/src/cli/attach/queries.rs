//! Takes the questions out of a session's output: a terminal would answer them, and the answer would be typed into the
//! session. The server has answered already (`docs/protocol.md` 1.8).
//!
//! Also left out is what switches the keyboard to encodings that the server's screen does not know.

/// Longest sequence that is looked at as a whole, bytes; longer ones are no questions, or begin like one.
const MAX_HELD_BYTES: usize = 4096;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// Asks for the answerback text.
const ENQ: u8 = 0x05;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// Within `ESC [`.
    Csi,
    /// Within a string (OSC, DCS, APC, PM, SOS) that is held back.
    Held,
    /// Within a string that is passed on, or thrown away.
    Long { pass: bool },
}

/// Reads output and passes on what is not asked of the terminal. Sequences may be cut anywhere.
#[derive(Debug, Default)]
pub(super) struct WithoutQueries {
    state: State,
    /// The sequence so far.
    held: Vec<u8>,
    /// The last byte of a string was ESC.
    escaped: bool,
}

impl WithoutQueries {
    /// What of `bytes`, and of what was held back before, goes on.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.byte(byte, &mut out);
        }
        out
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.state {
            State::Ground => match byte {
                ESC => self.begin(),
                ENQ => {}
                byte => out.push(byte),
            },
            State::Escape => self.escape(byte, out),
            State::Csi => self.csi(byte, out),
            State::Held => self.held(byte, out),
            State::Long { pass } => {
                if pass {
                    out.push(byte);
                }
                if self.ends(byte) {
                    self.state = State::Ground;
                }
            }
        }
    }

    fn begin(&mut self) {
        self.held.clear();
        self.held.push(ESC);
        self.state = State::Escape;
        self.escaped = false;
    }

    fn pass(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.state = State::Ground;
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte == ESC {
            self.pass(out);
            return self.begin();
        }
        self.held.push(byte);
        match byte {
            b'[' => self.state = State::Csi,
            b']' | b'P' | b'_' | b'^' | b'X' => self.state = State::Held,
            // An intermediate: one more follows.
            0x20..=0x2f if self.held.len() < MAX_HELD_BYTES => {}
            // DECID.
            b'Z' if self.held.len() == 2 => self.state = State::Ground,
            _ => self.pass(out),
        }
    }

    fn csi(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte == ESC {
            self.pass(out);
            return self.begin();
        }
        self.held.push(byte);
        match byte {
            0x40..=0x7e if is_question(self.held.get(2..).unwrap_or_default()) => {
                self.state = State::Ground;
            }
            // CAN and SUB cut it off.
            0x40..=0x7e | 0x18 | 0x1a => self.pass(out),
            _ if self.held.len() >= MAX_HELD_BYTES => self.pass(out),
            _ => {}
        }
    }

    fn held(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.held.push(byte);
        if self.ends(byte) {
            match asks(&self.held) {
                true => self.state = State::Ground,
                false => self.pass(out),
            }
        } else if self.held.len() >= MAX_HELD_BYTES {
            let pass = !asks(&self.held);
            if pass {
                self.pass(out);
            }
            self.state = State::Long { pass };
        }
    }

    /// Whether a string ends with this byte: BEL, ST, or one that cuts it off.
    fn ends(&mut self, byte: u8) -> bool {
        let after_escape = std::mem::replace(&mut self.escaped, byte == ESC);
        matches!(byte, BEL | 0x18 | 0x1a) || (after_escape && byte != ESC)
    }
}

/// Whether a control sequence, without its beginning, is to be left out.
fn is_question(sequence: &[u8]) -> bool {
    let Some((&last, rest)) = sequence.split_last() else {
        return false;
    };
    let prefix = rest.first().copied().filter(|byte| (b'<'..=b'?').contains(byte));
    let middle = rest.last().copied().filter(|byte| (0x20..=0x2f).contains(byte));
    let digits: Vec<u8> = rest.iter().copied().take_while(u8::is_ascii_digit).collect();
    match (prefix, middle, last) {
        // Device attributes; `?` is a cursor shape of the Linux console.
        (None | Some(b'>' | b'='), None, b'c') => true,
        // Status, cursor position.
        (None | Some(b'?'), None, b'n') => true,
        // Modes, checksums, tab stops, character sets, terminal parameters.
        (_, Some(b'$'), b'p' | b'u' | b'w') | (_, Some(b'*'), b'y') | (_, Some(b'&'), b'u') => true,
        (None, None, b'x') => true,
        // Version; graphics and keyboard settings asked for.
        (Some(b'>'), None, b'q') | (Some(b'?'), None, b'S' | b'm') => true,
        // Window reports.
        (None, None, b't') => matches!(
            digits.as_slice(),
            b"11" | b"13" | b"14" | b"15" | b"16" | b"18" | b"19" | b"20" | b"21"
        ),
        // Other encodings of the keyboard: kitty's, and modifyOtherKeys.
        (Some(_), None, b'u') => true,
        (Some(b'>'), None, b'm') => true,
        _ => false,
    }
}

/// Whether a string, with its beginning, is to be left out.
fn asks(string: &[u8]) -> bool {
    match string {
        // Colours and the clipboard, asked for by `?`.
        [ESC, b']', rest @ ..] => {
            let body = rest.strip_suffix(b"\x1b\\").or(rest.strip_suffix(b"\x07"));
            let mut fields = body.unwrap_or(rest).split(|byte| *byte == b';');
            let coloured = [
                &b"4"[..],
                b"5",
                b"10",
                b"11",
                b"12",
                b"13",
                b"14",
                b"15",
                b"16",
                b"17",
                b"18",
                b"19",
                b"52",
            ];
            let number = fields.next().unwrap_or_default();
            coloured.contains(&number) && fields.any(|field| field == b"?")
        }
        // Settings (DECRQSS) and capabilities (XTGETTCAP).
        [ESC, b'P', b'$' | b'+', b'q', ..] => true,
        // Graphics whose every command is answered.
        [ESC, b'_', b'G', ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(stream: &[u8]) -> Vec<u8> {
        let whole = WithoutQueries::default().feed(stream);
        for cut in 0..stream.len() {
            let mut filter = WithoutQueries::default();
            let mut parts = filter.feed(&stream[..cut]);
            parts.extend(filter.feed(&stream[cut..]));
            assert_eq!(parts, whole, "cut at {cut} of {}", stream.escape_ascii());
        }
        whole
    }

    #[test]
    fn questions_are_left_out_wherever_they_are_cut() {
        for question in [
            &b"\x1b[c"[..],
            b"\x1b[0c",
            b"\x1b[>c",
            b"\x1b[=c",
            b"\x1b[5n",
            b"\x1b[6n",
            b"\x1b[?6n",
            b"\x1b[?2026$p",
            b"\x1b[4$p",
            b"\x1b[>0q",
            b"\x1b[18t",
            b"\x1b[?u",
            b"\x1b[>1u",
            b"\x1b[>4;2m",
            b"\x1b[1x",
            b"\x1bZ",
            b"\x05",
            b"\x1b]10;?\x07",
            b"\x1b]11;?\x1b\\",
            b"\x1b]4;1;?\x07",
            b"\x1b]52;c;?\x07",
            b"\x1bP$qm\x1b\\",
            b"\x1bP+q544e\x1b\\",
            b"\x1b_Gi=1,a=q;AAAA\x1b\\",
        ] {
            let stream = [b"a", question, b"b"].concat();
            assert_eq!(filtered(&stream), b"ab", "{}", question.escape_ascii());
        }
    }

    #[test]
    fn everything_else_goes_on() {
        let long = [b"\x1bPq".as_slice(), &[b'~'; 3 * MAX_HELD_BYTES], b"\x1b\\"].concat();
        for stream in [
            &b"plain \xc3\xa4\r\n"[..],
            b"\x1b[31mred\x1b[m\x1b[?25l\x1b[!p\x1b[2 q\x1b[8;24;80t\x1b[22;0t\x1b[?1c",
            b"\x1b]0;what? ;?\x07\x1b]2;t\x1b\\\x1b]8;;http://x/?q\x1b\\\x1b]52;c;YQ==\x07\x1b]11;#fff\x07",
            b"\x1b(B\x1b7\x1b8\x1b=\x1b#8\x1bc",
            b"\x1b[1\x18x\x1b[2\x1b[3m",
            b"\x1b[2$x\x1b[4;1;1;2;2$r",
            &long,
        ] {
            let got = WithoutQueries::default().feed(stream);
            assert_eq!(got, stream, "{}", stream.escape_ascii());
        }
        assert_eq!(filtered(b"\x1b\x1b[c\x1b[1m"), b"\x1b\x1b[1m");
    }
}
