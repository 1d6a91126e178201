//! What came while one reads: when to ask for it, and how much of it nobody has seen.

use crate::format::thousands;

/// Where a question for the newest row stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Question {
    #[default]
    None,
    /// One will be asked soon.
    Planned,
    Asked,
    /// One is asked, and what it answers is too old already.
    AskedTooEarly,
}

/// The newest end of a history that grows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    question: Question,
    /// One past the newest row that shows something.
    end: u64,
    /// The same, when the last row was seen.
    seen_end: u64,
    /// The last row is seen now.
    at_end: bool,
}

impl Tail {
    /// The history is opened somewhere, and its newest row that shows something is the one before `end`: what is there
    /// is no news.
    pub(super) fn opens(&mut self, end: u64) {
        (self.end, self.seen_end) = (end, end);
    }

    /// There may be more now; true: a question is to be planned.
    pub(super) fn may_have_grown(&mut self) -> bool {
        let idle = self.question == Question::None;
        match self.question {
            Question::None => self.question = Question::Planned,
            Question::Asked => self.question = Question::AskedTooEarly,
            Question::Planned | Question::AskedTooEarly => {}
        }
        idle
    }

    /// The planned question is asked.
    pub(super) fn asked(&mut self) {
        self.question = Question::Asked;
    }

    /// The question was answered or failed; true: another one is to be planned.
    pub(super) fn answered(&mut self, failed: bool) -> bool {
        let again = failed || self.question == Question::AskedTooEarly;
        self.question = if again { Question::Planned } else { Question::None };
        again
    }

    /// The newest row that shows something is the one before `end`.
    pub(super) fn ends(&mut self, end: u64) {
        // Rows that were numbered anew may be fewer.
        self.seen_end = self.seen_end.min(end);
        self.end = end;
    }

    /// Rows down to number `bottom` are seen; true if the last one has just come into sight.
    pub(super) fn saw(&mut self, bottom: u64) -> bool {
        let before = self.at_end;
        self.at_end = bottom + 1 >= self.end;
        if self.at_end {
            self.seen_end = self.end;
        }
        self.at_end && !before
    }

    /// How much nobody has seen, in words; none: nothing.
    pub(super) fn words(&self) -> String {
        match self.end - self.seen_end {
            0 => String::new(),
            1 => "1 new line".to_owned(),
            count => format!("{} new lines", thousands(count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(end: u64) -> Tail {
        let mut tail = Tail::default();
        tail.opens(end);
        assert!(tail.saw(end - 1));
        tail
    }

    #[test]
    fn what_was_there_when_it_was_opened_is_no_news() {
        let mut tail = Tail::default();
        tail.opens(7_000);
        assert!(!tail.saw(1_960), "opened far above the end");
        assert_eq!(tail.words(), "");
        tail.ends(7_002);
        assert_eq!(tail.words(), "2 new lines");
    }

    #[test]
    fn what_comes_is_counted_until_it_is_seen() {
        let mut tail = opened(100);
        assert_eq!(tail.words(), "");
        tail.ends(101);
        assert_eq!(tail.words(), "1 new line");
        tail.ends(1_400);
        assert_eq!(tail.words(), "1\u{202f}300 new lines");
        assert!(!tail.saw(700), "half of the way is not enough");
        assert_eq!(tail.words(), "1\u{202f}300 new lines");
        assert!(tail.saw(1_399));
        assert_eq!(tail.words(), "");
        assert!(!tail.saw(1_399), "it was in sight before");
    }

    #[test]
    fn rows_that_are_numbered_anew_are_no_news() {
        let mut tail = opened(100);
        tail.ends(60);
        assert_eq!(tail.words(), "");
        tail.ends(61);
        assert_eq!(tail.words(), "1 new line");
    }

    #[test]
    fn one_question_at_a_time_and_none_too_few() {
        let mut tail = opened(1);
        assert!(tail.may_have_grown());
        assert!(!tail.may_have_grown(), "it is planned already");
        tail.asked();
        assert!(!tail.may_have_grown(), "one is under way");
        assert!(tail.answered(false), "what came meanwhile is asked for");
        tail.asked();
        assert!(!tail.answered(false));
        assert!(tail.may_have_grown());
        tail.asked();
        assert!(tail.answered(true), "a question that failed is asked again");
    }
}
