//! What the server keeps on disk: the data directory and who may use it.
//!
//! The journals in it belong to the holders; the server only reads those.

mod data_dir;
mod random;

pub use data_dir::{DataDir, DataDirError};
pub use random::random_bytes;
