//! 128-bit identifiers, written as 32 lower-case hexadecimal digits.
//!
//! This room cannot make random numbers (it has no runtime): whoever creates an id brings the 16 bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes in an id.
pub const ID_BYTES: usize = 16;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hexadecimal digits, this has {found_chars} characters or one that is none")]
pub struct IdError {
    /// Characters in the text that was given.
    pub found_chars: usize,
}

fn parse_hex(text: &str) -> Result<[u8; ID_BYTES], IdError> {
    let error = IdError {
        found_chars: text.chars().count(),
    };
    let mut bytes = [0; ID_BYTES];
    if text.len() != 2 * ID_BYTES || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(error);
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = std::str::from_utf8(digits)
            .ok()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .ok_or_else(|| error.clone())?;
    }
    Ok(bytes)
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^[0-9a-f]{32}$"))]
        pub struct $name([u8; ID_BYTES]);

        impl $name {
            /// An id of these bytes; they should come from a cryptographic source.
            pub const fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
                Self(bytes)
            }

            /// The bytes, as they stand in binary frames.
            pub const fn as_bytes(&self) -> &[u8; ID_BYTES] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

id_type! {
    /// Names a session for ever, also over restarts of the server.
    SessionId
}
id_type! {
    /// Names one input stream of a session: made by a client, kept over its reconnects.
    WriterId
}
id_type! {
    /// Names one child process: text meant for one run is never typed into another.
    RunId
}
id_type! {
    /// Names something that lets someone in and can be taken back: an API key, a login, a share link.
    GrantId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_writes() {
        let id = SessionId::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(id.to_string().parse::<SessionId>(), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<SessionId>(&json).unwrap(), id);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "..",
            "000102030405060708090A0b0c0d0eff",
            "+00102030405060708090a0b0c0d0eff",
        ] {
            assert!(text.parse::<SessionId>().is_err(), "{text:?}");
        }
        assert!("ä".repeat(16).parse::<SessionId>().is_err());
    }
}
