//! Which sequence does what: the parser's actions handed to the files beside.

use super::Terminal;
use crate::cell::Glyph;
use crate::parser::{Perform, Sequence};

/// Most characters that REP prints.
const MAX_REPEATS: usize = 64 * 1024;

const QUESTION: u32 = b'?' as u32;
const GREATER: u32 = b'>' as u32;
const EQUALS: u32 = b'=' as u32;
const BANG: u32 = b'!' as u32;
const SPACE: u32 = b' ' as u32;
const QUOTE: u32 = b'"' as u32;
const TICK: u32 = b'\'' as u32;
const DOLLAR: u32 = b'$' as u32;
const QUESTION_DOLLAR: u32 = QUESTION << 8 | DOLLAR;

impl Perform for Terminal {
    fn print_ascii(&mut self, text: &[u8]) {
        self.print_text(text);
    }

    fn print(&mut self, text: &str) {
        self.print_characters(text);
    }

    fn execute(&mut self, control: u8, at: usize) {
        self.control(control, at);
        self.stop_printing();
    }

    fn csi(&mut self, sequence: &Sequence, at: usize) {
        match sequence.collected {
            0 if sequence.last == b'm' => self.select_graphics(&sequence.params),
            0 => self.csi_plain(sequence, at),
            QUESTION => self.csi_private(sequence, at),
            _ => self.csi_other(sequence, at),
        }
        self.stop_printing();
    }

    fn esc(&mut self, sequence: &Sequence) {
        match sequence.collected {
            0 => self.escape(sequence.last),
            intermediates => self.escape_with(intermediates, sequence.last),
        }
        self.stop_printing();
    }

    fn osc(&mut self, text: &[u8], at: usize) {
        self.command(text, at);
        self.stop_printing();
    }

    fn dcs(&mut self, sequence: &Sequence, text: &[u8], at: usize) {
        if (sequence.collected, sequence.last) == (DOLLAR, b'q') {
            self.answer_setting(text, at);
        }
        self.stop_printing();
    }
}

impl Terminal {
    /// What is printed next joins nothing.
    fn stop_printing(&mut self) {
        self.joining = Default::default();
        self.printing = false;
    }

    fn csi_plain(&mut self, sequence: &Sequence, at: usize) {
        let params = &sequence.params;
        let count = params.count(0);
        match sequence.last {
            b'@' => self.insert_characters(count),
            b'A' => self.up(count),
            b'B' => self.down(count),
            b'C' | b'a' => self.right(count),
            b'D' => self.left(count),
            b'E' => {
                self.down(count);
                self.buffer_mut().x = 0;
            }
            b'F' => {
                self.up(count);
                self.buffer_mut().x = 0;
            }
            b'G' | b'`' => self.go_to_column(params),
            b'H' | b'f' => self.go_to_place(params),
            b'I' => self.tab(count),
            b'J' => self.erase_screen(params, false),
            b'K' => self.erase_line(params, false),
            b'L' => self.insert_lines(count),
            b'M' => self.delete_lines(count),
            b'P' => self.delete_characters(count),
            b'S' => self.scroll_up(count),
            b'T' | b'^' => self.scroll_down(count),
            b'X' => self.erase_characters(count),
            b'Z' => self.tab_back(count),
            b'b' => self.repeat(count),
            b'd' => self.go_to_row(params),
            b'e' => self.down_by(count),
            b'g' => self.clear_tabs(params),
            b'h' => self.set_modes(params, true),
            b'l' => self.set_modes(params, false),
            b'r' => self.set_region(params),
            b's' => self.save_cursor(),
            b'u' => self.restore_cursor(),
            b'c' | b'n' | b't' => self.answer(sequence, at),
            _ => {}
        }
    }

    fn csi_private(&mut self, sequence: &Sequence, at: usize) {
        let params = &sequence.params;
        match sequence.last {
            b'J' => self.erase_screen(params, true),
            b'K' => self.erase_line(params, true),
            b'h' => self.set_private_modes(params, true),
            b'l' => self.set_private_modes(params, false),
            b'n' => self.answer_private_status(params, at),
            _ => {}
        }
    }

    fn csi_other(&mut self, sequence: &Sequence, at: usize) {
        let params = &sequence.params;
        match (sequence.collected, sequence.last) {
            (SPACE, b'@') => self.move_columns(false, false, params.count(0)),
            (SPACE, b'A') => self.move_columns(false, true, params.count(0)),
            (SPACE, b'q') => self.set_cursor_style(params),
            (TICK, b'}') => self.move_columns(true, true, params.count(0)),
            (TICK, b'~') => self.move_columns(true, false, params.count(0)),
            (QUOTE, b'q') => match params.get(0) {
                1 => self.pen.set_protected(true),
                0 | 2 => self.pen.set_protected(false),
                _ => {}
            },
            (BANG, b'p') => self.soft_reset(),
            (GREATER | EQUALS, b'c') | (GREATER, b'q') => self.answer(sequence, at),
            (DOLLAR, b'p') => self.answer_mode(params, at),
            (QUESTION_DOLLAR, b'p') => self.answer_private_mode(params, at),
            _ => {}
        }
    }

    /// REP: what was printed last is printed again, if nothing came since.
    fn repeat(&mut self, count: usize) {
        if self.joining.is_none() {
            return;
        }
        let width = usize::from(self.joining.width());
        let buffer = self.buffer();
        let Some(row) = buffer.rows.get(buffer.y) else {
            return;
        };
        let text = match buffer
            .x
            .checked_sub(width)
            .map_or(Glyph::None, |x| row.get(x).glyph())
        {
            Glyph::None => return,
            Glyph::Character(c) => c.to_string(),
            Glyph::Cluster(number) => self.clusters.get(number).map_or("", |text| text).to_owned(),
        };
        for _ in 0..count.min(MAX_REPEATS) {
            text.chars().for_each(|c| self.print_character(c));
        }
    }
}
