//! SGR: colours and looks of what is printed next (ECMA-48 8.3.117, xterm, the colon forms of ISO 8613-6).

use super::Terminal;
use crate::attributes::{Attributes, Colour, Flags};
use crate::parser::Params;

const WHITE: Colour = Colour::rgb(0xff_ff_ff);

impl Terminal {
    /// SGR.
    pub(super) fn select_graphics(&mut self, params: &Params) {
        // What DECRC took away comes back with the next SGR.
        self.pen.change_extended(|pen| {
            let mut index = 0;
            while index < params.len() {
                index += 1 + select(pen, params, index);
            }
        });
    }
}

/// Acts on the parameter at `index`; returns how many after it belong to it.
fn select(pen: &mut Attributes, params: &Params, index: usize) -> usize {
    let code = params.get(index);
    match code {
        0 => {
            *pen = Attributes {
                link: pen.link,
                ..Attributes::default()
            }
        }
        30..=37 => pen.foreground = named(code - 30),
        40..=47 => pen.background = named(code - 40),
        90..=97 => pen.foreground = named(code - 90 + 8),
        100..=107 => pen.background = named(code - 100 + 8),
        39 => pen.foreground = Colour::DEFAULT,
        49 => pen.background = Colour::DEFAULT,
        38 | 48 | 58 => return colour(pen, params, index),
        // Not the default: xterm.js 6.0 makes it white.
        59 => pen.underline_colour = WHITE,
        4 => underline(pen, params.subs(index).first().copied().unwrap_or(1)),
        21 => underline(pen, 2),
        24 => underline(pen, 0),
        _ => flag(&mut pen.flags, code),
    }
    0
}

fn flag(flags: &mut Flags, code: i32) {
    let (flag, on) = match code {
        1 => (Flags::BOLD, true),
        2 => (Flags::DIM, true),
        3 => (Flags::ITALIC, true),
        5 => (Flags::BLINK, true),
        7 => (Flags::INVERSE, true),
        8 => (Flags::INVISIBLE, true),
        9 => (Flags::STRIKETHROUGH, true),
        22 => {
            flags.set(Flags::DIM, false);
            (Flags::BOLD, false)
        }
        23 => (Flags::ITALIC, false),
        25 => (Flags::BLINK, false),
        27 => (Flags::INVERSE, false),
        28 => (Flags::INVISIBLE, false),
        29 => (Flags::STRIKETHROUGH, false),
        53 => (Flags::OVERLINE, true),
        55 => (Flags::OVERLINE, false),
        _ => return,
    };
    flags.set(flag, on);
}

fn underline(pen: &mut Attributes, style: i32) {
    let style = u8::try_from(style).ok().filter(|&style| style <= 5).unwrap_or(1);
    pen.underline = style;
    pen.flags.set(Flags::UNDERLINE, style != 0);
}

/// 38, 48, 58: `;5;N`, `;2;R;G;B`, `:5:N`, `:2:SPACE:R:G:B`, and mixtures of them.
fn colour(pen: &mut Attributes, params: &Params, index: usize) -> usize {
    // Nearly always.
    if let Some([target, 5, number, ..]) = params.without_subs().and_then(|values| values.get(index..)) {
        set_colour(pen, *target, Colour::indexed(byte(*number)));
        return 2;
    }
    let mut values = [params.get(index), 0, -1, 0, 0, 0];
    let mut used = 0;
    // The colour space has a place of its own, which only the colon form fills.
    let mut space = 0;
    loop {
        if let Some(slot) = values.get_mut(used + space) {
            *slot = params.get(index + used);
        }
        let subs = params.subs(index + used);
        if !subs.is_empty() {
            for (nth, &sub) in subs.iter().enumerate() {
                if values.get(1) == Some(&5) {
                    space = 1;
                }
                if let Some(slot) = values.get_mut(used + nth + 1 + space) {
                    *slot = sub;
                }
            }
            break;
        }
        let kind = values.get(1).copied().unwrap_or(0);
        if kind == 5 && used + space >= 2 || kind == 2 && used + space >= 5 {
            break;
        }
        if kind != 0 {
            space = 1;
        }
        used += 1;
        if index + used >= params.len() || used + space >= values.len() {
            break;
        }
    }
    let [target, kind, _, first, second, third] = values;
    match kind {
        2 => {
            let [red, green, blue] = [first, second, third].map(|value| u32::from(byte(value)));
            set_colour(pen, target, Colour::rgb(red << 16 | green << 8 | blue));
        }
        5 => set_colour(pen, target, Colour::indexed(byte(first))),
        _ => {}
    }
    used
}

fn set_colour(pen: &mut Attributes, target: i32, colour: Colour) {
    match target {
        38 => pen.foreground = colour,
        48 => pen.background = colour,
        _ => pen.underline_colour = colour,
    }
}

fn byte(value: i32) -> u8 {
    u8::try_from(value.max(0) & 0xff).unwrap_or(0)
}

fn named(index: i32) -> Colour {
    Colour::named(u8::try_from(index).unwrap_or(0))
}
