//! The pages, one file each.

mod health;
mod missing;
mod new_terminal;
mod one_session;
mod session;
mod sessions;
mod statistics;
mod terminal;

pub use health::Health;
pub use missing::{Missing, MissingSession};
pub use new_terminal::NewTerminal;
pub use session::Session;
pub use sessions::Sessions;
pub use terminal::Terminal;
