//! HTTP: routes, and the layer that stands in front of all of them. Handlers extract, call, map the error.

mod assets;
mod attach_query;
mod error;
mod events;
mod guard;
mod headers;
mod health;
mod history;
mod listener;
mod login;
mod output;
mod pages;
mod peer;
mod router;
mod sessions;
mod state;
mod viewers;
mod ws;

pub use error::ApiError;
pub use listener::{Listener, Served, serve};
pub use router::router;
pub use state::ServerState;
