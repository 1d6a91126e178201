//! Colours, in JSON `"#rrggbb"`, and the theme that a screen is shown in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A colour as a display mixes it.
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

/// Why a text is no colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written #rrggbb in hexadecimal digits")]
pub struct RgbError;

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl FromStr for Rgb {
    type Err = RgbError;

    fn from_str(text: &str) -> Result<Self, RgbError> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = number.ok_or(RgbError)?.to_be_bytes();
        Ok(Self { red, green, blue })
    }
}

impl Serialize for Rgb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rgb {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Rgb {}

#[cfg(feature = "openapi")]
impl utoipa::__dev::ComposeSchema for Rgb {
    fn compose(
        _: Vec<utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>>,
    ) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <String as utoipa::PartialSchema>::schema()
    }
}

/// The colours a viewer shows a session in: what programs that ask for colours (OSC 4, 10, 11 and 12) are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theme {
    /// Text.
    pub foreground: Rgb,
    /// Behind it.
    pub background: Rgb,
    /// The cursor.
    pub cursor: Rgb,
    /// The sixteen named colours, black first.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_reads_back_what_it_writes() {
        let colour: Rgb = "#0a1bFF".parse().unwrap();
        assert_eq!(
            colour,
            Rgb {
                red: 10,
                green: 27,
                blue: 255
            }
        );
        assert_eq!(colour.to_string(), "#0a1bff");
    }

    #[test]
    fn colours_by_number_are_xterms() {
        let theme = Theme {
            ansi: [Rgb::new(0x01_02_03); 16],
            ..Theme::default()
        };
        let shown = |index| theme.indexed(index).to_string();
        assert_eq!((shown(0), shown(15)), ("#010203".into(), "#010203".into()));
        assert_eq!((shown(16), shown(196)), ("#000000".into(), "#ff0000".into()));
        assert_eq!((shown(208), shown(231)), ("#ff8700".into(), "#ffffff".into()));
        assert_eq!((shown(232), shown(255)), ("#080808".into(), "#eeeeee".into()));
    }

    #[test]
    fn what_is_no_colour_is_refused() {
        for text in [
            "", "red", "#fff", "#0a1bf", "#+a1bff", "0a1bff", "#0a1bff0", "#ääa",
        ] {
            assert!(text.parse::<Rgb>().is_err(), "{text:?}");
        }
    }
}
