//! The pages, one file each.

mod health;
mod missing;
mod new_terminal;
mod session;
mod sessions;
mod terminal;

pub use health::Health;
pub use missing::{Missing, MissingSession};
pub use new_terminal::NewTerminal;
pub use session::Session;
pub use sessions::Sessions;
pub use terminal::Terminal;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sempre_protocol::SessionId;

/// The session id in the address; none if it is no id at all.
fn session_in_address() -> Memo<Option<SessionId>> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse().ok())))
}
