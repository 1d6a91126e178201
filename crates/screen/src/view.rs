//! Rows as readers see them.

use crate::attributes::{self, Family, Flags, Interner, Link, LinkId};
use crate::packed::{PackedRow, Piece};
use crate::pen::Styles;
use crate::{Colour, Line, Rgb, Run, Style, Underline};

/// The line a row shows.
pub(crate) fn line(row: &PackedRow, styles: &Styles, links: &Interner<Link>) -> Line {
    let mut runs: Vec<Run> = Vec::new();
    let mut last = None;
    // A cell that a wide character covers though it is not its own is not seen.
    let mut covered = false;
    for (piece, id) in row.pieces() {
        if last != Some(id) {
            let attributes = styles.get(id.0).copied().unwrap_or_default();
            runs.push(Run {
                text: String::new(),
                style: style(&attributes),
                link: link(attributes.link, links),
            });
            last = Some(id);
        }
        if let Some(run) = runs.last_mut() {
            let hidden = usize::from(std::mem::take(&mut covered));
            match piece {
                Piece::Null(count) => run.text.extend(std::iter::repeat_n(' ', count - hidden)),
                Piece::Ascii(text) => run.text.push_str(text.get(hidden..).unwrap_or_default()),
                // Of one covered by half its other half is blank.
                Piece::Whole(_, 2) if hidden > 0 => run.text.push(' '),
                Piece::Whole(..) | Piece::Odd(..) if hidden > 0 => {}
                Piece::Whole(text, _) => run.text.push_str(text),
                Piece::Odd(text, width) => {
                    run.text.push_str(text);
                    covered = width == 2;
                }
            }
        }
    }
    Line {
        wrapped: row.wrapped,
        runs,
    }
}

fn link(number: LinkId, links: &Interner<Link>) -> Option<String> {
    let link = links.get(number).filter(|_| number != 0)?;
    Some(link.uri.to_string())
}

fn style(attributes: &attributes::Attributes) -> Style {
    let flags = attributes.flags;
    Style {
        foreground: colour(attributes.foreground),
        background: colour(attributes.background),
        underline_colour: colour(attributes.underline_colour),
        underline: match attributes.underline {
            2 => Underline::Double,
            3 => Underline::Curly,
            4 => Underline::Dotted,
            5 => Underline::Dashed,
            1 => Underline::Single,
            _ if flags.has(Flags::UNDERLINE) => Underline::Single,
            _ => Underline::None,
        },
        bold: flags.has(Flags::BOLD),
        dim: flags.has(Flags::DIM),
        italic: flags.has(Flags::ITALIC),
        blink: flags.has(Flags::BLINK),
        inverse: flags.has(Flags::INVERSE),
        invisible: flags.has(Flags::INVISIBLE),
        strikethrough: flags.has(Flags::STRIKETHROUGH),
        overline: flags.has(Flags::OVERLINE),
    }
}

fn colour(colour: attributes::Colour) -> Colour {
    match colour.family() {
        Family::Default => Colour::Default,
        Family::Named(index) | Family::Indexed(index) => Colour::Indexed(index),
        Family::Rgb(rgb) => Colour::Rgb(Rgb::new(rgb)),
    }
}
