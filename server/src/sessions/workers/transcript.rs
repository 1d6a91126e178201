//! A worker's screen, and what is on it since a question was asked: rendered text, not what was sent to draw it.

use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen as _};

use super::Pattern;

/// Rows kept above the screen; of a longer reply the last ones.
const KEPT_ROWS: usize = 20_000;
/// Rows before the cursor that patterns are looked for in.
const TAIL_ROWS: u64 = 20;

/// Where a question was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// The row of the prompt.
    row: u64,
    /// What stood there before the cursor.
    prompt: String,
}

/// The screen of one worker.
#[derive(Debug)]
pub(super) struct Transcript(Engine);

impl Transcript {
    /// An empty one.
    pub(super) fn new(size: Size, offset: Offset) -> Self {
        Self(Engine::new(size, KEPT_ROWS, offset))
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.0.feed(bytes);
        // Queries are answered by the session's own screen.
        self.0.take_events();
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.0.resize(size);
    }

    fn cursor_row(&self) -> u64 {
        let (_, y) = self.0.cursor();
        let top = self.0.end_line().saturating_sub(u64::from(self.0.size().rows));
        top + u64::from(y)
    }

    /// Where the cursor stands now.
    pub(super) fn mark(&self) -> Mark {
        let row = self.cursor_row();
        Mark {
            row,
            prompt: self.up_to_cursor(row),
        }
    }

    /// The text from row `from` to the cursor. A row that wraps goes on in the same line. Of a program that has the
    /// whole screen all that it shows.
    fn up_to_cursor(&self, from: u64) -> String {
        if self.0.is_alternate() {
            let rows = self.0.screen_lines();
            let rows: Vec<_> = rows.iter().map(|row| row.text()).collect();
            return rows.join("\n");
        }
        let cursor = self.cursor_row();
        let mut text = String::new();
        for number in from.max(self.0.first_line())..=cursor {
            let Some(row) = self.0.line(number) else { continue };
            if number > from && !row.wrapped {
                text.push('\n');
            }
            match number == cursor {
                true => text.push_str(&self.cut_at_cursor(&row.text())),
                false => text.push_str(&row.text()),
            }
        }
        text
    }

    /// The part of the cursor's row that is before it; blanks there are part of a prompt.
    fn cut_at_cursor(&self, row: &str) -> String {
        let (x, _) = self.0.cursor();
        let width = usize::from(x);
        let mut cut: String = row.chars().take(width).collect();
        let missing = width.saturating_sub(cut.chars().count());
        cut.extend(std::iter::repeat_n(' ', missing));
        cut
    }

    /// Whether `pattern` matches what stands before the cursor, of what came after `mark`.
    pub(super) fn shows(&self, pattern: &Pattern, mark: Option<&Mark>) -> bool {
        let tail = self.cursor_row().saturating_sub(TAIL_ROWS);
        let text = match mark {
            Some(mark) if mark.row >= tail => {
                without_prompt(&self.up_to_cursor(mark.row), &mark.prompt).to_owned()
            }
            _ => self.up_to_cursor(tail),
        };
        pattern.at_end_of(&text).is_some()
    }

    /// Whether the prompt of `mark` stands before the cursor again, in a later row.
    pub(super) fn is_back_at(&self, mark: &Mark) -> bool {
        let row = self.cursor_row();
        row > mark.row && !mark.prompt.trim().is_empty() && self.up_to_cursor(row) == mark.prompt
    }

    /// What came since `mark`: without the echo of `question`, and without the prompt at its end, which is what `end`
    /// matches or what `mark` knows.
    pub(super) fn reply(&self, mark: &Mark, question: &str, end: Option<&Pattern>) -> String {
        let text = self.up_to_cursor(mark.row);
        let text = without_prompt(&text, &mark.prompt);
        let text = match end.and_then(|end| end.at_end_of(text)) {
            Some(start) => text.get(..start).unwrap_or_default(),
            None => text.strip_suffix(&mark.prompt).unwrap_or(text),
        };
        let lines = without_echo(text, question, mark.prompt.trim());
        let mut lines: Vec<_> = lines.into_iter().map(str::trim_end).collect();
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        lines.join("\n")
    }
}

/// `text` behind the prompt it begins with.
fn without_prompt<'a>(text: &'a str, prompt: &str) -> &'a str {
    match text.strip_prefix(prompt) {
        Some(rest) => rest,
        None => text.strip_prefix(prompt.trim_end()).map_or(text, str::trim_start),
    }
}

/// The lines of `text` without those that only repeat what was typed, each behind a prompt or nothing.
fn without_echo<'a>(text: &'a str, question: &str, prompt: &str) -> Vec<&'a str> {
    let mut typed = question.lines().map(str::trim).peekable();
    // What stood before the line that was typed last: the prompt of continued lines.
    let mut continued = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        // An empty line leaves nothing but a prompt.
        if let Some(&"") = typed.peek() {
            typed.next();
            if continued == Some(line.trim()) {
                continue;
            }
        }
        let echo = typed.peek().and_then(|typed| line.trim_end().strip_suffix(typed));
        // Prompts of continued lines hold no words.
        let before = echo
            .map(str::trim)
            .filter(|before| *before == prompt || !before.chars().any(char::is_alphanumeric));
        match before {
            Some(_) => {
                continued = before;
                typed.next();
            }
            None => lines.push(line),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a worker with `prompt` replied, and whether it was seen to have finished.
    fn asked(prompt: &str, question: &str, output: &str, end: Option<&str>) -> (String, bool) {
        let end: Option<Pattern> = end.map(|end| end.parse().unwrap());
        let mut transcript = Transcript::new(Size::new(20, 5), Offset::ZERO);
        transcript.feed(format!("Welcome\r\n{prompt}").as_bytes());
        let mark = transcript.mark();
        transcript.feed(output.replace('\n', "\r\n").as_bytes());
        let finished = match &end {
            Some(end) => transcript.shows(end, Some(&mark)),
            None => transcript.is_back_at(&mark),
        };
        (transcript.reply(&mark, question, end.as_ref()), finished)
    }

    #[test]
    fn k5_a_reply_is_what_stands_between_the_question_and_the_next_prompt() {
        for end in [None, Some("^>>> $")] {
            let python = asked(">>> ", "1+1", "1+1\n2\n>>> ", end);
            assert_eq!(python, ("2".into(), true));
            let nothing = asked(">>> ", "x = 1", "x = 1\n>>> ", end);
            assert_eq!(nothing, (String::new(), true));
            let unfinished = asked(">>> ", "1+1", "1+1\nso far", end);
            assert_eq!(unfinished, ("so far".into(), false));
        }
    }

    #[test]
    fn k5_a_reply_is_text_as_it_stood_on_the_screen() {
        let progress = "ask\n\x1b[31m10%\r\x1b[1m100%\x1b[m\n\x1b[?25h\n> ";
        assert_eq!(asked("> ", "ask", progress, None), ("100%".into(), true));
        let long: String = (1..=40).map(|n| format!("line {n}\n")).collect();
        let expected = long.trim_end().to_owned();
        assert_eq!(
            asked("> ", "ask", &format!("ask\n{long}> "), None),
            (expected, true)
        );
        let wide = "ask\nabcdefghijklmnopqrstuvwxyz\n> ";
        assert_eq!(asked("> ", "ask", wide, None).0, "abcdefghijklmnopqrstuvwxyz");
    }

    #[test]
    fn k5_questions_of_many_lines_and_long_ones_are_taken_out_too() {
        let question = "for n in range(2):\n    print(n)\n\n";
        let output = "for n in range(2):\n...     print(n)\n... \n0\n1\n>>> ";
        assert_eq!(asked(">>> ", question, output, Some("^>>> $")).0, "0\n1");
        let long = "a question that is longer than a row";
        assert_eq!(asked("> ", long, &format!("{long}\nyes\n> "), None).0, "yes");
    }

    #[test]
    fn k5_a_program_without_echo_or_prompt_is_taken_at_its_word() {
        assert_eq!(asked("", "2*3", "2*3\n6\n", None), ("6".into(), false));
        assert_eq!(asked("", "2*3", "6\n", None).0, "6");
        assert_eq!(asked("> ", "same", "same\nsame\n> ", None).0, "same");
    }
}
