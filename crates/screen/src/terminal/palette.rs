//! Colours that programs change (OSC 4, 10 to 12 and their resets) and the ones they find.

use std::collections::BTreeMap;

use crate::{Rgb, Theme};

/// Foreground, background and cursor by their OSC number less 10.
const SPECIALS: usize = 3;

/// What was changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Palette {
    indexed: BTreeMap<u8, Rgb>,
    special: [Option<Rgb>; SPECIALS],
}

impl Palette {
    pub(crate) fn set(&mut self, index: u8, colour: Rgb) {
        self.indexed.insert(index, colour);
    }

    pub(crate) fn reset(&mut self, index: u8) {
        self.indexed.remove(&index);
    }

    pub(crate) fn reset_all(&mut self) {
        self.indexed.clear();
    }

    pub(crate) fn set_special(&mut self, which: usize, colour: Option<Rgb>) {
        if let Some(slot) = self.special.get_mut(which) {
            *slot = colour;
        }
    }

    /// What was changed of the 256.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, Rgb)> + '_ {
        self.indexed.iter().map(|(&index, &colour)| (index, colour))
    }

    /// What was changed of foreground, background and cursor, by OSC number.
    pub(crate) fn specials(&self) -> impl Iterator<Item = (usize, Rgb)> + '_ {
        let set = self.special.iter().enumerate();
        set.filter_map(|(which, colour)| colour.map(|colour| (which + 10, colour)))
    }

    /// Colour `index` of the 256 as it is shown.
    pub(crate) fn shown(&self, index: u8, theme: &Theme) -> Rgb {
        let changed = self.indexed.get(&index).copied();
        changed.unwrap_or_else(|| theme.indexed(index))
    }

    /// Foreground (0), background (1) or cursor (2) as it is shown.
    pub(crate) fn shown_special(&self, which: usize, theme: &Theme) -> Rgb {
        let changed = self.special.get(which).copied().flatten();
        changed.unwrap_or(match which {
            0 => theme.foreground,
            1 => theme.background,
            _ => theme.cursor,
        })
    }
}

/// A colour as X11 writes it: `rgb:R/G/B` or `#RGB`, one to four hexadecimal digits each.
pub(crate) fn parse(text: &str) -> Option<Rgb> {
    let text = text.to_ascii_lowercase();
    if let Some(parts) = text.strip_prefix("rgb:") {
        let mut parts = parts.split('/');
        let mut next = || scaled(parts.next()?);
        let (red, green, blue) = (next()?, next()?, next()?);
        return parts.next().is_none().then_some(Rgb { red, green, blue });
    }
    let digits = text.strip_prefix('#')?;
    let each = digits.len() / 3;
    if !matches!(digits.len(), 3 | 6 | 9 | 12) {
        return None;
    }
    let part = |nth: usize| {
        let value = u32::from_str_radix(digits.get(nth * each..(nth + 1) * each)?, 16).ok()?;
        let byte = match each {
            1 => value << 4,
            2 => value,
            3 => value >> 4,
            _ => value >> 8,
        };
        u8::try_from(byte).ok()
    };
    Some(Rgb {
        red: part(0)?,
        green: part(1)?,
        blue: part(2)?,
    })
}

/// Digits as a share of the largest number that many digits can write.
fn scaled(digits: &str) -> Option<u8> {
    if !(1..=4).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let largest = (1 << (4 * digits.len())) - 1;
    u8::try_from((value * 255 + largest / 2) / largest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read() {
        assert_eq!(parse("rgb:ff/80/00"), Some(Rgb::new(0xff_80_00)));
        assert_eq!(parse("rgb:f/8000/000"), Some(Rgb::new(0xff_80_00)));
        assert_eq!(parse("#FF8000"), Some(Rgb::new(0xff_80_00)));
        assert_eq!(parse("#f80"), Some(Rgb::new(0xf0_80_00)));
        for wrong in [
            "",
            "#12",
            "rgb:1/2",
            "rgb:1/2/3/4",
            "rgb:12345/0/0",
            "red",
            "#ggg",
            "rgb:+1/0/0",
            "#é12",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_cube_and_the_greys_are_xterms() {
        let palette = Palette::default();
        let theme = Theme::default();
        assert_eq!(palette.shown(21, &theme), Rgb::new(0x00_00_ff));
        assert_eq!(palette.shown(208, &theme), Rgb::new(0xff_87_00));
        assert_eq!(palette.shown(255, &theme), Rgb::new(0xee_ee_ee));
    }
}
