//! Snapshots: bytes that rebuild a terminal on one just reset.
//!
//! They begin with what a reset of xterm.js leaves as it was. Then come the rows of the normal buffer, its tabs, saved
//! cursor and scroll region; the alternate buffer, if it is on, the same; modes, character sets, cursor and pen; and
//! last the bytes of a sequence that is not finished.

mod rows;
pub(crate) mod sgr;
mod state;

use crate::buffer::Buffer;
use crate::packed::{PackedRow, Packer};
use crate::terminal::Terminal;
use rows::Writer;

/// What `reset` does not undo: hidden cursor, blinking, LNM, palette and special colours.
const PRELUDE: &[u8] = b"\x1b[?25h\x1b[?12l\x1b[20l\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\";

/// Bytes a row takes beyond its text, for the first guess.
const ROW_BYTES: usize = 8;

/// A snapshot with the newest `scrollback` rows above the screen; `unfinished` follows it.
pub(crate) fn write(terminal: &Terminal, unfinished: &[u8], scrollback: usize) -> Vec<u8> {
    let mut writer = Writer::new(terminal);
    let normal = &terminal.normal;
    writer.reserve((scrollback.min(normal.scrollback.len()) + terminal.rows) * (terminal.cols + ROW_BYTES));
    writer.bytes(PRELUDE);
    state::write_globals(&mut writer, terminal);
    let skipped = normal.scrollback.len().saturating_sub(scrollback);
    let on_screen = normal.scrollback.len()..normal.scrollback.len() + terminal.rows;
    let is_pending = normal.saved.x >= terminal.cols;
    let saved_above = state::is_saved(normal) && (is_pending || !on_screen.contains(&normal.saved.y));
    if saved_above {
        state::write_saved_above(
            &mut writer,
            terminal,
            normal,
            normal.saved.y.saturating_sub(skipped),
        );
    }
    if !terminal.on_alternate && state::is_saved(&terminal.alternate) {
        writer.bytes(b"\x1b[?47h");
        state::write_saved(&mut writer, terminal, &terminal.alternate);
        writer.bytes(b"\x1b[?47l\x1b[H");
    }
    write_buffer(&mut writer, terminal, normal, scrollback);
    if !saved_above {
        state::write_saved(&mut writer, terminal, normal);
    }
    state::write_region(&mut writer, terminal, normal);
    if terminal.on_alternate {
        writer.go_to(normal.x.min(terminal.cols.saturating_sub(1)), normal.y);
        writer.bytes(b"\x1b[?47h\x1b[H");
        write_buffer(&mut writer, terminal, &terminal.alternate, 0);
        state::write_saved(&mut writer, terminal, &terminal.alternate);
        state::write_region(&mut writer, terminal, &terminal.alternate);
    }
    state::write_end(&mut writer, terminal);
    writer.bytes(unfinished);
    writer.finish()
}

fn write_buffer(writer: &mut Writer<'_>, terminal: &Terminal, buffer: &Buffer, scrollback: usize) {
    let mut packer = Packer::default();
    let screen: Vec<PackedRow> = buffer
        .rows
        .iter()
        .map(|row| packer.pack(row, terminal.cols, &terminal.clusters))
        .collect();
    let above = buffer.scrollback.len().min(scrollback);
    let skipped = buffer.scrollback.len() - above;
    let mut rows = buffer.scrollback.iter().skip(skipped).chain(&screen).peekable();
    // A first row that goes on from one that is gone needs one that goes: out of a full scrollback, or erased.
    let leads_in =
        rows.peek().is_some_and(|row| row.wrapped) && (above == 0 || above == buffer.scrollback.limit());
    let mut count = above + screen.len();
    if leads_in {
        writer.lead_in();
    } else if above == 0 {
        // Rows at the end that were never written are there already.
        let is_used = |row: &PackedRow| row.wrapped || row.max_cells() > 0;
        count = screen.iter().rposition(is_used).map_or(0, |last| last + 1);
    }
    writer.rows(rows.take(count), leads_in);
    if leads_in && above == 0 && buffer.scrollback.limit() > 0 {
        writer.bytes(b"\x1b[3J");
    }
    state::write_tabs(writer, terminal, buffer);
}
