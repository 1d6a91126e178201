//! The pages that are wanted now: which are loaded, which are on their way, which are too old.

use std::ops::Range;

use super::row::Row;
use crate::browser::clock::Timer;

enum State {
    /// Waits until it is worth loading.
    Planned(#[allow(dead_code, reason = "stops when it is dropped")] Timer),
    Asked,
    /// Asked for, and the session has changed since.
    AskedTooEarly,
    Loaded,
    /// The session has changed since it was loaded.
    Old,
}

struct Entry {
    page: u64,
    state: State,
    /// What is shown of it.
    rows: Vec<Row>,
}

impl Entry {
    fn is_asked(&self) -> bool {
        matches!(self.state, State::Asked | State::AskedTooEarly)
    }
}

/// Pages, in no order; few at a time.
#[derive(Default)]
pub(super) struct Shelf(Vec<Entry>);

impl Shelf {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, page: u64) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.page == page)
    }

    fn set(&mut self, page: u64, state: State) {
        match self.0.iter_mut().find(|entry| entry.page == page) {
            Some(entry) => entry.state = state,
            None => self.0.push(Entry {
                page,
                state,
                rows: Vec::new(),
            }),
        }
    }

    /// Forgets all pages but these.
    pub(super) fn keep(&mut self, pages: &Range<u64>) {
        self.0.retain(|entry| pages.contains(&entry.page));
    }

    /// Pages from this one on are not what they were.
    pub(super) fn age(&mut self, from: u64) {
        for entry in self.0.iter_mut().filter(|entry| entry.page >= from) {
            match entry.state {
                State::Loaded => entry.state = State::Old,
                State::Asked => entry.state = State::AskedTooEarly,
                State::Planned(_) | State::AskedTooEarly | State::Old => {}
            }
        }
    }

    /// Whether a page is to be planned.
    pub(super) fn wants(&self, page: u64) -> bool {
        self.find(page)
            .is_none_or(|entry| matches!(entry.state, State::Old))
    }

    /// A page will be asked for by `timer`.
    pub(super) fn plan(&mut self, page: u64, timer: Timer) {
        self.set(page, State::Planned(timer));
    }

    /// A page is asked for.
    pub(super) fn ask(&mut self, page: u64) {
        self.set(page, State::Asked);
    }

    /// Whether any page is asked for.
    pub(super) fn is_asked(&self) -> bool {
        self.0.iter().any(Entry::is_asked)
    }

    /// Whether the answer for this page is still of use.
    pub(super) fn waits_for(&self, page: u64) -> bool {
        self.find(page).is_some_and(Entry::is_asked)
    }

    /// Takes a page; true if it is to be drawn. Text that is `selected` stays as it is until it is no more.
    pub(super) fn put(&mut self, page: u64, rows: Vec<Row>, selected: bool) -> bool {
        let Some(entry) = self.0.iter_mut().find(|entry| entry.page == page) else {
            return false;
        };
        let changes = entry.rows != rows;
        let stays = changes && selected && !entry.rows.is_empty();
        entry.state = match entry.state {
            State::AskedTooEarly => State::Old,
            _ if stays => State::Old,
            _ => State::Loaded,
        };
        if !stays {
            entry.rows = rows;
        }
        changes && !stays
    }

    /// What is shown of a page.
    pub(super) fn rows(&self, page: u64) -> &[Row] {
        self.find(page).map_or(&[], |entry| &entry.rows)
    }

    /// All pages.
    pub(super) fn pages(&self) -> Vec<u64> {
        self.0.iter().map(|entry| entry.page).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64) -> Row {
        Row {
            number,
            ..Row::default()
        }
    }

    fn with_page(page: u64) -> Shelf {
        let mut shelf = Shelf::default();
        assert!(shelf.wants(page));
        shelf.ask(page);
        assert!(shelf.waits_for(page) && shelf.is_asked() && !shelf.wants(page));
        assert!(shelf.put(page, vec![row(7)], false));
        assert!(!shelf.wants(page) && !shelf.is_asked());
        shelf
    }

    #[test]
    fn a_page_that_grew_old_is_wanted_and_shown_meanwhile() {
        let mut shelf = with_page(3);
        shelf.age(4);
        assert!(!shelf.wants(3), "only later ones changed");
        shelf.age(2);
        assert!(shelf.wants(3));
        assert_eq!(shelf.rows(3), [row(7)]);
        shelf.ask(3);
        assert!(!shelf.put(3, vec![row(7)], false), "nothing to draw");
        shelf.age(0);
        shelf.ask(3);
        assert!(shelf.put(3, vec![row(7), row(8)], false));
    }

    #[test]
    fn an_answer_that_is_too_old_is_shown_and_asked_for_again() {
        let mut shelf = with_page(3);
        shelf.ask(3);
        shelf.age(3);
        assert!(shelf.waits_for(3) && !shelf.wants(3));
        assert!(shelf.put(3, vec![row(8)], false));
        assert!(shelf.wants(3));
        shelf.keep(&(0..3));
        assert!(shelf.is_empty());
        assert!(!shelf.put(3, vec![row(1)], false), "nobody wants it any more");
    }

    #[test]
    fn selected_text_stays_until_it_is_let_go() {
        let mut shelf = with_page(3);
        shelf.ask(3);
        assert!(!shelf.put(3, vec![row(9)], true));
        assert_eq!(shelf.rows(3), [row(7)]);
        assert!(shelf.wants(3));
        shelf.ask(3);
        assert!(shelf.put(3, vec![row(9)], false));
    }
}
