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
    if !terminal.on_alternate && state::is_saved(&terminal.alternate) {
        writer.bytes(b"\x1b[?47h");
        state::write_saved(&mut writer, terminal, &terminal.alternate);
        writer.bytes(b"\x1b[?47l\x1b[H");
    }
    write_buffer(&mut writer, terminal, normal, scrollback);
    if terminal.on_alternate {
        writer.go_to(normal.x.min(terminal.cols.saturating_sub(1)), normal.y);
        writer.bytes(b"\x1b[?47h\x1b[H");
        write_buffer(&mut writer, terminal, &terminal.alternate, 0);
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
    // Rows at the end that were never written are there already, unless rows above have to be pushed out.
    let used = match above {
        0 => screen
            .iter()
            .rposition(|row| row.wrapped || row.max_cells() > 0)
            .map_or(0, |last| last + 1),
        _ => screen.len(),
    };
    let skipped = buffer.scrollback.len() - above;
    let rows = buffer
        .scrollback
        .iter()
        .skip(skipped)
        .chain(screen.iter().take(used));
    writer.rows(rows);
    state::write_tabs(writer, terminal, buffer);
    state::write_saved(writer, terminal, buffer);
    state::write_region(writer, terminal, buffer);
}
