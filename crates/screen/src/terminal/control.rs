//! Control characters and the escape sequences of one letter.

use super::Terminal;
use crate::EventKind;
use crate::attributes::{Attributes, Colour, StyleId};
use crate::cell::Cell;
use crate::charset::Charset;

impl Terminal {
    /// A control character, C0 or C1.
    pub(super) fn control(&mut self, control: u8, at: usize) {
        match control {
            0x07 => self.tell(EventKind::Bell, at),
            0x08 => self.backspace(),
            0x09 => self.tab(1),
            0x0a..=0x0c => self.line_feed(),
            b'\r' => self.buffer_mut().x = 0,
            0x0e => self.charsets.shift(1),
            0x0f => self.charsets.shift(0),
            0x84 => self.index(),
            0x85 => self.next_line(),
            0x88 => self.set_tab(),
            _ => {}
        }
    }

    /// An escape sequence without intermediates.
    pub(super) fn escape(&mut self, last: u8) {
        match last {
            b'7' => self.save_cursor(),
            b'8' => self.restore_cursor(),
            b'D' => self.index(),
            b'E' => self.next_line(),
            b'H' => self.set_tab(),
            b'M' => self.reverse_index(),
            b'=' => self.modes.application_keypad = true,
            b'>' => self.modes.application_keypad = false,
            b'c' => self.reset(),
            b'n' => self.charsets.shift(2),
            b'o' | b'|' => self.charsets.shift(3),
            b'}' => self.charsets.shift(2),
            b'~' => self.charsets.shift(1),
            _ => {}
        }
    }

    /// A character set for G0 to G3 (SCS), the alignment pattern, or the switch to UTF-8 that there always is.
    pub(super) fn escape_with(&mut self, intermediates: u32, last: u8) {
        let level = match u8::try_from(intermediates) {
            Ok(b'(') => 0,
            Ok(b')' | b'-') => 1,
            Ok(b'*' | b'.') => 2,
            Ok(b'+') => 3,
            Ok(b'#') if last == b'8' => return self.align(),
            Ok(b'%') if matches!(last, b'@' | b'G') => {
                self.charsets.shift(0);
                return self.charsets.designate(0, Charset::ASCII);
            }
            _ => return,
        };
        if let Some(set) = Charset::designated(last) {
            self.charsets.designate(level, set);
        }
    }

    fn line_feed(&mut self) {
        let (cols, rows) = (self.cols, self.rows);
        let to_start = self.lasting.new_line;
        let buffer = self.buffer_mut();
        if to_start {
            buffer.x = 0;
        }
        buffer.y += 1;
        if buffer.y == buffer.bottom + 1 {
            buffer.y -= 1;
            self.scroll(false);
        } else if buffer.y >= rows {
            buffer.y = rows.saturating_sub(1);
        } else if let Some(row) = buffer.row() {
            row.wrapped = false;
        }
        let buffer = self.buffer_mut();
        if buffer.x >= cols {
            buffer.x -= 1;
        }
    }

    pub(super) fn index(&mut self) {
        self.restrict();
        let rows = self.rows;
        let buffer = self.buffer_mut();
        buffer.y += 1;
        if buffer.y == buffer.bottom + 1 {
            buffer.y -= 1;
            self.scroll(false);
        } else if buffer.y >= rows {
            buffer.y = rows.saturating_sub(1);
        }
        self.restrict();
    }

    fn next_line(&mut self) {
        self.buffer_mut().x = 0;
        self.index();
    }

    fn reverse_index(&mut self) {
        self.restrict();
        let blank = self.blank();
        let cols = self.cols;
        let buffer = self.buffer_mut();
        if buffer.y == buffer.top {
            buffer.insert_row(buffer.y, cols, blank);
        } else {
            buffer.y = buffer.y.saturating_sub(1);
            self.restrict();
        }
    }

    fn set_tab(&mut self) {
        let buffer = self.buffer_mut();
        buffer.tabs.set(buffer.x);
    }

    fn backspace(&mut self) {
        if !self.modes.reverse_wrap {
            self.restrict();
            let buffer = self.buffer_mut();
            buffer.x = buffer.x.saturating_sub(1);
            return;
        }
        let cols = self.cols;
        self.restrict_to(cols);
        let buffer = self.buffer_mut();
        if buffer.x > 0 {
            buffer.x -= 1;
        } else if buffer.y > buffer.top
            && buffer.y <= buffer.bottom
            && buffer.row().is_some_and(|row| std::mem::take(&mut row.wrapped))
        {
            buffer.y -= 1;
            buffer.x = cols.saturating_sub(1);
            let x = buffer.x;
            let last = buffer.row().map_or(Cell::EMPTY, |row| row.get(x));
            // A wide character that did not fit left that cell free.
            if last.width() > 0 && !last.has_content() {
                buffer.x -= 1;
            }
        }
        self.restrict();
    }

    /// DECALN: the screen full of E.
    fn align(&mut self) {
        self.go_to(0, 0);
        let attributes = Attributes {
            underline: 0,
            underline_colour: Colour::DEFAULT,
            link: 0,
            ..*self.pen.attributes()
        };
        let style = StyleId(self.styles.number(&attributes));
        for row in &mut self.buffer_mut().rows {
            row.cells_mut().fill(Cell::ascii(b'E', style));
            row.wrapped = false;
        }
        self.go_to(0, 0);
    }
}
