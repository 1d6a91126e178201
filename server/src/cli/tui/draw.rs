//! Draws what `model` knows. Colours only underline what words and signs say already.

mod front;
#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use sempre_protocol::api::{HealthStatus, SessionState};

use super::list::{self, Column};
use super::model::{MIN_SIZE, State, View};
use super::page::{self, Page};
use super::watch::Heard;
use super::wrapping::{cells, cut, wrapped};
use crate::cli::describe;
use crate::cli::table::plain;

/// Whether colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    /// The terminal's own.
    Basic,
    /// None: light, bold and reversed text alone.
    None,
}

impl Colours {
    fn of(self, colour: Color) -> Style {
        match self {
            Self::Basic => Style::new().fg(colour),
            Self::None => Style::new(),
        }
    }
}

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, colours: Colours) {
    if state.is_too_small() {
        too_small(frame, state);
        return;
    }
    if let View::Page(page) = &state.view {
        draw_page(frame, state, page, colours);
        return;
    }
    header(frame, state, colours);
    sessions(frame, state, colours);
    let height = frame.area().height;
    let (text, style) = last_word(state, colours);
    row(
        frame,
        height.saturating_sub(2),
        Line::styled(cut(&text, width(frame)), style),
    );
    row(frame, height.saturating_sub(1), hints(&LIST_HINTS, width(frame)));
    match &state.view {
        View::Filter => filter(frame, state),
        View::Question(request) => front::question(frame, state, request),
        View::New(form) => front::form(frame, form),
        View::List | View::Page(_) => {}
    }
}

/// Keys below the list, the ones one cannot do without first.
const LIST_HINTS: [(&str, &str); 9] = [
    ("?", "help"),
    ("q", "quit"),
    ("Enter", "attach"),
    ("n", "new"),
    ("/", "filter"),
    ("e", "end"),
    ("r", "restart"),
    ("d", "remove"),
    ("i", "detail"),
];
const PAGE_HINTS: [(&str, &str); 2] = [("Esc", "back"), ("Up/Down", "read on")];

fn width(frame: &Frame<'_>) -> usize {
    frame.area().width.into()
}

/// Draws a whole row.
fn row(frame: &mut Frame<'_>, y: u16, line: Line<'_>) {
    let area = frame.area();
    let row = Rect::new(0, y, area.width, 1).intersection(area);
    frame.render_widget(line, row);
}

fn hints(keys: &[(&'static str, &'static str)], width: usize) -> Line<'static> {
    let mut spans = Vec::new();
    let mut left = width;
    for (key, what) in keys {
        let gap = if spans.is_empty() { "" } else { "  " };
        let taken = cells(gap) + cells(key) + 1 + cells(what);
        let Some(rest) = left.checked_sub(taken) else {
            break;
        };
        left = rest;
        spans.push(Span::raw(gap));
        spans.push(Span::styled(*key, Modifier::BOLD));
        spans.push(Span::raw(format!(" {what}")));
    }
    Line::from(spans)
}

fn too_small(frame: &mut Frame<'_>, state: &State) {
    let words = format!(
        "This terminal has {}x{} cells; sempre tui needs {}x{}. Make it larger, or press q to leave.",
        state.size.cols, state.size.rows, MIN_SIZE.cols, MIN_SIZE.rows
    );
    for (y, text) in (0..frame.area().height).zip(wrapped(&words, width(frame))) {
        row(frame, y, Line::raw(text));
    }
}

/// How many sessions there are, and how the server is.
fn header(frame: &mut Frame<'_>, state: &State, colours: Colours) {
    let all = state.world.sessions.len();
    let running = state.world.sessions.values();
    let running = running.filter(|heard| heard.info.state == SessionState::Active);
    let counts = format!(" Sempre  {}, {} run", plural(all), running.count());
    let (server, style) = server(state, colours);
    let gap = width(frame)
        .saturating_sub(cells(&counts) + cells(&server) + 1)
        .max(1);
    let line = vec![
        Span::styled(counts, Modifier::BOLD),
        Span::raw(" ".repeat(gap)),
        Span::styled(server, style),
    ];
    row(frame, 0, Line::from(line));
}

fn plural(sessions: usize) -> String {
    match sessions {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    }
}

/// The server in few words.
fn server(state: &State, colours: Colours) -> (String, Style) {
    if state.world.trouble.is_some() {
        let style = colours.of(Color::Red).add_modifier(Modifier::REVERSED);
        return ("NOT CONNECTED".to_owned(), style);
    }
    let Some(health) = &state.world.health else {
        return ("connected".to_owned(), Style::new());
    };
    let word = page::word(health.status);
    let long = format!(
        "server {} {word}, up {}",
        plain(&health.version),
        describe::span(health.uptime)
    );
    let text = if state.size.cols < 60 {
        format!("server {word}")
    } else {
        long
    };
    match health.status {
        HealthStatus::Ok => (text, colours.of(Color::Green)),
        HealthStatus::Degraded => (
            format!("{text} (h: why)"),
            colours.of(Color::Yellow).add_modifier(Modifier::BOLD),
        ),
    }
}

fn sessions(frame: &mut Frame<'_>, state: &State, colours: Colours) {
    let columns = list::columns(frame.area().width);
    let headings = columns.iter().map(|column| column.heading.to_owned());
    let headings = in_columns("  ", &columns, headings, width(frame));
    row(frame, 1, Line::styled(headings, Modifier::UNDERLINED));
    let rows = state.list_rows();
    for (y, id) in (2..).zip(state.listed.iter().skip(state.top).take(rows)) {
        if let Some(heard) = state.heard(*id) {
            row(frame, y, session(state, heard, &columns, colours, width(frame)));
        }
    }
    if state.listed.is_empty() {
        let words = match state.filter.text().is_empty() {
            true => "  no session yet; n starts one",
            false => "  no session is like that; Esc shows all",
        };
        row(frame, 2, Line::raw(words));
    }
}

fn session(
    state: &State,
    heard: &Heard,
    columns: &[&Column],
    colours: Colours,
    width: usize,
) -> Line<'static> {
    let is_selected = state.selected == Some(heard.info.session_id);
    let mark = if is_selected { "> " } else { "  " };
    let texts = columns.iter().map(|column| column.text(heard, state.now_ms));
    let text = in_columns(mark, columns, texts, width);
    let style = match list::health(&heard.info) {
        "problem" => colours.of(Color::Red).add_modifier(Modifier::BOLD),
        "ok" => Style::new(),
        _ => Style::new().add_modifier(Modifier::DIM),
    };
    match is_selected {
        true => Line::styled(format!("{text:<width$}"), style.add_modifier(Modifier::REVERSED)),
        false => Line::styled(text, style),
    }
}

/// Texts below each other; the last one has what is left of the row.
fn in_columns(mark: &str, columns: &[&Column], texts: impl Iterator<Item = String>, width: usize) -> String {
    let mut row = mark.to_owned();
    let last = columns.len().saturating_sub(1);
    for (number, (column, text)) in columns.iter().zip(texts).enumerate() {
        let room = match number == last {
            true => width.saturating_sub(cells(&row)),
            false => column.width.into(),
        };
        let text = cut(&text, room);
        row.push_str(&text);
        if number != last {
            row.push_str(&" ".repeat(room.saturating_sub(cells(&text)) + 1));
        }
    }
    row
}

/// The row above the keys: what is wrong, else what is being done, else what was done, else the filter.
fn last_word(state: &State, colours: Colours) -> (String, Style) {
    let filter = state.filter.text();
    if let Some(why) = &state.world.trouble {
        let style = colours.of(Color::Red).add_modifier(Modifier::BOLD);
        return (format!("not connected, trying again: {why}"), style);
    }
    let text = match (&state.asked, &state.message) {
        (Some(request), None) => format!("{}...", request.words()),
        (_, Some(message)) => message.clone(),
        (None, None) if !filter.is_empty() => {
            let shown = plural(state.listed.len());
            format!("filter: {} - {shown}; Esc shows all", plain(filter))
        }
        (None, None) => String::new(),
    };
    (text, Style::new())
}

/// The filter while it is typed.
fn filter(frame: &mut Frame<'_>, state: &State) {
    let y = frame.area().height.saturating_sub(1);
    let area = Rect::new(0, y, frame.area().width, 1);
    frame.render_widget(ratatui::widgets::Clear, area);
    front::typed(frame, area, "filter: ", &state.filter, true);
}

fn draw_page(frame: &mut Frame<'_>, state: &State, page: &Page, colours: Colours) {
    let text = page.text(state);
    let rows = page.rows(state);
    let end = (page.top + rows).min(text.len());
    let place = format!("{}-{end} of {}", page.top + 1, text.len());
    let title = format!(" {}", page.title());
    let (place, style) = match state.world.trouble.is_some() {
        true => server(state, colours),
        false => (place, Style::new()),
    };
    let gap = width(frame).saturating_sub(cells(&title) + cells(&place) + 1);
    let line = vec![
        Span::styled(title, Modifier::BOLD),
        Span::raw(" ".repeat(gap)),
        Span::styled(place, style),
    ];
    row(frame, 0, Line::from(line));
    for (y, text) in (1..).zip(text.into_iter().skip(page.top).take(rows)) {
        row(frame, y, Line::raw(text));
    }
    row(
        frame,
        frame.area().height.saturating_sub(1),
        hints(&PAGE_HINTS, width(frame)),
    );
}

/// Where a cursor may stand.
fn inside(frame: &Frame<'_>, x: usize, y: u16) -> Position {
    let last = frame.area().width.saturating_sub(1);
    Position::new(u16::try_from(x).unwrap_or(last).min(last), y)
}
