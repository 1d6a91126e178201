//! Reads the history: loads the pages that are seen, searches, and goes where it is told.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::{RwSignal, Set};
use sempre_protocol::SessionId;
use sempre_protocol::colours::Theme;

use super::paint::{Marked, pieces};
use super::row::Row;
use super::search::Search;
use super::window::{PAGE_ROWS, ROW_PX, Window};
use crate::browser::clock::Timer;
use crate::browser::column::Column;
use crate::browser::element::Host;
use crate::data::{self, DataError};
use crate::format::thousands;

/// A page that is only scrolled past is not loaded, ms.
const LOAD_DELAY_MS: u64 = 40;
/// How long to wait before a page that could not be had is asked for again, ms.
const RETRY_MS: u64 = 600;

/// What there is to say around the rows, for people.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// Which rows are seen, of how many.
    pub seen: RwSignal<String>,
    /// How the search stands.
    pub found: RwSignal<String>,
    /// What is wrong.
    pub wrong: RwSignal<String>,
}

enum Slot {
    /// Waits until it is worth loading.
    Planned(#[allow(dead_code, reason = "stops when it is dropped")] Timer),
    Asked,
    Loaded(Vec<Row>),
}

/// A running reader; dropping it ends its search.
pub struct Reader(Rc<Inner>);

struct Inner {
    session: SessionId,
    column: RefCell<Option<Column>>,
    window: Cell<Window>,
    /// The pages wanted now.
    slots: RefCell<Vec<(u64, Slot)>>,
    search: RefCell<Search>,
    /// The current match is to be scrolled to once it is there.
    revealing: Cell<bool>,
    theme: Cell<Theme>,
    /// Output is missing somewhere.
    inexact: Cell<bool>,
    said: Said,
}

impl Reader {
    /// Opens the history in `host`, with `below` rows below what is seen at first.
    pub fn start(session: SessionId, host: &Host, theme: Theme, below: u64, said: Said) -> Self {
        let inner = Rc::new(Inner {
            session,
            column: RefCell::default(),
            window: Cell::default(),
            slots: RefCell::default(),
            search: RefCell::default(),
            revealing: Cell::default(),
            theme: Cell::new(theme),
            inexact: Cell::default(),
            said,
        });
        let scrolled = Rc::downgrade(&inner);
        let column = Column::new(host, ROW_PX, move || {
            if let Some(inner) = scrolled.upgrade() {
                inner.refresh();
            }
        });
        *inner.column.borrow_mut() = column;
        inner.clone().open(below);
        Self(inner)
    }

    /// Changes the colours.
    pub fn set_theme(&self, theme: Theme) {
        if self.0.theme.replace(theme) != theme {
            self.0.repaint();
        }
    }

    /// Goes to the next older match of `query`, or to the next younger one.
    pub fn search(&self, query: String, older: bool) {
        self.0.find(query, older);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.search.borrow_mut().begin(String::new());
    }
}

impl Inner {
    /// Says what is wrong, if anything is.
    fn warn(&self, error: Option<DataError>) {
        self.said.wrong.try_set(match error {
            Some(error) => error.to_string(),
            None if self.inexact.get() => "Some output was lost: lines may be wrong or missing".to_owned(),
            None => String::new(),
        });
    }

    fn with_column(&self, act: impl FnOnce(&Column)) {
        if let Some(column) = self.column.borrow().as_ref() {
            act(column);
        }
    }

    fn open(self: Rc<Self>, below: u64) {
        leptos::task::spawn_local(async move {
            match data::history(self.session, None, 1).await {
                Ok(page) => {
                    self.window.set(Window::new(page.first_line, page.end_line));
                    self.go(page.end_line.saturating_sub(below), 1.0);
                }
                Err(error) => self.warn(Some(error)),
            }
        });
    }

    /// Scrolls `row` to that part of the height of what is seen: 0 is its top, 1 its bottom.
    fn go(self: &Rc<Self>, row: u64, part: f64) {
        let mut window = self.window.get();
        if window.hold(row) {
            self.window.set(window);
            self.slots.borrow_mut().clear();
            self.with_column(|column| column.keep(&(0..0)));
        }
        self.with_column(|column| {
            column.set_height(window.height_px());
            let height_px = column.seen().1;
            column.scroll_to((window.px_of(row) - height_px * part).max(0.0));
        });
        self.refresh();
    }

    /// Loads what is seen and not there, and forgets what is far away.
    fn refresh(self: &Rc<Self>) {
        let window = self.window.get();
        let mut seen = (0.0, 0.0);
        self.with_column(|column| seen = column.seen());
        let (top_px, height_px) = seen;
        let top = window.row_at(top_px);
        if window.is_near_an_end(top) {
            return self.go(top, 0.0);
        }
        let wanted = window.pages(top_px, height_px);
        self.with_column(|column| column.keep(&wanted));
        self.slots.borrow_mut().retain(|(page, _)| wanted.contains(page));
        let delay_ms = if self.slots.borrow().is_empty() {
            0
        } else {
            LOAD_DELAY_MS
        };
        for page in wanted {
            if !self.slots.borrow().iter().any(|(known, _)| *known == page) {
                self.plan(page, delay_ms);
            }
        }
        self.say_seen(&window, top, window.row_at(top_px + height_px - 1.0));
    }

    fn say_seen(&self, window: &Window, top: u64, bottom: u64) {
        let all = window.end - window.first;
        let counted = |row: u64| thousands((row + 1 - window.first).min(all));
        let (from, to) = (counted(top), counted(bottom));
        self.said
            .seen
            .try_set(format!("Lines {from}–{to} of {}", thousands(all)));
    }

    fn set_slot(&self, page: u64, slot: Slot) {
        let mut slots = self.slots.borrow_mut();
        slots.retain(|(known, _)| *known != page);
        slots.push((page, slot));
    }

    fn plan(self: &Rc<Self>, page: u64, delay_ms: u64) {
        let inner = Rc::downgrade(self);
        let timer = Timer::after(delay_ms, move || {
            if let Some(inner) = inner.upgrade() {
                // Starts after the timer has returned, which the page's new state drops.
                leptos::task::spawn_local(inner.load(page));
            }
        });
        self.set_slot(page, Slot::Planned(timer));
    }

    async fn load(self: Rc<Self>, page: u64) {
        // The server renders old history for few at a time: one question after the other.
        let asked = |(_, slot): &(u64, Slot)| matches!(slot, Slot::Asked);
        if self.search.borrow().asking || self.slots.borrow().iter().any(asked) {
            return self.plan(page, LOAD_DELAY_MS);
        }
        self.set_slot(page, Slot::Asked);
        let from = (page * PAGE_ROWS).max(self.window.get().first);
        let loaded = data::history(self.session, Some(from), (page + 1) * PAGE_ROWS - from).await;
        // Scrolled away, and perhaps back, meanwhile.
        let waits = |(slot, state): &(u64, Slot)| *slot == page && matches!(state, Slot::Asked);
        if !self.slots.borrow().iter().any(waits) {
            return;
        }
        match loaded {
            Ok(loaded) => {
                self.paint(page, &loaded.lines);
                self.set_slot(page, Slot::Loaded(loaded.lines));
                self.inexact.set(loaded.inexact);
                self.warn(None);
            }
            Err(error) => {
                self.warn(Some(error));
                self.plan(page, RETRY_MS);
            }
        }
    }

    fn repaint(&self) {
        for (page, slot) in self.slots.borrow().iter() {
            if let Slot::Loaded(rows) = slot {
                self.paint(*page, rows);
            }
        }
    }

    fn paint(&self, page: u64, rows: &[Row]) {
        let Some(first) = rows.first() else { return };
        let marks = self.search.borrow().marks(page);
        let pieces = pieces(rows, &marks, &self.theme.get());
        let top_px = self.window.get().px_of(first.number);
        self.with_column(|column| {
            column.put(page, top_px, pieces);
            let current = marks.iter().any(|mark| mark.marked == Marked::Current);
            if current && self.revealing.take() {
                column.reveal_mark();
            }
        });
    }

    fn find(self: &Rc<Self>, query: String, older: bool) {
        let mut search = self.search.borrow_mut();
        let known = search.query == query;
        if !known {
            search.begin(query);
        }
        let stays = search.query.is_empty() || search.asking || (known && search.step(older));
        search.asking |= !stays;
        drop(search);
        if stays {
            return self.show_match();
        }
        self.said.found.try_set(self.search.borrow().words());
        let inner = self.clone();
        leptos::task::spawn_local(async move {
            let number = inner.search.borrow().number;
            let asked = inner.ask(number).await;
            if inner.search.borrow().number == number {
                inner.search.borrow_mut().asking = false;
                inner.warn(asked.err());
                inner.show_match();
            }
        });
    }

    /// Asks for older matches until there are some, or the history was searched to its beginning.
    async fn ask(&self, number: u32) -> Result<(), DataError> {
        loop {
            let (query, before) = {
                let search = self.search.borrow();
                (search.query.clone(), search.next_before)
            };
            let answer = data::history_search(self.session, &query, before).await?;
            let mut search = self.search.borrow_mut();
            if search.number != number || search.take(answer) {
                return Ok(());
            }
        }
    }

    fn show_match(self: &Rc<Self>) {
        let row = self.search.borrow().row();
        self.said.found.try_set(self.search.borrow().words());
        self.revealing.set(row.is_some());
        self.repaint();
        if let Some(row) = row {
            self.go(row, 0.5);
        }
    }
}
