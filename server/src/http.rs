//! HTTP: routes, and the layer that stands in front of all of them. Handlers extract, call, map the error.

mod assets;
mod error;
mod events;
mod guard;
mod headers;
mod health;
mod listener;
mod login;
mod output;
mod pages;
mod router;
mod sessions;
mod state;
mod ws;

pub use error::ApiError;
pub use listener::{Listener, Served, serve};
pub use router::router;
pub use state::ServerState;
