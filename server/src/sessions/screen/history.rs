//! Pages of history: rows of the whole journal, the newest from the live screen.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use sempre_protocol::colours::Rgb;
use sempre_protocol::history::{
    HistoryLine, HistoryMatches, HistoryPage, HistoryRun, RunColour, RunStyle, RunUnderline,
};
use sempre_screen::{Colour, Line, Run, Style, Underline};

use super::search::{Needle, search};
use super::walk::Source;
use super::{Screen, Session, SessionError};

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The last ones below this number.
    Before(u64),
    /// The first ones from this number on.
    After(u64),
}

impl Session {
    /// At most `lines` consecutive rows of the session's history.
    ///
    /// # Errors
    /// [`SessionError::Busy`], or if the journal cannot be read.
    pub async fn history(self: &Arc<Self>, wanted: Wanted, lines: u32) -> Result<HistoryPage, SessionError> {
        let view = Screen::view(self).await?;
        let source = Source::of(self, view);
        Screen::render(self, move || page(&source, wanted, u64::from(lines))).await
    }

    /// Places below row `before` where `text` stands, newest first, at most about `limit`.
    ///
    /// # Errors
    /// [`SessionError::Busy`], or if the journal cannot be read.
    pub async fn search_history(
        self: &Arc<Self>,
        text: &str,
        before: u64,
        limit: u32,
    ) -> Result<HistoryMatches, SessionError> {
        let view = Screen::view(self).await?;
        let source = Source::of(self, view);
        let needle = Needle::new(text);
        Screen::render(self, move || search(&source, &needle, before, limit as usize)).await
    }
}

fn page(source: &Source, wanted: Wanted, lines: u64) -> io::Result<HistoryPage> {
    let view = &source.view;
    let positions = source.positions();
    let (live, end_line) = (view.first_line(), view.end_line());
    let first_line = positions
        .first()
        .map_or(live, |position| position.first_line.min(live));
    let rows = match wanted {
        Wanted::Before(number) => {
            let end = number.clamp(first_line, end_line);
            end.saturating_sub(lines).max(first_line)..end
        }
        Wanted::After(number) => {
            let start = number.clamp(first_line, end_line);
            start..start.saturating_add(lines).min(end_line)
        }
    };
    let mut page = HistoryPage {
        first_line,
        end_line,
        inexact: view.inexact || positions.iter().any(|position| position.inexact),
        lines: Vec::new(),
    };
    let from = positions
        .iter()
        .rev()
        .find(|position| position.first_line <= rows.start);
    if let Some(&from) = from.filter(|_| rows.start < live) {
        source.walk(from, rows.start..rows.end.min(live), |number, line| {
            page.lines.push(history_line(number, line));
            ControlFlow::Continue(())
        })?;
        // A walk looks a little further than it was asked to.
        page.lines.retain(|line| line.number < live);
    }
    let live_rows = rows.start.max(live)..rows.end;
    let live_rows = live_rows.filter_map(|number| Some(history_line(number, view.line(number)?)));
    page.lines.extend(live_rows);
    Ok(page)
}

fn history_line(number: u64, line: Line) -> HistoryLine {
    HistoryLine {
        number,
        wrapped: line.wrapped,
        runs: line.runs.into_iter().map(history_run).collect(),
    }
}

fn history_run(run: Run) -> HistoryRun {
    HistoryRun {
        text: run.text,
        style: run_style(run.style),
        link: run.link,
    }
}

fn run_style(style: Style) -> RunStyle {
    RunStyle {
        foreground: run_colour(style.foreground),
        background: run_colour(style.background),
        underline: match style.underline {
            Underline::None => None,
            Underline::Single => Some(RunUnderline::Single),
            Underline::Double => Some(RunUnderline::Double),
            Underline::Curly => Some(RunUnderline::Curly),
            Underline::Dotted => Some(RunUnderline::Dotted),
            Underline::Dashed => Some(RunUnderline::Dashed),
        },
        underline_colour: run_colour(style.underline_colour),
        bold: style.bold,
        dim: style.dim,
        italic: style.italic,
        blink: style.blink,
        inverse: style.inverse,
        invisible: style.invisible,
        strikethrough: style.strikethrough,
        overline: style.overline,
    }
}

fn run_colour(colour: Colour) -> Option<RunColour> {
    match colour {
        Colour::Default => None,
        Colour::Indexed(index) => Some(RunColour::Indexed(index)),
        Colour::Rgb(rgb) => Some(RunColour::Rgb(Rgb {
            red: rgb.red,
            green: rgb.green,
            blue: rgb.blue,
        })),
    }
}
