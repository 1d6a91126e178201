//! The terminal's colours, light and dark. Every text colour reads on its background by at least 4.5 : 1.
//!
//! `--term-background` and `--term-foreground` in `style/tokens.css` repeat theirs for what surrounds the terminal.

use sempre_protocol::colours::{Rgb, Theme};

/// The colours of one theme, as CSS hex colours.
#[derive(Debug)]
pub struct Palette {
    /// Behind everything.
    pub background: &'static str,
    /// Text without a colour of its own.
    pub foreground: &'static str,
    /// The cursor.
    pub cursor: &'static str,
    /// Behind selected text.
    pub selection: &'static str,
    /// The sixteen colours of programs: black, red, green, yellow, blue, magenta, cyan, white, then the bright ones.
    pub ansi: [&'static str; 16],
}

impl Palette {
    /// The colours as the server is told them, for programs that ask.
    pub fn told(&self) -> Theme {
        Theme {
            foreground: rgb(self.foreground),
            background: rgb(self.background),
            cursor: rgb(self.cursor),
            ansi: self.ansi.map(rgb),
        }
    }
}

/// A colour of a palette; black if it is none, which a test rules out.
pub(crate) fn rgb(colour: &str) -> Rgb {
    colour.parse().unwrap_or(Rgb::new(0))
}

/// The colours of a dark or a light page.
pub fn palette(dark: bool) -> &'static Palette {
    if dark { &DARK } else { &LIGHT }
}

/// Dark.
pub static DARK: Palette = Palette {
    background: "#0d1114",
    foreground: "#d7dde2",
    cursor: "#5ad1c0",
    selection: "#2b4a52",
    ansi: [
        "#6b7680", "#ff7b72", "#7ccf7a", "#e3b655", "#74a8ff", "#d2a0ff", "#5ad1c0", "#c9d1d8", "#8b98a3",
        "#ff9d96", "#9ce39a", "#f2cf7e", "#9cc2ff", "#e2c1ff", "#86e3d6", "#f4f7f9",
    ],
};

/// Light.
pub static LIGHT: Palette = Palette {
    background: "#fcfcfa",
    foreground: "#1f2529",
    cursor: "#0b6e69",
    selection: "#cfe6e3",
    ansi: [
        "#24292e", "#b3261e", "#2d6a2e", "#7d5700", "#1f56b8", "#7b3aa8", "#0b6e69", "#5a646c", "#57606a",
        "#c4322a", "#317a33", "#8a6100", "#2b66cf", "#8d49be", "#0e7d77", "#3c444b",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_reads_on_its_background() {
        for palette in [&DARK, &LIGHT] {
            let text = palette
                .ansi
                .iter()
                .skip(1)
                .chain([&palette.foreground, &palette.cursor]);
            for colour in text {
                let ratio = contrast(colour, palette.background);
                assert!(ratio >= 4.5, "{colour} on {}: {ratio:.2}", palette.background);
            }
            assert!(contrast(palette.foreground, palette.selection) >= 4.5);
        }
    }

    #[test]
    fn programs_are_told_the_colours_as_they_are() {
        for palette in [&DARK, &LIGHT] {
            let told = palette.told();
            assert_eq!(told.background.to_string(), palette.background);
            assert_eq!(told.foreground.to_string(), palette.foreground);
            assert_eq!(told.cursor.to_string(), palette.cursor);
            assert_eq!(told.ansi.map(|colour| colour.to_string()), palette.ansi);
        }
    }

    #[test]
    fn the_page_around_the_terminal_has_its_colours() {
        let tokens = include_str!("../../../style/tokens.css");
        let line = format!(
            "--term-background: light-dark({}, {});",
            LIGHT.background, DARK.background
        );
        assert!(tokens.contains(&line), "{line}");
        let line = format!(
            "--term-foreground: light-dark({}, {});",
            LIGHT.foreground, DARK.foreground
        );
        assert!(tokens.contains(&line), "{line}");
    }
}
