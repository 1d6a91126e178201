//! Checks of the source itself: who imports whom, and how files look.

pub(crate) mod arrows;
pub(crate) mod imports;
pub(crate) mod sources;
pub(crate) mod tidy;
