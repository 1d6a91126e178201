//! Printing: characters into cells, with wrapping, wide characters and characters that join the one before.

use super::Terminal;
use crate::attributes::StyleId;
use crate::cell::{Cell, Glyph};
use crate::packed::MAX_CLUSTER_BYTES;
use crate::row::Row;
use crate::width::Joining;

impl Terminal {
    /// Prints ASCII.
    pub(super) fn print_text(&mut self, text: &[u8]) {
        let mut text = text;
        let is_simple = self.charsets.current.is_ascii() && !self.modes.insert;
        if !is_simple {
            text.iter()
                .for_each(|&byte| self.print_character(char::from(byte)));
            return;
        }
        if let (false, [first, rest @ ..]) = (self.joining.is_none(), text) {
            // It may join what stands before; those after it cannot.
            if self.joining.next(char::from(*first)).joins() {
                self.print_character(char::from(*first));
                text = rest;
            }
        }
        let Some(&last) = text.last() else { return };
        self.joining = Joining::default().next(char::from(last));
        let (style, _) = self.pen.numbers(&mut self.styles);
        if self.print_within_row(text, style) {
            return;
        }
        self.start_printing(style);
        while !text.is_empty() {
            text = self.fill_row(text, style);
        }
        self.cut_at_cursor(style);
    }

    /// The usual case at once: text that fits into the cursor's row. False if it does not.
    fn print_within_row(&mut self, text: &[u8], style: StyleId) -> bool {
        let cols = self.cols;
        let buffer = if self.on_alternate {
            &mut self.alternate
        } else {
            &mut self.normal
        };
        let (start, end) = (buffer.x, buffer.x + text.len());
        let Some(row) = buffer.rows.get_mut(buffer.y).filter(|_| end <= cols) else {
            return false;
        };
        if !std::mem::replace(&mut self.printing, true) {
            row.cut_before(start, style);
        }
        row.put_ascii(start, text, style);
        if end < cols {
            row.cut_at(end, style);
        }
        buffer.x = end;
        true
    }

    /// Half a wide character left of the cursor goes; once, as nothing printed after it can leave one.
    fn start_printing(&mut self, style: StyleId) {
        if std::mem::replace(&mut self.printing, true) {
            return;
        }
        let x = self.buffer().x;
        if let Some(row) = self.buffer_mut().row() {
            row.cut_before(x, style);
        }
    }

    /// Half a wide character under the cursor goes.
    fn cut_at_cursor(&mut self, style: StyleId) {
        let x = self.buffer().x;
        if x < self.cols
            && let Some(row) = self.buffer_mut().row()
        {
            row.cut_at(x, style);
        }
    }

    /// Prints as much as the row takes and returns the rest.
    fn fill_row<'a>(&mut self, text: &'a [u8], style: StyleId) -> &'a [u8] {
        let cols = self.cols;
        if self.buffer().x >= cols {
            if self.modes.wrap {
                self.wrap();
            } else {
                // All but the last are overwritten at once.
                self.buffer_mut().x = cols.saturating_sub(1);
                let last = text.get(text.len().saturating_sub(1)..).unwrap_or_default();
                return self.put_ascii(last, style);
            }
        }
        self.put_ascii(text, style)
    }

    fn put_ascii<'a>(&mut self, text: &'a [u8], style: StyleId) -> &'a [u8] {
        let cols = self.cols;
        let buffer = self.buffer_mut();
        let x = buffer.x;
        let count = cols.saturating_sub(x).min(text.len());
        let (now, rest) = text.split_at_checked(count).unwrap_or((text, &[]));
        if let Some(row) = buffer.row() {
            row.put_ascii(x, now, style);
        }
        buffer.x += count;
        rest
    }

    /// Goes to the start of the next row, which goes on from this one.
    fn wrap(&mut self) {
        let rows = self.rows;
        let buffer = self.buffer_mut();
        buffer.x = 0;
        buffer.y += 1;
        if buffer.y == buffer.bottom + 1 {
            buffer.y -= 1;
            self.scroll(true);
            return;
        }
        buffer.y = buffer.y.min(rows.saturating_sub(1));
        if let Some(row) = buffer.row() {
            row.wrapped = true;
        }
    }

    /// Prints characters, whatever they are.
    pub(super) fn print_characters(&mut self, text: &str) {
        let style = self.pen.numbers(&mut self.styles).0;
        self.start_printing(style);
        let mut rest = text;
        while !rest.is_empty() {
            let mut characters = self.print_alone(rest, style).chars();
            if let Some(c) = characters.next() {
                self.draw(c, style);
                self.cut_at_cursor(style);
            }
            rest = characters.as_str();
        }
    }

    /// Prints one character, whatever it is.
    pub(super) fn print_character(&mut self, c: char) {
        self.print_characters(c.encode_utf8(&mut [0; 4]));
    }

    /// The usual case at once: characters that join nothing and fit into the cursor's row. Returns the text from the first
    /// one on that is another case.
    fn print_alone<'a>(&mut self, text: &'a str, style: StyleId) -> &'a str {
        let cols = self.cols;
        let is_simple = self.charsets.current.is_ascii() && !self.modes.insert;
        let buffer = if self.on_alternate {
            &mut self.alternate
        } else {
            &mut self.normal
        };
        let Some(row) = buffer.rows.get_mut(buffer.y).filter(|_| is_simple) else {
            return text;
        };
        let mut rest = text.chars();
        let mut left = rest.as_str();
        while let Some(c) = rest.next() {
            let joining = self.joining.next(c);
            let end = buffer.x + usize::from(joining.width());
            if joining.joins() || joining.width() == 0 || end > cols {
                break;
            }
            row.put(buffer.x, c, joining.width(), style);
            buffer.x = end;
            self.joining = joining;
            left = rest.as_str();
        }
        if buffer.x < cols && left.len() < text.len() {
            row.cut_at(buffer.x, style);
        }
        left
    }

    fn draw(&mut self, c: char, style: StyleId) {
        let c = self.charsets.current.map(c);
        let before = self.joining;
        let joining = before.next(c);
        self.joining = joining;
        let width = usize::from(joining.width());
        let joins = joining.joins();
        let old_width = if joins { usize::from(before.width()) } else { 0 };
        if self.buffer().x + width > self.cols + old_width && !self.overflow(width, old_width, style) {
            return;
        }
        if joins && self.buffer().x > 0 {
            self.join(c, width, old_width, style);
            return;
        }
        let cols = self.cols;
        let insert = self.modes.insert;
        let buffer = self.buffer_mut();
        let x = buffer.x;
        let Some(row) = buffer.row() else { return };
        if insert {
            row.insert(x, width.saturating_sub(old_width), Cell::null(style));
            if row.width(cols.saturating_sub(1)) == 2 {
                row.set(cols.saturating_sub(1), Cell::null(style));
            }
        }
        row.set(x, Cell::character(c, joining.width(), style));
        (x + 1..x + width).for_each(|at| row.set(at, Cell::stub(style)));
        buffer.x += width.max(1);
    }

    /// A character does not fit in the row: wraps, taking along what it joins. False if it is not printed at all.
    fn overflow(&mut self, width: usize, old_width: usize, style: StyleId) -> bool {
        let cols = self.cols;
        if !self.modes.wrap {
            self.buffer_mut().x = cols.saturating_sub(1);
            return width != 2;
        }
        let start = self.buffer().x.saturating_sub(old_width);
        let moved: Vec<Cell> = match self.buffer_mut().row() {
            Some(row) => {
                let moved = (start..start + old_width).map(|at| row.get(at)).collect();
                (start..cols).for_each(|at| row.set(at, Cell::null(style)));
                moved
            }
            None => Vec::new(),
        };
        self.wrap();
        let buffer = self.buffer_mut();
        buffer.x = old_width;
        if let Some(row) = buffer.row() {
            moved
                .into_iter()
                .enumerate()
                .for_each(|(at, cell)| row.set(at, cell));
        }
        true
    }

    /// Adds a character to the cell before the cursor.
    fn join(&mut self, c: char, width: usize, old_width: usize, style: StyleId) {
        let clusters = &mut self.clusters;
        let buffer = if self.on_alternate {
            &mut self.alternate
        } else {
            &mut self.normal
        };
        let x = buffer.x;
        let Some(row) = buffer.row() else { return };
        let at = x.saturating_sub(if row.width(x - 1) > 0 { 1 } else { 2 });
        let cell = row.get(at);
        let text = match cell.glyph() {
            Glyph::None => c.to_string(),
            Glyph::Character(first) => [first, c].iter().collect(),
            Glyph::Cluster(number) => {
                let mut text = clusters
                    .get(number)
                    .map_or_else(String::new, |text| text.to_string());
                if text.len() + c.len_utf8() <= MAX_CLUSTER_BYTES {
                    text.push(c);
                }
                text
            }
        };
        let width_bits = u8::try_from(width).unwrap_or(1);
        let number = clusters.number(&text.into());
        row.set(at, joined(number, c, cell, width_bits));
        let stubs = width.saturating_sub(old_width);
        stubs_at(row, x, stubs, style);
        buffer.x += stubs;
    }
}

fn stubs_at(row: &mut Row, x: usize, count: usize, style: StyleId) {
    (x..x + count).for_each(|at| row.set(at, Cell::stub(style)));
}

/// The cell after a character joined it; it keeps its style.
fn joined(number: u32, c: char, before: Cell, width: u8) -> Cell {
    if before.has_content() {
        Cell::cluster(number, width, before.style)
    } else {
        Cell::character(c, width, before.style)
    }
}
