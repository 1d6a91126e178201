//! What the server is told: flags and environment, read once, checked before anything starts.

pub mod base_path;
pub mod confine;
pub mod doctor;
pub mod door;
pub mod dot_env;
pub mod heartbeat;
pub mod life;
pub mod listen;
pub mod oidc;
pub mod reach;
pub mod serve;
pub mod tokens;
pub mod workers;

pub use base_path::BasePath;
pub use listen::ListenAddress;
pub use reach::{Names, ReachFlags, TimeLimits, TlsFiles};
pub use serve::ServeConfig;
