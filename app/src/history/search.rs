//! A search in the history: what was found, which match is the current one, and where that stands.

use super::paint::{Mark, Marked};
use super::row::{Match, Matches};
use super::window::PAGE_ROWS;

/// The latest search.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Counts the searches: what an older one still finds is of no use.
    pub(super) number: u32,
    pub(super) query: String,
    /// An answer is under way.
    pub(super) asking: bool,
    matches: Vec<Match>,
    pub(super) next_before: Option<u64>,
    current: usize,
}

impl Search {
    pub(super) fn begin(&mut self, query: String) {
        *self = Self {
            number: self.number.wrapping_add(1),
            query,
            ..Self::default()
        };
    }

    /// Goes one match on; false if the next older one is not known yet.
    pub(super) fn step(&mut self, older: bool) -> bool {
        match older {
            true if self.current + 1 < self.matches.len() => self.current += 1,
            true => return self.next_before.is_none(),
            false => self.current = self.current.saturating_sub(1),
        }
        true
    }

    /// Takes an answer; true once there is a match to go to, or nothing more to ask for.
    pub(super) fn take(&mut self, answer: Matches) -> bool {
        let known = self.matches.len();
        self.next_before = answer.next_before;
        self.matches.extend(answer.matches);
        if self.matches.len() > known {
            self.current = known;
        }
        self.matches.len() > known || self.next_before.is_none()
    }

    /// The row of the current match.
    pub(super) fn row(&self) -> Option<u64> {
        let part = self.matches.get(self.current)?.parts.first()?;
        Some(part.line)
    }

    /// How it stands, in words.
    pub(super) fn words(&self) -> String {
        let more = if self.next_before.is_some() { "+" } else { "" };
        match self.matches.len() {
            _ if self.query.is_empty() => String::new(),
            _ if self.asking => "Searching…".into(),
            0 => "Not found".into(),
            count => format!("{} of {count}{more}", self.current + 1),
        }
    }

    /// What of the matches stands on a page.
    pub(super) fn marks(&self, page: u64) -> Vec<Mark> {
        let mut marks = Vec::new();
        for (at, found) in self.matches.iter().enumerate() {
            let marked = if at == self.current {
                Marked::Current
            } else {
                Marked::Match
            };
            let parts = found.parts.iter().filter(|part| part.line / PAGE_ROWS == page);
            marks.extend(parts.map(|part| Mark {
                row: part.line,
                start: part.start,
                end: part.end,
                marked,
            }));
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::Part;
    use super::*;

    fn answer(lines: &[u64], next_before: Option<u64>) -> Matches {
        let matches = lines.iter().map(|&line| Match {
            parts: vec![Part {
                line,
                start: 0,
                end: 3,
            }],
        });
        Matches {
            matches: matches.collect(),
            next_before,
        }
    }

    #[test]
    fn matches_are_gone_through_from_the_newest() {
        let mut search = Search::default();
        search.begin("x".into());
        assert!(!search.take(answer(&[], Some(500))), "nothing yet: ask on");
        assert!(search.take(answer(&[450, 210], Some(200))));
        assert_eq!((search.row(), search.words().as_str()), (Some(450), "1 of 2+"));
        assert!(search.step(true));
        assert_eq!((search.row(), search.words().as_str()), (Some(210), "2 of 2+"));
        assert!(!search.step(true), "older ones must be asked for");
        assert!(search.take(answer(&[90], None)));
        assert_eq!((search.row(), search.words().as_str()), (Some(90), "3 of 3"));
        assert!(search.step(true), "the oldest stays");
        assert_eq!(search.row(), Some(90));
        assert!(search.step(false));
        assert_eq!(search.row(), Some(210));
        let marks = search.marks(1);
        assert_eq!(marks.len(), 1);
        assert_eq!((marks[0].row, marks[0].marked), (210, Marked::Current));
        assert_eq!(search.marks(2)[0].marked, Marked::Match);
    }

    #[test]
    fn how_a_search_stands_is_said_in_words() {
        let mut search = Search::default();
        assert_eq!(search.words(), "");
        search.begin("x".into());
        search.asking = true;
        assert_eq!(search.words(), "Searching…");
        search.asking = false;
        assert!(search.take(answer(&[], None)));
        assert_eq!(search.words(), "Not found");
        search.begin(String::new());
        assert_eq!((search.words().as_str(), search.row()), ("", None));
    }
}
