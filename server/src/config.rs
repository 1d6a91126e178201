//! What the server is told: flags and environment, read once, checked before anything starts.

pub mod listen;
pub mod serve;

pub use listen::ListenAddress;
pub use serve::ServeConfig;
