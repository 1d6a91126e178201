//! What is not in the rows: tabs, saved cursors, regions, modes, character sets, colours, the cursor and the pen.

use crate::attributes::Attributes;
use crate::buffer::{Buffer, Saved};
use crate::charset::Charset;
use crate::packed::{Packer, Piece};
use crate::snapshot::rows::{HALVED, Writer};
use crate::tabs::Tabs;
use crate::terminal::Terminal;

/// Introducers of designations for G0 to G3.
const DESIGNATIONS: [char; 4] = ['(', ')', '*', '+'];
/// Shifts to G0 to G3.
const SHIFTS: [&[u8]; 4] = [b"\x0f", b"\x0e", b"\x1bn", b"\x1bo"];

/// Title and colours.
pub(super) fn write_globals(writer: &mut Writer<'_>, terminal: &Terminal) {
    writer.format(format_args!("\x1b]2;{}\x1b\\", terminal.title));
    for (index, colour) in terminal.palette.iter() {
        let (red, green, blue) = (colour.red, colour.green, colour.blue);
        writer.format(format_args!(
            "\x1b]4;{index};rgb:{red:02x}/{green:02x}/{blue:02x}\x1b\\"
        ));
    }
    for (which, colour) in terminal.palette.specials() {
        let (red, green, blue) = (colour.red, colour.green, colour.blue);
        writer.format(format_args!(
            "\x1b]{which};rgb:{red:02x}/{green:02x}/{blue:02x}\x1b\\"
        ));
    }
}

/// Whether something was saved that a terminal just reset would not restore.
pub(super) fn is_saved(buffer: &Buffer) -> bool {
    buffer.saved != Saved::default()
}

/// Tab stops, if they are not the usual ones.
pub(super) fn write_tabs(writer: &mut Writer<'_>, terminal: &Terminal, buffer: &Buffer) {
    let cols = terminal.cols;
    if buffer.tabs.iter(cols).eq(Tabs::new(cols).iter(cols)) {
        return;
    }
    writer.bytes(b"\x1b[3g");
    for x in buffer.tabs.iter(cols) {
        writer.format(format_args!("\x1b[{}G\x1bH", x + 1));
    }
}

/// The saved cursor, on the screen.
pub(super) fn write_saved(writer: &mut Writer<'_>, terminal: &Terminal, buffer: &Buffer) {
    if is_saved(buffer) {
        save_at(writer, terminal, &buffer.saved, buffer.saved_y());
    }
}

/// The saved cursor of a buffer whose rows are not written yet, `y` rows below the first that will be: saved rows are
/// counted from the oldest kept, so one that scrolled off the screen has to be saved before anything else.
pub(super) fn write_saved_above(writer: &mut Writer<'_>, terminal: &Terminal, buffer: &Buffer, y: usize) {
    let last = terminal.rows.saturating_sub(1);
    let off = y.saturating_sub(last);
    if off > 0 {
        writer.go_to(0, last);
        writer.bytes(&vec![b'\n'; off]);
    }
    save_at(writer, terminal, &buffer.saved, y.min(last));
    writer.bytes(b"\x1b[H\x1b[2J\x1b[3J");
}

fn save_at(writer: &mut Writer<'_>, terminal: &Terminal, saved: &Saved, y: usize) {
    writer.pen(&drawn(&saved.pen, saved.extended));
    if !saved.charset.is_ascii() {
        write_designation(writer, 0, saved.charset);
    }
    writer.go_to(saved.x.min(terminal.cols.saturating_sub(1)), y);
    if saved.x >= terminal.cols {
        writer.text(" ");
    }
    writer.bytes(b"\x1b7");
    if !saved.charset.is_ascii() {
        write_designation(writer, 0, Charset::ASCII);
    }
    writer.pen(&Attributes::default());
}

fn drawn(pen: &Attributes, extended: bool) -> Attributes {
    if extended {
        return *pen;
    }
    Attributes {
        foreground: pen.foreground,
        background: pen.background,
        flags: pen.flags,
        ..Attributes::default()
    }
}

/// The scroll region, if it is not the whole screen.
pub(super) fn write_region(writer: &mut Writer<'_>, terminal: &Terminal, buffer: &Buffer) {
    if (buffer.top, buffer.bottom + 1) != (0, terminal.rows) {
        writer.format(format_args!("\x1b[{};{}r", buffer.top + 1, buffer.bottom + 1));
    }
}

fn write_designation(writer: &mut Writer<'_>, level: usize, set: Charset) {
    let introducer = DESIGNATIONS.get(level).copied().unwrap_or('(');
    writer.format(format_args!("\x1b{introducer}{}", char::from(set.designation())));
}

/// Modes, character sets, cursor and pen: whatever is written last decides what the next character joins, so that is
/// the last character printed, if it may be joined.
pub(super) fn write_end(writer: &mut Writer<'_>, terminal: &Terminal) {
    let last = last_printed(terminal);
    let pen = &terminal.pen;
    let source = last
        .as_ref()
        .filter(|last| !terminal.joining.is_none() && last.attributes == pen.drawn());
    let source = source
        .and_then(|last| Some((last.x, source_text(terminal, &last.text)?)))
        .or_else(|| unprinted(terminal));
    if terminal.modes.origin {
        writer.bytes(b"\x1b[?6h");
    }
    if source.is_none() {
        write_cursor(writer, terminal, last.as_ref());
    }
    write_modes(writer, terminal);
    write_charsets(writer, terminal);
    writer.pen(&pen.set_up());
    if last.is_none() && is_taken_apart(terminal) {
        writer.pen(pen.attributes());
        writer.bytes(b"\x1b8");
        write_cursor(writer, terminal, None);
    }
    match source {
        Some((x, text)) => {
            writer.go_to(x, row_to_go_to(terminal));
            if terminal.modes.insert {
                // Printing puts it in once more.
                writer.format(format_args!("\x1b[{}P", terminal.buffer().x.saturating_sub(x)));
            }
            writer.text(&text);
        }
        None => writer.apart(),
    }
}

/// DECRC made pen and character set what other sequences cannot, and would again: it takes back colours and flags but
/// not what goes with an underline, and a character set that is not the one shifted in.
fn is_taken_apart(terminal: &Terminal) -> bool {
    let (pen, charsets, saved) = (&terminal.pen, &terminal.charsets, &terminal.buffer().saved);
    let shifted = charsets.sets.get(charsets.level).copied().unwrap_or_default();
    let attributes = pen.attributes();
    let is_apart = !pen.extended() && (attributes.underline != 0 || attributes.link != 0);
    let colours = |pen: &Attributes| (pen.foreground, pen.background, pen.flags);
    (is_apart || charsets.current != shifted)
        && saved.charset == charsets.current
        && saved.extended == pen.extended()
        && colours(&saved.pen) == colours(attributes)
}

/// What has to be printed in the character set in use so that `text` comes out.
fn source_text(terminal: &Terminal, text: &str) -> Option<String> {
    let mut characters = text.chars();
    let first = terminal.charsets.current.unmap(characters.next()?)?;
    Some(std::iter::once(first).chain(characters).collect())
}

/// A wide character that does not fit and does not wrap is not printed, and yet may be joined: together with one
/// before it, whose half it took, it is printed again so.
fn unprinted(terminal: &Terminal) -> Option<(usize, String)> {
    let buffer = terminal.buffer();
    if terminal.joining.width() != 2 || terminal.modes.wrap || buffer.x + 1 != terminal.cols {
        return None;
    }
    let row = Packer::default().pack(buffer.rows.get(buffer.y)?, terminal.cols, &terminal.clusters);
    let mut at = 0;
    for (piece, _) in row.pieces() {
        if let Piece::Odd(text, 2) = piece
            && at + 1 == buffer.x
        {
            return Some((at, format!("{text}{HALVED}")));
        }
        at += piece.cells();
    }
    Some((buffer.x, HALVED.to_owned()))
}

/// The cursor's row as sequences count it.
fn row_to_go_to(terminal: &Terminal) -> usize {
    let buffer = terminal.buffer();
    if terminal.modes.origin {
        buffer.y.saturating_sub(buffer.top)
    } else {
        buffer.y
    }
}

/// The character before the cursor.
struct LastPrinted {
    x: usize,
    text: String,
    attributes: Attributes,
}

/// The character that has to be printed again: before a wrap that is pending, or one that may be joined.
fn last_printed(terminal: &Terminal) -> Option<LastPrinted> {
    let buffer = terminal.buffer();
    let is_pending = buffer.x >= terminal.cols;
    if buffer.x == 0 || !is_pending && terminal.joining.is_none() {
        return None;
    }
    let row = Packer::default().pack(buffer.rows.get(buffer.y)?, terminal.cols, &terminal.clusters);
    let mut at = 0;
    for (piece, style) in row.pieces() {
        let end = at + piece.cells();
        if end >= buffer.x {
            let attributes = terminal.styles.get(style.0).copied().unwrap_or_default();
            let (x, text) = match piece {
                Piece::Ascii(text) => {
                    let x = buffer.x - 1;
                    (x, text.get(x - at..=x - at)?)
                }
                Piece::Whole(text, _) if end == buffer.x => (at, text),
                _ => (buffer.x - 1, ""),
            };
            return Some(LastPrinted {
                x,
                text: text.to_owned(),
                attributes,
            });
        }
        at = end;
    }
    Some(LastPrinted {
        x: buffer.x.saturating_sub(1),
        text: String::new(),
        attributes: Attributes::default(),
    })
}

fn write_cursor(writer: &mut Writer<'_>, terminal: &Terminal, last: Option<&LastPrinted>) {
    let buffer = terminal.buffer();
    let y = row_to_go_to(terminal);
    let is_pending = buffer.x >= terminal.cols;
    match last {
        Some(last) if !last.text.is_empty() => {
            writer.go_to(last.x, y);
            writer.pen(&last.attributes);
            writer.text(&last.text);
        }
        // A row erased while a wrap was pending: printing makes it pending again, and erasing keeps it so.
        Some(last) if is_pending => {
            writer.go_to(last.x, y);
            writer.pen(&Attributes::default());
            writer.text(" ");
            let row = buffer.rows.get(buffer.y);
            let first = row.map(|row| row.get(0));
            if row.is_some_and(|row| row.cells().iter().all(|&cell| Some(cell) == first)) {
                let style = first.map_or(0, |cell| cell.style.0);
                writer.pen(&terminal.styles.get(style).copied().unwrap_or_default());
                writer.bytes(b"\x1b[2K");
            }
        }
        _ => writer.go_to(buffer.x, y),
    }
}

fn write_modes(writer: &mut Writer<'_>, terminal: &Terminal) {
    let (modes, lasting) = (&terminal.modes, &terminal.lasting);
    let switches = [
        (modes.application_cursor, "?1h"),
        (!modes.wrap, "?7l"),
        (lasting.cursor_blink, "?12h"),
        (lasting.cursor_hidden, "?25l"),
        (modes.reverse_wrap, "?45h"),
        (modes.application_keypad, "?66h"),
        (modes.focus, "?1004h"),
        (modes.bracketed_paste, "?2004h"),
        (modes.insert, "4h"),
        (lasting.new_line, "20h"),
    ];
    for (_, switch) in switches.iter().filter(|(on, _)| *on) {
        writer.format(format_args!("\x1b[{switch}"));
    }
    for mode in [modes.mouse, modes.mouse_encoding]
        .into_iter()
        .filter(|&mode| mode != 0)
    {
        writer.format(format_args!("\x1b[?{mode}h"));
    }
    if terminal.cursor_style != 0 {
        writer.format(format_args!("\x1b[{} q", terminal.cursor_style));
    }
}

fn write_charsets(writer: &mut Writer<'_>, terminal: &Terminal) {
    let charsets = &terminal.charsets;
    for (level, &set) in charsets
        .sets
        .iter()
        .enumerate()
        .filter(|(_, set)| !set.is_ascii())
    {
        write_designation(writer, level, set);
    }
    if charsets.level != 0 {
        writer.bytes(SHIFTS.get(charsets.level).copied().unwrap_or_default());
    }
}
