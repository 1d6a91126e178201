//! What the server is told: `sempre.toml`, environment, `.env` and flags ([`layers`]), checked before anything starts.

pub mod agents;
pub mod base_path;
pub mod confine;
pub mod doctor;
pub mod door;
pub mod dot_env;
pub mod file;
pub mod heartbeat;
pub mod keys;
pub mod layers;
pub mod life;
pub mod listen;
pub mod log;
pub mod oidc;
pub mod reach;
pub mod serve;
pub mod service;
pub mod show;
pub mod tokens;
pub mod workers;

pub use base_path::BasePath;
pub use listen::ListenAddress;
pub use reach::{Names, ReachFlags, TimeLimits, TlsFiles};
pub use serve::ServeConfig;
