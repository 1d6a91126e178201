//! Sessions as the server sees them: it reads their journals and talks to their holders, and owns neither.
//!
//! [`Registry`] knows all sessions; [`Session`] is one of them; its `link` is the task that talks to the holder;
//! a [`viewer`] moves a cursor through the journal for one client. Nothing here knows HTTP.

mod adopt;
mod create;
pub mod environment;
mod error;
mod launch;
mod link;
mod registry;
mod replay;
mod roster;
mod session;
pub mod shells;
pub mod viewer;

pub use error::SessionError;
pub use registry::{Limits, Registry};
pub use session::{Change, Exit, Session, Status};
