//! The wire between server and holder: length-prefixed messages on the holder's Unix socket, the spec on the
//! pipe that starts it, and the manifest it leaves beside the journal.
//!
//! Versioned and additive: kinds are never reused, readers ignore fields they do not know, a holder started by
//! an old release works with a new server. Every message is `u32 length, u8 kind, payload`; the length counts
//! kind and payload; integers are big-endian.

mod control;
mod event;
mod hello;
mod reason;
mod request;
mod start;

pub use control::{Control, ControlError};
pub use event::Event;
pub use hello::{HolderHello, ServerHello};
pub use reason::EndReason;
pub use request::{Op, Reply, Request, WriterState};
pub use start::{Manifest, Spec, StartError, StartFault, StartReport};

/// Version of this wire; a peer with another one is still talked to, fields decide.
pub const CONTROL_VERSION: u32 = 1;

/// Second argument of a holder whose spec has a [`Confinement`](crate::confinement::Confinement): one of a release that
/// knows none refuses to start, instead of starting the child unconfined.
pub const CONFINE_ARGUMENT: &str = "--confine";

/// Name of the holder's socket in the session's directory.
pub const SOCKET_NAME: &str = "sock";
/// Name of the file whose exclusive lock means that the holder lives. It holds the holder's pid.
pub const LOCK_NAME: &str = "lock";
/// Name of the [`Manifest`] in the session's directory.
pub const MANIFEST_NAME: &str = "session.json";
