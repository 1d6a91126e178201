//! Rows as the page reads them: [`sempre_protocol::history`] in flat structs (see [`crate::reading`] for why).

use sempre_protocol::colours::Rgb;
use sempre_protocol::history::RunUnderline;

use crate::reading::{NumberOrWord, flat};

flat! {
    /// A stretch of the history.
    pub(crate) struct Page {
        first_line: u64,
        end_line: u64,
        inexact: bool,
        lines: Vec<Row>,
    }
}

impl Page {
    /// One past the last of its rows that shows something: the screen's blank rows below are no output.
    pub(crate) fn written_end(&self) -> u64 {
        let written = self.lines.iter().rev().find(|row| !row.runs.is_empty());
        let blank = self.lines.first().map_or(self.end_line, |row| row.number);
        written.map_or(blank, |row| row.number + 1)
    }
}

flat! {
    /// One row.
    pub(crate) struct Row {
        number: u64,
        wrapped: bool,
        runs: Vec<Run>,
    }
}

flat! {
    /// Text in one style.
    pub(crate) struct Run {
        text: String,
        link: Option<String>,
        foreground: Option<NumberOrWord>,
        background: Option<NumberOrWord>,
        underline: Option<RunUnderline>,
        underline_colour: Option<NumberOrWord>,
        bold: bool,
        dim: bool,
        italic: bool,
        inverse: bool,
        invisible: bool,
        strikethrough: bool,
        overline: bool,
    }
}

flat! {
    /// What a search found.
    pub(crate) struct Matches {
        matches: Vec<Match>,
        next_before: Option<u64>,
    }
}

flat! {
    /// One match: a part on each row it covers.
    pub(crate) struct Match {
        parts: Vec<Part>,
    }
}

flat! {
    /// Where a match stands on a row, in characters.
    pub(crate) struct Part {
        line: u64,
        start: u32,
        end: u32,
    }
}

/// A colour as the program named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Of the palette of 256.
    Indexed(u8),
    /// Mixed by the program.
    Mixed(Rgb),
}

impl Colour {
    /// The colour that is written so; none if it is none.
    pub(crate) fn read(written: Option<&NumberOrWord>) -> Option<Self> {
        match written? {
            NumberOrWord::Number(index) => u8::try_from(*index).ok().map(Self::Indexed),
            NumberOrWord::Word(word) => word.parse().ok().map(Self::Mixed),
        }
    }
}

#[cfg(test)]
mod tests {
    use sempre_protocol::history::{
        HistoryLine, HistoryMatch, HistoryMatches, HistoryPage, HistoryRun, MatchPart, RunColour, RunStyle,
    };

    use super::*;

    #[test]
    fn rows_read_as_the_protocol_writes_them() {
        let style = RunStyle {
            foreground: Some(RunColour::Indexed(201)),
            background: Some(RunColour::Rgb("#010203".parse().unwrap())),
            underline: Some(RunUnderline::Curly),
            underline_colour: Some(RunColour::Indexed(1)),
            bold: true,
            dim: true,
            italic: true,
            blink: true,
            inverse: true,
            invisible: true,
            strikethrough: true,
            overline: true,
        };
        let page = HistoryPage {
            first_line: 3,
            end_line: 9,
            inexact: true,
            lines: vec![HistoryLine {
                number: 3,
                wrapped: true,
                runs: vec![
                    HistoryRun {
                        text: "plain".into(),
                        ..HistoryRun::default()
                    },
                    HistoryRun {
                        text: "b".into(),
                        style,
                        link: Some("http://x".into()),
                    },
                ],
            }],
        };
        let read: Page = serde_json::from_str(&serde_json::to_string(&page).unwrap()).unwrap();
        assert_eq!((read.first_line, read.end_line, read.inexact), (3, 9, true));
        let [row] = read.lines.as_slice() else {
            panic!("{read:?}")
        };
        assert!(row.number == 3 && row.wrapped);
        let [plain, run] = row.runs.as_slice() else {
            panic!("{row:?}")
        };
        assert_eq!(
            (plain.text.as_str(), &plain.foreground, plain.bold),
            ("plain", &None, false)
        );
        let colour = |written: &Option<NumberOrWord>| Colour::read(written.as_ref());
        assert_eq!(colour(&run.foreground), Some(Colour::Indexed(201)));
        assert_eq!(
            colour(&run.background),
            Some(Colour::Mixed("#010203".parse().unwrap()))
        );
        assert_eq!(run.underline, Some(RunUnderline::Curly));
        assert_eq!(colour(&run.underline_colour), Some(Colour::Indexed(1)));
        assert_eq!(run.link.as_deref(), Some("http://x"));
        let flags = [
            run.bold,
            run.dim,
            run.italic,
            run.inverse,
            run.invisible,
            run.strikethrough,
            run.overline,
        ];
        assert_eq!(flags, [true; 7]);
    }

    #[test]
    fn blank_rows_of_the_screen_are_no_output() {
        let row = |number, text: &str| Row {
            number,
            runs: text
                .split_terminator(' ')
                .map(|text| Run {
                    text: text.into(),
                    ..Run::default()
                })
                .collect(),
            ..Row::default()
        };
        let mut page = Page {
            end_line: 9,
            lines: vec![row(6, "a"), row(7, ""), row(8, "")],
            ..Page::default()
        };
        assert_eq!(page.written_end(), 7);
        page.lines.remove(0);
        assert_eq!(page.written_end(), 7, "all above the screen counts");
        page.lines.clear();
        assert_eq!(page.written_end(), 9);
    }

    #[test]
    fn matches_read_as_the_protocol_writes_them() {
        let part = MatchPart {
            line: 7,
            start: 1,
            end: 4,
        };
        let matches = HistoryMatches {
            matches: vec![HistoryMatch { parts: vec![part] }],
            next_before: Some(7),
        };
        let read: Matches = serde_json::from_str(&serde_json::to_string(&matches).unwrap()).unwrap();
        assert_eq!(read.next_before, Some(7));
        let part = &read.matches[0].parts[0];
        assert_eq!((part.line, part.start, part.end), (7, 1, 4));
    }
}
