//! Snapshots for who has no terminal: as text, and as HTML.

use std::sync::Arc;

use sempre_screen::{Engine, Line, MAX_SCROLLBACK_LINES};

use super::history::history_line;
use super::{Screen, Session, SessionError, Snapshot};
use crate::markup::{Surface, write_run};

/// Whatever page it is put into.
const SURFACE: Surface = Surface {
    foreground: "CanvasText",
    background: "Canvas",
    links: false,
};

/// How a snapshot is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotFormat {
    /// Text and sequences that rebuild it on a reset terminal.
    Ansi,
    /// The characters alone; a line that wraps is one.
    Text,
    /// A `pre` element with a `span` for each style. Holds nothing that runs.
    Html,
}

impl Session {
    /// Writes a snapshot.
    ///
    /// # Errors
    /// [`SessionError::Busy`], or if the server goes down meanwhile.
    pub async fn render(
        self: &Arc<Self>,
        snapshot: Snapshot,
        format: SnapshotFormat,
    ) -> Result<String, SessionError> {
        if format == SnapshotFormat::Ansi {
            // Snapshots are written from characters.
            return Ok(String::from_utf8_lossy(&snapshot.ansi).into_owned());
        }
        Screen::render(self, move || {
            let lines = lines(&snapshot);
            Ok(match format {
                SnapshotFormat::Html => html(lines),
                SnapshotFormat::Ansi | SnapshotFormat::Text => text(&lines),
            })
        })
        .await
    }
}

/// The rows on show and those above them; of a full-screen program only what it shows.
fn lines(snapshot: &Snapshot) -> Vec<Line> {
    let engine = Engine::restore(
        &snapshot.ansi,
        snapshot.size,
        MAX_SCROLLBACK_LINES,
        snapshot.offset,
    );
    let mut lines: Vec<Line> = match engine.is_alternate() {
        true => engine.screen_lines(),
        false => (engine.first_line()..engine.end_line())
            .filter_map(|number| engine.line(number))
            .collect(),
    };
    while lines.last().is_some_and(|line| line.runs.is_empty()) {
        lines.pop();
    }
    lines
}

fn text(lines: &[Line]) -> String {
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 && !line.wrapped {
            out.push('\n');
        }
        out.push_str(&line.text());
    }
    out
}

fn html(lines: Vec<Line>) -> String {
    let mut out = String::from("<pre>");
    for (number, line) in (0..).zip(lines) {
        if number > 0 && !line.wrapped {
            out.push('\n');
        }
        let runs = history_line(number, line).runs;
        runs.iter().for_each(|run| write_run(&mut out, run, &SURFACE));
    }
    out.push_str("</pre>");
    out
}

#[cfg(test)]
mod tests {
    use sempre_protocol::{Offset, Size};
    use sempre_screen::Screen as _;

    use super::*;

    fn shown(output: &[u8]) -> Vec<Line> {
        let mut engine = Engine::new(Size::new(10, 3), 100, Offset::ZERO);
        engine.feed(output);
        lines(&Snapshot::of(&engine, 100, false))
    }

    #[test]
    fn p3_text_has_the_rows_that_scrolled_off_and_wrapped_lines_are_one() {
        let output = b"one\r\ntwo\r\nabcdefghijklmno\r\n\x1b[1;31mred\x1b[m & blue\r\n";
        assert_eq!(text(&shown(output)), "one\ntwo\nabcdefghijklmno\nred & blue");
        assert_eq!(text(&shown(b"")), "");
        assert_eq!(text(&shown(b"shell\x1b[?1049h\x1b[Hfull")), "full");
    }

    #[test]
    fn p3_html_shows_styles_and_runs_nothing() {
        let output =
            b"\x1b[1;31m<b>\x1b[m &\x1b[38;5;21;4mx\x1b[m\x1b]8;;javascript:alert(1)\x07y\x1b]8;;\x07";
        assert_eq!(
            html(shown(output)),
            "<pre><span style=\"color:#cd0000;font-weight:bold;\">&lt;b&gt;</span> &amp;\
             <span style=\"color:#0000ff;text-decoration-line:underline;\">x</span>y</pre>"
        );
    }
}
