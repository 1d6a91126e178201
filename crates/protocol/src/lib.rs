//! The words Sempre's programs say to each other: ids, offsets, sizes, frames and API types.
//!
//! Compiles for the browser and for the server, has no runtime and does no I/O, and imports no other room.
//! What a frame *means* for a session is decided elsewhere; here is only how it is written down.
//! `docs/protocol.md` is the reference; the tests beside each type pin its bytes.

#![forbid(unsafe_code)]

pub mod access;
pub mod api;
pub mod colours;
pub mod compat;
pub mod confinement;
pub mod door;
pub mod events;
pub mod frames;
pub mod history;
pub mod holder;
pub mod ids;
pub mod limits;
pub mod offset;
pub mod programs;
pub mod recording;
pub mod size;
pub mod stats;
pub mod texts;
pub mod viewers;

pub use ids::{GrantId, IdError, RunId, SessionId, WriterId};
pub use offset::Offset;
pub use size::Size;

/// The WebSocket subprotocol of the native wire.
pub const SUBPROTOCOL: &str = "sempre.v1";

/// WebSocket close code of a viewer that was disconnected by someone: it must not attach again by itself.
pub const CLOSE_DISCONNECTED: u16 = 4001;

/// WebSocket close code of a viewer whose login or key has expired or was taken back.
pub const CLOSE_LOGGED_OUT: u16 = 4003;
