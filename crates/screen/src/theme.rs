//! The colours a screen is shown in, for programs that ask and for who draws it.

use std::fmt;

/// A colour as the display mixes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rgb {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Rgb {
    /// From `0xRRGGBB`.
    pub const fn new(rgb: u32) -> Self {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Self { red, green, blue }
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

/// The colours of the viewer whose answers count: what OSC 4, 10, 11 and 12 are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Text.
    pub foreground: Rgb,
    /// Behind it.
    pub background: Rgb,
    /// The cursor.
    pub cursor: Rgb,
    /// The sixteen named colours.
    pub ansi: [Rgb; 16],
}

impl Default for Theme {
    /// The dark colours of a terminal nobody has told anything: xterm's.
    fn default() -> Self {
        const ANSI: [u32; 16] = [
            0x00_0000, 0xcd_0000, 0x00_cd00, 0xcd_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xe5_e5e5,
            0x7f_7f7f, 0xff_0000, 0x00_ff00, 0xff_ff00, 0x5c_5cff, 0xff_00ff, 0x00_ffff, 0xff_ffff,
        ];
        Self {
            foreground: Rgb::new(0xe5_e5e5),
            background: Rgb::new(0x00_0000),
            cursor: Rgb::new(0xe5_e5e5),
            ansi: ANSI.map(Rgb::new),
        }
    }
}

impl Theme {
    /// Colour `index` of xterm's 256: sixteen with names, a cube, and greys.
    pub fn indexed(&self, index: u8) -> Rgb {
        const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
        if let Some(&colour) = self.ansi.get(usize::from(index)) {
            return colour;
        }
        match index.checked_sub(232) {
            Some(grey) => {
                let level = 8 + grey * 10;
                Rgb {
                    red: level,
                    green: level,
                    blue: level,
                }
            }
            None => {
                let cube = index.saturating_sub(16);
                let level = |digit: u8| LEVELS.get(usize::from(digit % 6)).copied().unwrap_or(0);
                Rgb {
                    red: level(cube / 36),
                    green: level(cube / 6),
                    blue: level(cube),
                }
            }
        }
    }
}
