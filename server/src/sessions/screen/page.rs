//! The visible screen as rows of styled text.

use std::sync::Arc;

use sempre_protocol::programs::{ScreenCursor, ScreenPage};

use super::history::history_line;
use super::{Screen, Session, SessionError};

impl Session {
    /// What a terminal shows now, with at most `lines` rows above the screen: none above the alternate one.
    ///
    /// # Errors
    /// If the journal cannot be read, or the server goes down.
    pub async fn screen_page(self: &Arc<Self>, lines: u32) -> Result<ScreenPage, SessionError> {
        let view = Screen::view(self).await?;
        let engine = &view.engine;
        let size = engine.size();
        let (col, row) = engine.cursor();
        let alternate = engine.is_alternate();
        let top = view.end_line().saturating_sub(u64::from(size.rows));
        let first = top.saturating_sub(u64::from(lines)).max(view.first_line());
        let rows = if alternate {
            let rows = (0..).zip(engine.screen_lines());
            rows.map(|(number, line)| history_line(number, line)).collect()
        } else {
            let rows = first..view.end_line();
            rows.filter_map(|number| Some(history_line(number, view.line(number)?)))
                .collect()
        };
        Ok(ScreenPage {
            offset: engine.offset(),
            cols: size.cols,
            rows: size.rows,
            cursor: ScreenCursor {
                col,
                row,
                visible: engine.is_cursor_visible(),
            },
            alternate,
            title: Some(engine.title().to_owned()).filter(|title| !title.is_empty()),
            cwd: engine.cwd().map(str::to_owned),
            inexact: view.inexact,
            above: if alternate {
                0
            } else {
                u32::try_from(top.saturating_sub(first)).unwrap_or(u32::MAX)
            },
            lines: rows,
        })
    }
}
