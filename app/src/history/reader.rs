//! Reads the history: loads the pages that are seen, takes in what comes meanwhile, searches, and goes where it is
//! told.

mod finding;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::{RwSignal, Set};
use sempre_protocol::SessionId;
use sempre_protocol::colours::Theme;

use super::paint::{Marked, pieces};
use super::row::{Page, Row};
use super::search::Search;
use super::shelf::Shelf;
use super::tail::Tail;
use super::window::{PAGE_ROWS, ROW_PX, Window};
use crate::browser::ColumnEvent;
use crate::browser::clock::Timer;
use crate::browser::column::Column;
use crate::browser::element::Host;
use crate::data::{self, DataError};
use crate::format::thousands;

/// A page that is only scrolled past is not loaded, ms.
const LOAD_DELAY_MS: u64 = 40;
/// How long to wait before a page that could not be had is asked for again, ms.
const RETRY_MS: u64 = 600;
/// How long to wait before the newest end, which could not be had, is asked for again, ms.
const RETRY_NEWS_MS: u64 = 3_000;
/// Output that came is asked for so much later, with all that comes until then, ms.
const NEWS_DELAY_MS: u64 = 500;

/// What there is to say around the rows, for people.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// Which rows are seen, of how many.
    pub seen: RwSignal<String>,
    /// How many rows came since the last one was seen; empty: none.
    pub news: RwSignal<String>,
    /// How the search stands.
    pub found: RwSignal<String>,
    /// What is wrong.
    pub wrong: RwSignal<String>,
}

/// How a reader begins.
pub struct Opening {
    /// Whose history.
    pub session: SessionId,
    /// In which colours.
    pub theme: Theme,
    /// Rows below what is seen at first.
    pub below: u64,
    /// Rows of the screen: those may still change.
    pub screen_rows: u64,
    /// Where to say things.
    pub said: Said,
    /// Called when a finger or the wheel goes on past the newest row: back to the terminal.
    pub leave: Box<dyn Fn()>,
}

/// A running reader; dropping it ends its search.
pub struct Reader(Rc<Inner>);

struct Inner {
    session: SessionId,
    column: RefCell<Option<Column>>,
    window: Cell<Window>,
    shelf: RefCell<Shelf>,
    search: RefCell<Search>,
    /// The current match is to be scrolled to once it is there.
    revealing: Cell<bool>,
    tail: Cell<Tail>,
    /// Until the newest end is asked for.
    news: RefCell<Option<Timer>>,
    /// Rows of the screen at most since it was last asked for.
    screen_rows: Cell<u64>,
    theme: Cell<Theme>,
    /// Output is missing somewhere.
    inexact: Cell<bool>,
    said: Said,
}

impl Reader {
    /// Opens the history in `host`.
    pub fn start(host: &Host, opening: Opening) -> Self {
        let inner = Rc::new(Inner {
            session: opening.session,
            column: RefCell::default(),
            window: Cell::default(),
            shelf: RefCell::default(),
            search: RefCell::default(),
            revealing: Cell::default(),
            tail: Cell::default(),
            news: RefCell::default(),
            screen_rows: Cell::new(opening.screen_rows),
            theme: Cell::new(opening.theme),
            inexact: Cell::default(),
            said: opening.said,
        });
        let (heard, leave) = (Rc::downgrade(&inner), opening.leave);
        let column = Column::new(host, ROW_PX, move |what| match what {
            ColumnEvent::Scrolled => heard.upgrade().iter().for_each(Inner::refresh),
            ColumnEvent::PulledPastEnd => leave(),
        });
        *inner.column.borrow_mut() = column;
        inner.open(opening.below);
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

    /// Goes to the newest row.
    pub fn go_to_end(&self) {
        self.0.go(self.0.window.get().end, 1.0);
    }

    /// Output came to a screen of `rows` rows.
    pub fn output_came(&self, rows: u64) {
        let most = self.0.screen_rows.get().max(rows);
        self.0.screen_rows.set(most);
        self.0.may_have_grown();
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

    fn with_tail<T>(&self, act: impl FnOnce(&mut Tail) -> T) -> T {
        let mut tail = self.tail.get();
        let told = act(&mut tail);
        self.tail.set(tail);
        told
    }

    /// Does `act` in a while, in place of what was to be done before.
    fn later(self: &Rc<Self>, delay_ms: u64, act: impl Fn(&Rc<Self>) + 'static) -> Timer {
        let inner = Rc::downgrade(self);
        Timer::after(delay_ms, move || inner.upgrade().iter().for_each(&act))
    }

    fn open(self: &Rc<Self>, below: u64) {
        let inner = self.clone();
        leptos::task::spawn_local(async move {
            match inner.newest().await {
                Ok(page) => {
                    inner.window.set(Window::new(page.first_line, page.end_line));
                    inner.with_tail(|tail| tail.opens(page.written_end()));
                    inner.go(page.end_line.saturating_sub(below), 1.0);
                }
                Err(error) => {
                    inner.warn(Some(error));
                    let retry = inner.later(RETRY_MS, move |inner| inner.open(below));
                    inner.news.replace(Some(retry));
                }
            }
        });
    }

    /// The rows of the screen.
    async fn newest(&self) -> Result<Page, DataError> {
        data::history(self.session, None, self.screen_rows.get().max(1)).await
    }

    fn may_have_grown(self: &Rc<Self>) {
        let opened = self.window.get() != Window::default();
        if opened && self.with_tail(Tail::may_have_grown) {
            self.ask_later(NEWS_DELAY_MS);
        }
    }

    fn ask_later(self: &Rc<Self>, delay_ms: u64) {
        // Starts after the timer has returned, which the next one replaces.
        let ask = self.later(delay_ms, |inner| {
            leptos::task::spawn_local(inner.clone().ask_news())
        });
        self.news.replace(Some(ask));
    }

    async fn ask_news(self: Rc<Self>) {
        self.with_tail(Tail::asked);
        let answer = self.newest().await;
        let failed = answer.is_err();
        match answer {
            Ok(page) => self.grow(&page),
            Err(error) => self.warn(Some(error)),
        }
        if self.with_tail(|tail| tail.answered(failed)) {
            self.ask_later(if failed { RETRY_NEWS_MS } else { NEWS_DELAY_MS });
        }
    }

    /// Takes in how far the history goes now. What was on the screen may have changed.
    fn grow(self: &Rc<Self>, page: &Page) {
        let mut window = self.window.get();
        let end = window.end.min(page.end_line);
        let changed = end.saturating_sub(self.screen_rows.get());
        window.grow(page.first_line, page.end_line);
        self.window.set(window);
        self.with_tail(|tail| tail.ends(page.written_end()));
        self.shelf.borrow_mut().age(changed / PAGE_ROWS);
        self.with_column(|column| column.set_height(window.height_px()));
        self.refresh();
    }

    /// Scrolls `row` to that part of the height of what is seen: 0 is its top, 1 its bottom.
    fn go(self: &Rc<Self>, row: u64, part: f64) {
        let mut window = self.window.get();
        if window.hold(row) {
            self.window.set(window);
            self.shelf.borrow_mut().keep(&(0..0));
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
        self.shelf.borrow_mut().keep(&wanted);
        let delay_ms = if self.shelf.borrow().is_empty() {
            0
        } else {
            LOAD_DELAY_MS
        };
        for page in wanted {
            if self.shelf.borrow().wants(page) {
                self.plan(page, delay_ms);
            }
        }
        self.say_seen(&window, top, window.row_at(top_px + height_px - 1.0));
    }

    fn say_seen(self: &Rc<Self>, window: &Window, top: u64, bottom: u64) {
        let all = window.end - window.first;
        let counted = |row: u64| thousands((row + 1).saturating_sub(window.first).min(all));
        let (from, to) = (counted(top), counted(bottom));
        self.said
            .seen
            .try_set(format!("Lines {from}–{to} of {}", thousands(all)));
        // Who comes to the end wants what comes next.
        if self.with_tail(|tail| tail.saw(bottom)) {
            self.may_have_grown();
        }
        self.said.news.try_set(self.tail.get().words());
    }

    fn plan(self: &Rc<Self>, page: u64, delay_ms: u64) {
        // Starts after the timer has returned, which the page's new state drops.
        let load = move |inner: &Rc<Self>| leptos::task::spawn_local(inner.clone().load(page));
        let timer = self.later(delay_ms, load);
        self.shelf.borrow_mut().plan(page, timer);
    }

    async fn load(self: Rc<Self>, page: u64) {
        // The server renders old history for few at a time: one question after the other.
        if self.search.borrow().asking || self.shelf.borrow().is_asked() {
            return self.plan(page, LOAD_DELAY_MS);
        }
        self.shelf.borrow_mut().ask(page);
        let from = (page * PAGE_ROWS).max(self.window.get().first);
        let loaded = data::history(
            self.session,
            Some(from),
            ((page + 1) * PAGE_ROWS).saturating_sub(from),
        )
        .await;
        // Scrolled away, and perhaps back, meanwhile.
        if !self.shelf.borrow().waits_for(page) {
            return;
        }
        match loaded {
            Ok(loaded) => {
                let mut selected = false;
                self.with_column(|column| selected = column.is_selected(page));
                self.inexact.set(loaded.inexact);
                if self.shelf.borrow_mut().put(page, loaded.lines, selected) {
                    self.paint(page);
                }
                self.warn(None);
            }
            Err(error) => {
                self.warn(Some(error));
                self.plan(page, RETRY_MS);
            }
        }
    }

    fn repaint(&self) {
        let pages = self.shelf.borrow().pages();
        pages.into_iter().for_each(|page| self.paint(page));
    }

    fn paint(&self, page: u64) {
        let shelf = self.shelf.borrow();
        let rows: &[Row] = shelf.rows(page);
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
}
