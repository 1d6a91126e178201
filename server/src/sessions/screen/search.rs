//! Plain text found in the rows of a session, newest first, also where it wraps.

use std::collections::VecDeque;
use std::io;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use sempre_protocol::history::{HistoryMatch, HistoryMatches, MatchPart};
use sempre_screen::Line;

use super::walk::{Position, Source};

/// A search goes no further back once it has taken this long.
const SEARCH_TIME: Duration = Duration::from_secs(2);
/// Rows beyond a stretch that are looked at for the end of its last line.
const REACH_LINES: u64 = 1_000;
/// Longest line that is looked at as one, characters.
const MAX_LINE_CHARS: usize = 64 * 1024;

/// What is searched for: with a capital in it exactly that, else in any case.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    chars: Vec<char>,
    exact: bool,
}

/// The character that stands for all its cases.
fn folded(c: char) -> char {
    if c.is_ascii() {
        c.to_ascii_lowercase()
    } else {
        c.to_lowercase().next().unwrap_or(c)
    }
}

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        Self {
            chars: text.chars().collect(),
            exact: text.chars().any(char::is_uppercase),
        }
    }

    fn fold(&self, c: char) -> char {
        if self.exact { c } else { folded(c) }
    }

    /// Where it stands in `line`, from the left, without overlaps.
    fn places(&self, line: &[char]) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        let mut at = 0;
        while !self.chars.is_empty() {
            let rest = line.get(at..).unwrap_or_default();
            let here = rest
                .windows(self.chars.len())
                .position(|window| window == self.chars);
            let Some(here) = here else { break };
            let start = at + here;
            at = start + self.chars.len();
            places.push(start..at);
        }
        places
    }
}

/// A stretch of rows that one walk covers, or that the live screen has.
struct Stretch {
    from: Option<Position>,
    rows: Range<u64>,
    /// Rows at its beginning that go on from above belong to the stretch before.
    has_older: bool,
}

/// Stretches newest first: the live screen, then what lies between the places where walks can begin.
fn stretches(source: &Source) -> Vec<Stretch> {
    let (live, end) = (source.view.first_line(), source.view.end_line());
    let mut stretches = vec![Stretch {
        from: None,
        rows: live..end,
        has_older: false,
    }];
    let mut upper = live;
    for position in source.positions().into_iter().rev() {
        if position.first_line < upper {
            if let Some(newer) = stretches.last_mut() {
                newer.has_older = true;
            }
            stretches.push(Stretch {
                from: Some(position),
                rows: position.first_line..upper,
                has_older: false,
            });
            upper = position.first_line;
        }
    }
    stretches
}

/// Finds `needle` in rows below `before`.
pub(super) fn search(
    source: &Source,
    needle: &Needle,
    before: u64,
    limit: usize,
) -> io::Result<HistoryMatches> {
    let started = Instant::now();
    let mut found = HistoryMatches::default();
    for stretch in stretches(source) {
        if stretch.rows.start >= before {
            continue;
        }
        // One stretch is always looked at: asking again gets on.
        if stretch.from.is_some() && started.elapsed() > SEARCH_TIME {
            found.next_before = Some(stretch.rows.end.min(before));
            break;
        }
        let room = limit.saturating_sub(found.matches.len());
        let mut finder = Finder::new(needle, stretch.rows.end.min(before), room, stretch.has_older);
        match stretch.from {
            Some(position) => {
                let rows = stretch.rows.start..stretch.rows.end.saturating_add(REACH_LINES);
                source.walk(position, rows, |number, line| finder.take(number, &line))?;
            }
            None => {
                let rows = stretch
                    .rows
                    .filter_map(|number| Some((number, source.view.line(number)?)));
                let mut rows = rows;
                let _ = rows.try_for_each(|(number, line)| finder.take(number, &line));
            }
        }
        let (matches, more) = finder.finish();
        found.matches.extend(matches);
        if more || found.matches.len() >= limit {
            let oldest = found.matches.last().and_then(|found| found.parts.first());
            found.next_before = oldest.map(|part| part.line);
            break;
        }
    }
    Ok(found)
}

/// Puts rows together to lines and looks into them.
struct Finder<'a> {
    needle: &'a Needle,
    /// Lines that begin at or after this row are not looked at.
    before: u64,
    limit: usize,
    skips_wrapped: bool,
    /// The line being put together: its characters, and where its rows begin in them.
    chars: Vec<char>,
    rows: Vec<(u64, usize)>,
    /// Matches by line, oldest line first.
    found: VecDeque<Vec<HistoryMatch>>,
    count: usize,
    dropped: bool,
}

impl<'a> Finder<'a> {
    fn new(needle: &'a Needle, before: u64, limit: usize, skips_wrapped: bool) -> Self {
        Self {
            needle,
            before,
            limit,
            skips_wrapped,
            chars: Vec::new(),
            rows: Vec::new(),
            found: VecDeque::new(),
            count: 0,
            dropped: false,
        }
    }

    fn take(&mut self, number: u64, line: &Line) -> ControlFlow<()> {
        if line.wrapped && self.skips_wrapped {
            return ControlFlow::Continue(());
        }
        self.skips_wrapped = false;
        if !line.wrapped || self.chars.len() > MAX_LINE_CHARS {
            self.look();
            if number >= self.before {
                return ControlFlow::Break(());
            }
        }
        self.rows.push((number, self.chars.len()));
        let text = line.runs.iter().flat_map(|run| run.text.chars());
        self.chars.extend(text.map(|c| self.needle.fold(c)));
        ControlFlow::Continue(())
    }

    /// Looks into the line that is complete now.
    fn look(&mut self) {
        let places = self.needle.places(&self.chars);
        let matches: Vec<_> = places
            .into_iter()
            .map(|place| self.parts(&place))
            .filter(|parts| parts.first().is_some_and(|part| part.line < self.before))
            .map(|parts| HistoryMatch { parts })
            .collect();
        self.chars.clear();
        self.rows.clear();
        if matches.is_empty() {
            return;
        }
        self.count += matches.len();
        self.found.push_back(matches);
        // Whole lines go, so that who asks for more gets the rest of none.
        while let Some(oldest) = self.found.front().map(Vec::len)
            && self.count - oldest >= self.limit
        {
            self.found.pop_front();
            self.count -= oldest;
            self.dropped = true;
        }
    }

    fn parts(&self, place: &Range<usize>) -> Vec<MatchPart> {
        let ends = self.rows.iter().skip(1).map(|&(_, start)| start);
        let ends = ends.chain(std::iter::once(self.chars.len()));
        let rows = self.rows.iter().zip(ends);
        let part = |(&(line, start), end): (&(u64, usize), usize)| {
            let (from, to) = (place.start.max(start), place.end.min(end));
            let column = |at: usize| u32::try_from(at - start).unwrap_or(u32::MAX);
            (from < to).then(|| MatchPart {
                line,
                start: column(from),
                end: column(to),
            })
        };
        rows.filter_map(part).collect()
    }

    /// The matches, newest first, and whether older ones were left out.
    fn finish(mut self) -> (impl Iterator<Item = HistoryMatch>, bool) {
        self.look();
        let lines = self.found.into_iter().rev();
        (lines.flat_map(|line| line.into_iter().rev()), self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use sempre_screen::{Run, Style};

    use super::*;

    fn row(text: &str, wrapped: bool) -> Line {
        Line {
            wrapped,
            runs: vec![Run {
                text: text.into(),
                style: Style::default(),
                link: None,
            }],
        }
    }

    type Found = Vec<Vec<(u64, u32, u32)>>;

    fn find(text: &str, rows: &[(&str, bool)], before: u64, limit: usize) -> (Found, bool) {
        let needle = Needle::new(text);
        let mut finder = Finder::new(&needle, before, limit, false);
        for (number, (text, wrapped)) in (10..).zip(rows) {
            if finder.take(number, &row(text, *wrapped)).is_break() {
                break;
            }
        }
        let (matches, more) = finder.finish();
        let part = |part: &MatchPart| (part.line, part.start, part.end);
        let found = matches.map(|found| found.parts.iter().map(part).collect());
        (found.collect(), more)
    }

    #[test]
    fn case_counts_only_with_a_capital() {
        let rows = [("An error, an Error", false), ("ÄRGER", false)];
        assert_eq!(find("error", &rows, 99, 9).0, [[(10, 13, 18)], [(10, 3, 8)]]);
        assert_eq!(find("Error", &rows, 99, 9).0, [[(10, 13, 18)]]);
        assert_eq!(find("ärg", &rows, 99, 9).0, [[(11, 0, 3)]]);
    }

    #[test]
    fn text_that_wraps_has_a_part_on_each_row() {
        let rows = [
            ("the first ro", false),
            ("w goes on", true),
            ("w goes off", false),
        ];
        assert_eq!(find("row goes", &rows, 99, 9).0, [[(10, 10, 12), (11, 0, 6)]]);
        assert!(find("on w", &rows, 99, 9).0.is_empty(), "a line end is no blank");
    }

    #[test]
    fn the_newest_come_first_and_lines_stay_whole() {
        let rows = [("x", false), ("x x", false), ("x x", false)];
        let (found, more) = find("x", &rows, 99, 3);
        assert_eq!(found, [[(12, 2, 3)], [(12, 0, 1)], [(11, 2, 3)], [(11, 0, 1)]]);
        assert!(more);
        assert_eq!(find("x", &rows, 11, 3), (vec![vec![(10, 0, 1)]], false));
    }

    #[test]
    fn a_match_that_begins_before_the_bound_may_end_after_it() {
        let rows = [("ab", false), ("cd", true)];
        assert_eq!(find("bc", &rows, 11, 3).0, [[(10, 1, 2), (11, 0, 1)]]);
        assert!(find("c", &rows, 11, 3).0.is_empty());
    }
}
