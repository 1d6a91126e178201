//! A position in a byte stream: how many bytes came before it since the stream began.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A position in a session's output or in a writer's input, bytes since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Offset(pub u64);

impl Offset {
    /// The start of a stream.
    pub const ZERO: Self = Self(0);

    /// The position `bytes` further on; stops at the largest offset.
    #[must_use]
    pub const fn plus(self, bytes: u64) -> Self {
        Self(self.0.saturating_add(bytes))
    }

    /// How many bytes lie between `earlier` and this; 0 if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
