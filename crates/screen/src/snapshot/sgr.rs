//! Pens as sequences.

use std::io::Write;

use crate::attributes::{Attributes, Colour, Family, Flags, Interner, Link};

/// Codes by what they switch on.
const CODES: [(Flags, u8); 8] = [
    (Flags::BOLD, 1),
    (Flags::DIM, 2),
    (Flags::ITALIC, 3),
    (Flags::BLINK, 5),
    (Flags::INVERSE, 7),
    (Flags::INVISIBLE, 8),
    (Flags::STRIKETHROUGH, 9),
    (Flags::OVERLINE, 53),
];

/// The sequences that turn the pen `from` into `to`.
pub(super) fn write(from: &Attributes, to: &Attributes, links: &Interner<Link>, out: &mut Vec<u8>) {
    if from.link != to.link {
        write_link(links.get(to.link).filter(|_| to.link != 0), out);
    }
    let look = |attributes: &Attributes| Attributes {
        link: 0,
        ..*attributes
    };
    if look(from) == look(to) {
        return;
    }
    let mut codes = Vec::new();
    write_codes(to, &mut codes);
    if look(from) != Attributes::default() {
        codes.splice(
            0..0,
            if codes.is_empty() { &b"0"[..] } else { b"0;" }.iter().copied(),
        );
    }
    if !codes.is_empty() {
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(&codes);
        out.push(b'm');
    }
    if to.flags.has(Flags::PROTECTED) {
        out.extend_from_slice(b"\x1b[1\"q");
    }
}

fn write_link(link: Option<&Link>, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = match link {
        None => write!(out, "\x1b]8;;\x1b\\"),
        Some(Link {
            id: Some(id), uri, ..
        }) => write!(out, "\x1b]8;id={id};{uri}\x1b\\"),
        // One of its own id holds its pieces together.
        Some(Link { opening, uri, .. }) => write!(out, "\x1b]8;id=sempre-{opening};{uri}\x1b\\"),
    };
}

/// The codes that a plain pen needs to become `attributes`, without `CSI` and `m`.
pub(crate) fn write_codes(attributes: &Attributes, out: &mut Vec<u8>) {
    let start = out.len();
    for (flag, code) in CODES {
        if attributes.flags.has(flag) {
            // Writing to memory does not fail.
            let _ = write!(out, "{code};");
        }
    }
    let _ = match attributes.underline {
        0 if attributes.flags.has(Flags::UNDERLINE) => write!(out, "4;"),
        0 => Ok(()),
        1 => write!(out, "4;"),
        style => write!(out, "4:{style};"),
    };
    write_colour(attributes.foreground, 30, out);
    write_colour(attributes.background, 40, out);
    let [_, red, green, blue] = match attributes.underline_colour.family() {
        Family::Rgb(rgb) => rgb.to_be_bytes(),
        _ => [0; 4],
    };
    let _ = match attributes.underline_colour.family() {
        Family::Default => Ok(()),
        Family::Named(index) | Family::Indexed(index) => write!(out, "58:5:{index};"),
        Family::Rgb(_) => write!(out, "58:2::{red}:{green}:{blue};"),
    };
    if out.len() > start {
        out.pop();
    }
}

fn write_colour(colour: Colour, base: u8, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = match colour.family() {
        Family::Default => Ok(()),
        Family::Named(index @ 0..8) => write!(out, "{};", base + index),
        Family::Named(index) => write!(out, "{};", base + 60 + (index & 7)),
        Family::Indexed(index) => write!(out, "{};5;{index};", base + 8),
        Family::Rgb(rgb) => {
            let [_, red, green, blue] = rgb.to_be_bytes();
            write!(out, "{};2;{red};{green};{blue};", base + 8)
        }
    };
}
