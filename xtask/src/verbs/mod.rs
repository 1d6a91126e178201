//! One file per verb of `cargo xtask`.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod dist;
pub(crate) mod fuzz;
pub(crate) mod serve;
pub(crate) mod test;
