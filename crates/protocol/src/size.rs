//! The size of a terminal, in character cells.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits::{MAX_SIDE, MIN_SIDE};

/// Columns and rows, each within `1..=1000` once [`Size::new`] or [`Size::clamped`] made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Size {
    /// Cells per row.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

impl Size {
    /// The size of a terminal nobody gave a size: 80 × 24.
    pub const DEFAULT: Self = Self { cols: 80, rows: 24 };

    /// The nearest allowed size.
    pub const fn new(cols: u16, rows: u16) -> Self {
        Self { cols, rows }.clamped()
    }

    /// The nearest allowed size; sizes off a wire pass through here.
    #[must_use]
    pub const fn clamped(self) -> Self {
        const fn side(n: u16) -> u16 {
            if n < MIN_SIDE {
                MIN_SIDE
            } else if n > MAX_SIDE {
                MAX_SIDE
            } else {
                n
            }
        }
        Self {
            cols: side(self.cols),
            rows: side(self.rows),
        }
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.cols, self.rows)
    }
}

impl FromStr for Size {
    type Err = String;

    /// Reads `COLSxROWS`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("a size is written COLSxROWS such as 120x40, not {text:?}");
        let (cols, rows) = text.split_once(['x', 'X', '×']).ok_or_else(wrong)?;
        match (cols.trim().parse(), rows.trim().parse()) {
            (Ok(cols), Ok(rows)) => Ok(Self::new(cols, rows)),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_clamped_and_read() {
        assert_eq!(Size::new(0, 65535), Size { cols: 1, rows: 1000 });
        assert_eq!("120x40".parse(), Ok(Size::new(120, 40)));
        assert!("120".parse::<Size>().is_err());
    }
}
