//! What the server is told: flags and environment, read once, checked before anything starts.

pub mod dot_env;
pub mod life;
pub mod listen;
pub mod serve;

pub use listen::ListenAddress;
pub use serve::ServeConfig;
