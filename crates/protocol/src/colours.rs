//! Colours as they stand in JSON: `"#rrggbb"`. What they mean for a screen is decided elsewhere.

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

/// The colours a viewer shows a session in: what programs that ask for colours are told.
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
    fn what_is_no_colour_is_refused() {
        for text in [
            "", "red", "#fff", "#0a1bf", "#+a1bff", "0a1bff", "#0a1bff0", "#ääa",
        ] {
            assert!(text.parse::<Rgb>().is_err(), "{text:?}");
        }
    }
}
