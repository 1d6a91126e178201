//! What stands in front of the list: a question, the form of a new session, a line that is typed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use super::inside;
use crate::cli::describe;
use crate::cli::table::plain;
use crate::cli::tui::form::{Field, Form};
use crate::cli::tui::list;
use crate::cli::tui::model::{Request, State};
use crate::cli::tui::wrapping::{cells, cut, wrapped};

/// Widest box, cells.
const MAX_BOX_COLS: u16 = 64;

/// A box with so many rows of text; where the text goes.
fn boxed(frame: &mut Frame<'_>, title: &str, rows: usize) -> Rect {
    let whole = frame.area();
    let width = whole.width.saturating_sub(2).min(MAX_BOX_COLS);
    let height = u16::try_from(rows)
        .unwrap_or(u16::MAX)
        .saturating_add(2)
        .min(whole.height);
    let x = (whole.width - width) / 2;
    let y = (whole.height - height) / 2;
    let area = Rect::new(x, y, width, height);
    let block = Block::bordered().title(format!(" {title} "));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    inner
}

fn lines(frame: &mut Frame<'_>, area: Rect, texts: &[String]) {
    for (row, text) in area.rows().zip(texts) {
        frame.render_widget(Line::raw(text.as_str()), row);
    }
}

/// A question about a session.
pub(super) fn question(frame: &mut Frame<'_>, state: &State, request: &Request) {
    let (title, id, what) = match request {
        Request::End(id) => (
            "End it?",
            *id,
            "Its program gets SIGHUP, and after a while SIGKILL. Its output stays.",
        ),
        Request::Restart(id) => (
            "Start it again?",
            *id,
            "A new session runs the same command in the same directory. This one stays.",
        ),
        Request::Remove { id, runs: true } => (
            "Remove it?",
            *id,
            "It still runs: it is ended first. Its output is gone then.",
        ),
        Request::Remove { id, runs: false } => ("Remove it?", *id, "Its output is gone then."),
        // The form asks for that.
        Request::Create { .. } => return,
    };
    let named = state.heard(id).map_or(String::new(), |heard| {
        let name = list::brief(list::name(&heard.info));
        format!("{}, {name}", list::brief(&heard.info.shell))
    });
    let width = usize::from(frame.area().width.saturating_sub(4).min(MAX_BOX_COLS - 2));
    let mut rows = vec![cut(&format!("{} ({named})", describe::short(id)), width)];
    rows.extend(wrapped(what, width));
    rows.push("y yes   n no".to_owned());
    let area = boxed(frame, title, rows.len());
    lines(frame, area, &rows);
}

/// The form of a new session.
pub(super) fn form(frame: &mut Frame<'_>, form: &Form) {
    let area = boxed(frame, "New session", 4);
    let mut rows = area.rows();
    let mut next = || rows.next().unwrap_or_default();
    typed(frame, next(), "Name:    ", &form.name, !form.in_command);
    typed(frame, next(), "Command: ", &form.command, form.in_command);
    let hint = "no command: the server's shell";
    frame.render_widget(Line::styled(hint, Modifier::DIM), next());
    frame.render_widget(Line::raw("Enter start  Tab next  Esc back"), next());
}

/// A line that is typed; its end is in sight, and the cursor if it is the one.
pub(super) fn typed(frame: &mut Frame<'_>, area: Rect, name: &'static str, field: &Field, is_current: bool) {
    let text = plain(field.text());
    let room = usize::from(area.width).saturating_sub(cells(name) + 1);
    let mut shown = text.as_str();
    while cells(shown) > room {
        let mut rest = shown.chars();
        rest.next();
        shown = rest.as_str();
    }
    let style = match is_current {
        true => Style::new().add_modifier(Modifier::BOLD),
        false => Style::new(),
    };
    let line = Line::from(vec![Span::styled(name, style), Span::raw(shown)]);
    frame.render_widget(line, area);
    if is_current {
        let x = usize::from(area.x) + cells(name) + cells(shown);
        let cursor = inside(frame, x, area.y);
        frame.set_cursor_position(cursor);
    }
}
