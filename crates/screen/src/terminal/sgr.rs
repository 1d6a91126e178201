//! SGR: colours and looks of what is printed next (ECMA-48 8.3.117, xterm, the colon forms of ISO 8613-6).

use super::Terminal;
use crate::attributes::{Attributes, Colour, Flags};
use crate::parser::Params;

const WHITE: Colour = Colour::Rgb(0xff_ff_ff);

impl Terminal {
    /// SGR.
    pub(super) fn select_graphics(&mut self, params: &Params) {
        let mut index = 0;
        while index < params.len() {
            index += 1 + self.select(params, index);
        }
        // What DECRC took away comes back with the next SGR.
        self.pen.change_extended(|_| {});
    }

    /// Acts on the parameter at `index`; returns how many after it belong to it.
    fn select(&mut self, params: &Params, index: usize) -> usize {
        let code = params.get(index);
        match code {
            0 => self.plain(),
            30..=37 => self.pen.change().foreground = named(code - 30),
            40..=47 => self.pen.change().background = named(code - 40),
            90..=97 => self.pen.change().foreground = named(code - 90 + 8),
            100..=107 => self.pen.change().background = named(code - 100 + 8),
            39 => self.pen.change().foreground = Colour::Default,
            49 => self.pen.change().background = Colour::Default,
            38 | 48 | 58 => return self.colour(params, index),
            // Not the default: xterm.js 6.0 makes it white.
            59 => self.pen.change_extended(|pen| pen.underline_colour = WHITE),
            4 => self.underline(params.subs(index).first().copied().unwrap_or(1)),
            21 => self.underline(2),
            24 => self.underline(0),
            _ => self.flag(code),
        }
        0
    }

    fn plain(&mut self) {
        self.pen.change_extended(|pen| {
            *pen = Attributes {
                link: pen.link,
                ..Attributes::default()
            }
        });
    }

    fn flag(&mut self, code: i32) {
        let (flag, on) = match code {
            1 => (Flags::BOLD, true),
            2 => (Flags::DIM, true),
            3 => (Flags::ITALIC, true),
            5 => (Flags::BLINK, true),
            7 => (Flags::INVERSE, true),
            8 => (Flags::INVISIBLE, true),
            9 => (Flags::STRIKETHROUGH, true),
            22 => {
                self.pen.change().flags.set(Flags::DIM, false);
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
        self.pen.change().flags.set(flag, on);
    }

    fn underline(&mut self, style: i32) {
        let style = u8::try_from(style).ok().filter(|&style| style <= 5).unwrap_or(1);
        self.pen.change_extended(|pen| {
            pen.underline = style;
            pen.flags.set(Flags::UNDERLINE, style != 0);
        });
    }

    /// 38, 48, 58: `;5;N`, `;2;R;G;B`, `:5:N`, `:2:SPACE:R:G:B`, and mixtures of them.
    fn colour(&mut self, params: &Params, index: usize) -> usize {
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
        self.set_colour(values);
        used
    }

    fn set_colour(&mut self, values: [i32; 6]) {
        let [target, kind, _, first, second, third] = values;
        let byte = |value: i32| (value.max(0) & 0xff).cast_unsigned();
        let colour = match kind {
            2 => Colour::Rgb(byte(first) << 16 | byte(second) << 8 | byte(third)),
            5 => Colour::Indexed(u8::try_from(byte(first)).unwrap_or(0)),
            _ => return,
        };
        match target {
            38 => self.pen.change().foreground = colour,
            48 => self.pen.change().background = colour,
            _ => self.pen.change_extended(|pen| pen.underline_colour = colour),
        }
    }
}

fn named(index: i32) -> Colour {
    Colour::Named(u8::try_from(index).unwrap_or(0))
}
