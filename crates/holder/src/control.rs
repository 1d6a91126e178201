//! The holder's side of the control socket: who is connected, and what waits to be sent to them.
//!
//! Nothing here blocks. A server that does not read gets the newest `tail` when it reads again; one that leaves
//! more than [`MAX_QUEUED_BYTES`] unread is dropped and may come back.

mod connection;
mod socket;

pub use connection::Connection;
pub use socket::ControlSocket;

/// Servers connected at once: the one in charge, one taking over, and a few that look.
pub const MAX_CONNECTIONS: usize = 8;

/// Messages other than `tail` that may wait for one server, bytes.
pub const MAX_QUEUED_BYTES: usize = 2 * 1024 * 1024;
