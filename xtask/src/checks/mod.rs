//! Checks of the source itself: who imports whom, how files look, and whether the proofs that documents name exist.

pub(crate) mod arrows;
pub(crate) mod imports;
pub(crate) mod proofs;
pub(crate) mod sources;
pub(crate) mod tidy;
