//! Pages of history: rows of the whole journal, the newest from the live screen.

use std::collections::VecDeque;
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use sempre_protocol::history::{
    HistoryLine, HistoryMatches, HistoryPage, HistoryRun, RunColour, RunStyle, RunUnderline,
};
use sempre_screen::{Colour, Line, Run, Style, Underline};

use super::search::{Needle, search};
use super::walk::{Position, Source};
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
    let rows = |rows| rows_of(source, &positions, rows, lines);
    let found = match wanted {
        Wanted::After(number) => rows(number.clamp(first_line, end_line)..end_line)?,
        Wanted::Before(number) => {
            let end = number.clamp(first_line, end_line);
            let mut start = end.saturating_sub(lines).max(first_line);
            let mut found = rows(start..end)?;
            // Numbers may be missing where rows were wrapped anew: further back there are more.
            for reach in [8, 64] {
                if start == first_line || found.len() as u64 >= lines {
                    break;
                }
                start = end.saturating_sub(lines.saturating_mul(reach)).max(first_line);
                found = last_of(source, &positions, start..end, lines)?;
            }
            found
        }
    };
    Ok(HistoryPage {
        first_line,
        end_line,
        inexact: view.inexact || positions.iter().any(|position| position.inexact),
        lines: found,
    })
}

/// The first `limit` rows there are of those numbered `rows`.
fn rows_of(
    source: &Source,
    positions: &[Position],
    rows: Range<u64>,
    limit: u64,
) -> io::Result<Vec<HistoryLine>> {
    let mut found = Vec::new();
    visit(source, positions, rows, |number, line| {
        found.push(history_line(number, line));
        if (found.len() as u64) < limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(found)
}

/// The last `limit` rows there are of those numbered `rows`.
fn last_of(
    source: &Source,
    positions: &[Position],
    rows: Range<u64>,
    limit: u64,
) -> io::Result<Vec<HistoryLine>> {
    let mut found = VecDeque::new();
    visit(source, positions, rows, |number, line| {
        found.push_back((number, line));
        if found.len() as u64 > limit {
            found.pop_front();
        }
        ControlFlow::Continue(())
    })?;
    Ok(found
        .into_iter()
        .map(|(number, line)| history_line(number, line))
        .collect())
}

/// Gives `take` the rows numbered `rows`, in order, until it breaks: those that left the live screen's memory by a
/// walk, the rest from that.
fn visit(
    source: &Source,
    positions: &[Position],
    rows: Range<u64>,
    mut take: impl FnMut(u64, Line) -> ControlFlow<()>,
) -> io::Result<()> {
    let live = source.view.first_line();
    let before = |position: &&Position| position.first_line <= rows.start;
    if let Some(&from) = positions.iter().rev().find(before).filter(|_| rows.start < live) {
        let mut over = false;
        source.walk(from, rows.start..rows.end.min(live), |number, line| {
            let taken = if number < live {
                take(number, line)
            } else {
                ControlFlow::Continue(())
            };
            over = taken.is_break();
            taken
        })?;
        if over {
            return Ok(());
        }
    }
    let mut rest = rows.start.max(live)..rows.end;
    let _ = rest.try_for_each(|number| match source.view.line(number) {
        Some(line) => take(number, line),
        None => ControlFlow::Continue(()),
    });
    Ok(())
}

pub(super) fn history_line(number: u64, line: Line) -> HistoryLine {
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
        Colour::Rgb(rgb) => Some(RunColour::Rgb(rgb)),
    }
}
