//! The terminal behind the parser: two buffers, the pen, modes. What a sequence does is in the files below.

mod control;
mod cursor;
mod erase;
mod modes;
mod osc;
mod palette;
mod print;
mod replies;
mod sequences;
mod sgr;

use std::collections::VecDeque;

use sempre_protocol::{Offset, Size};

use crate::attributes::{Attributes, Interner, Link, StyleId};
use crate::buffer::{Buffer, Clusters};
use crate::cell::{Cell, Glyph};
use crate::modes::{Charsets, Lasting, Modes};
use crate::pen::{Pen, Styles};
use crate::width::Joining;
use crate::{Event, EventKind, MAX_EVENTS, Theme};

pub(crate) use palette::Palette;

/// A terminal.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    pub(crate) cols: usize,
    pub(crate) rows: usize,
    pub(crate) normal: Buffer,
    pub(crate) alternate: Buffer,
    pub(crate) on_alternate: bool,
    pub(crate) pen: Pen,
    pub(crate) styles: Styles,
    pub(crate) clusters: Clusters,
    pub(crate) links: Interner<Link>,
    openings: u32,
    pub(crate) charsets: Charsets,
    pub(crate) modes: Modes,
    pub(crate) lasting: Lasting,
    /// DECSCUSR, 0 to 6.
    pub(crate) cursor_style: u8,
    pub(crate) joining: Joining,
    /// The last thing was printing: what comes goes on with it.
    printing: bool,
    pub(crate) palette: Palette,
    pub(crate) title: String,
    pub(crate) cwd: Option<String>,
    pub(crate) theme: Option<Theme>,
    events: VecDeque<Event>,
    /// Offset of the first byte of what is being fed.
    fed_at: Offset,
}

impl Terminal {
    /// A terminal just reset.
    pub(crate) fn new(size: Size, scrollback: usize) -> Self {
        let (cols, rows) = (usize::from(size.cols), usize::from(size.rows));
        let none = Link {
            id: None,
            uri: "".into(),
            opening: 0,
        };
        Self {
            cols,
            rows,
            normal: Buffer::normal(cols, rows, scrollback),
            alternate: Buffer::alternate(cols, rows),
            on_alternate: false,
            pen: Pen::default(),
            styles: Interner::new(Attributes::default()),
            clusters: Interner::new("".into()),
            links: Interner::new(none),
            openings: 0,
            charsets: Charsets::default(),
            modes: Modes::default(),
            lasting: Lasting::default(),
            cursor_style: 0,
            joining: Joining::default(),
            printing: false,
            palette: Palette::default(),
            title: String::new(),
            cwd: None,
            theme: None,
            events: VecDeque::new(),
            fed_at: Offset::ZERO,
        }
    }

    /// RIS: as new, but for what is kept by it.
    pub(crate) fn reset(&mut self) {
        let size = Size {
            cols: u16::try_from(self.cols).unwrap_or(u16::MAX),
            rows: u16::try_from(self.rows).unwrap_or(u16::MAX),
        };
        let dropped = self.end_line();
        let mut new = Self::new(size, self.normal.scrollback.limit());
        new.normal.scrollback.start_at(dropped);
        new.lasting = self.lasting.clone();
        new.palette = std::mem::take(&mut self.palette);
        new.title = std::mem::take(&mut self.title);
        new.cwd = self.cwd.take();
        new.theme = self.theme;
        new.events = std::mem::take(&mut self.events);
        new.fed_at = self.fed_at;
        *self = new;
    }

    /// Output follows whose first byte is at `offset`.
    pub(crate) fn begin(&mut self, offset: Offset) {
        self.fed_at = offset;
        self.printing = false;
    }

    /// The active buffer.
    pub(crate) fn buffer(&self) -> &Buffer {
        if self.on_alternate {
            &self.alternate
        } else {
            &self.normal
        }
    }

    /// The active buffer, to be changed.
    pub(crate) fn buffer_mut(&mut self) -> &mut Buffer {
        if self.on_alternate {
            &mut self.alternate
        } else {
            &mut self.normal
        }
    }

    /// A cell erased with the pen.
    fn blank(&mut self) -> Cell {
        Cell::null(self.pen.numbers(&mut self.styles).1)
    }

    /// The active buffer's region scrolls up by a row.
    fn scroll(&mut self, wrapped: bool) {
        let blank = self.blank();
        let buffer = if self.on_alternate {
            &mut self.alternate
        } else {
            &mut self.normal
        };
        buffer.scroll(self.cols, blank, wrapped, &self.clusters);
    }

    pub(crate) fn resize(&mut self, size: Size) {
        let (cols, rows) = (usize::from(size.cols), usize::from(size.rows));
        if (cols, rows) == (self.cols, self.rows) {
            return;
        }
        self.normal.resize(self.cols, cols, rows, &mut self.clusters);
        // Its cell may be gone.
        self.joining = Joining::default();
        let saved = self.alternate.saved.clone();
        self.alternate.resize(self.cols, cols, rows, &mut self.clusters);
        if !self.on_alternate {
            // It has no rows then, in which a saved cursor could move.
            self.alternate.saved = saved;
        }
        (self.cols, self.rows) = (cols, rows);
    }

    /// One past the number of the normal buffer's last line.
    pub(crate) fn end_line(&self) -> u64 {
        self.normal.scrollback.dropped() + (self.normal.scrollback.len() + self.rows) as u64
    }

    /// Notes what happened at byte `at` of what is being fed.
    fn tell(&mut self, kind: EventKind, at: usize) {
        if self.events.len() >= MAX_EVENTS {
            let expendable = self
                .events
                .iter()
                .position(|event| !matches!(event.kind, EventKind::Reply(_) | EventKind::Shell(_)));
            self.events.remove(expendable.unwrap_or(0));
        }
        self.events.push_back(Event {
            offset: self.fed_at.plus(at as u64),
            kind,
        });
    }

    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        self.events.drain(..).collect()
    }

    /// Forgets styles, links and clusters that no cell has any more, once there are many.
    pub(crate) fn collect(&mut self) {
        if self.styles.is_crowded() || self.links.is_crowded() {
            self.collect_styles();
        }
        if self.clusters.is_crowded() {
            let mut used = Vec::new();
            for cell in self.cells() {
                if let Glyph::Cluster(number) = cell.glyph() {
                    mark(&mut used, number);
                }
            }
            self.clusters.collect(&used);
        }
    }

    fn cells(&self) -> impl Iterator<Item = Cell> + '_ {
        let rows = self.normal.rows.iter().chain(&self.alternate.rows);
        rows.flat_map(|row| row.cells().iter().copied())
    }

    fn collect_styles(&mut self) {
        let mut used = Vec::new();
        for StyleId(number) in self.cells().map(|cell| cell.style) {
            mark(&mut used, number);
        }
        for row in self.normal.scrollback.iter() {
            row.runs()
                .for_each(|(_, StyleId(number))| mark(&mut used, number));
        }
        self.styles.collect(&used);
        self.pen.forget_numbers();
        let mut links = Vec::new();
        for (number, _) in used.iter().enumerate().filter(|&(_, &used)| used) {
            let style = u32::try_from(number)
                .ok()
                .and_then(|number| self.styles.get(number));
            mark(&mut links, style.map_or(0, |style| style.link));
        }
        for pen in [
            self.pen.attributes(),
            &self.normal.saved.pen,
            &self.alternate.saved.pen,
        ] {
            mark(&mut links, pen.link);
        }
        self.links.collect(&links);
    }
}

fn mark(used: &mut Vec<bool>, number: u32) {
    let index = number as usize;
    if used.len() <= index {
        used.resize(index + 1, false);
    }
    if let Some(slot) = used.get_mut(index) {
        *slot = true;
    }
}
