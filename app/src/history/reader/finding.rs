//! Searching: questions for matches, and going to them.

use std::rc::Rc;

use leptos::prelude::Set;

use super::Inner;
use crate::data::{self, DataError};

impl Inner {
    pub(super) fn find(self: &Rc<Self>, query: String, older: bool) {
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
