//! What stands before the cursor when a worker is ready, or has finished.

use std::str::FromStr;

use regex::{Regex, RegexBuilder};

/// Largest compiled pattern, bytes.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;

/// A regular expression that has to match up to the cursor; `^` and `$` are the ends of lines.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl FromStr for Pattern {
    type Err = regex::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        RegexBuilder::new(text)
            .multi_line(true)
            .size_limit(MAX_PATTERN_BYTES)
            .build()
            .map(Self)
    }
}

impl Pattern {
    /// Where the match that ends where `text` does begins; none: there is none.
    pub(super) fn at_end_of(&self, text: &str) -> Option<usize> {
        let last = self.0.find_iter(text).last()?;
        (last.end() == text.len() && !last.is_empty()).then_some(last.start())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_before_the_cursor_counts() {
        let prompt: Pattern = "^>>> $".parse().unwrap();
        assert_eq!(prompt.at_end_of("Python 3\n>>> "), Some(9));
        assert_eq!(prompt.at_end_of(">>> 1+1\n2"), None);
        assert_eq!(prompt.at_end_of(">>> \n"), None);
        assert!("(".parse::<Pattern>().is_err());
    }
}
