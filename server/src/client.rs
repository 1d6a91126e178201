//! A client of a running server: what the HTTP API answers, as types, and the native wire, kept up over reconnects.
//!
//! No command line and no printing: that is `cli`. It knows the server by its wires alone, as any other program does.

mod access;
mod api;
mod attachment;
mod error;
mod events;
mod input;
mod target;
mod transport;
mod wire;

pub use api::{Client, Output, OutputFormat, ScreenFormat};
pub use attachment::{AttachOptions, Attached, Attachment};
pub use error::ClientError;
pub use events::Events;
pub use target::{Key, Target};
pub use wire::Snapshot;
