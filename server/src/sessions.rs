//! Sessions as the server sees them: it reads their journals and talks to their holders, and owns neither.
//!
//! [`Registry`] knows all sessions; [`Session`] is one of them; its `link` is the task that talks to the holder;
//! its `screen` is derived from the journal when someone needs it; a [`viewer`] moves a cursor through the journal for
//! one client; the `recorder` keeps the database; the [`lifecycle`] ends, compresses, archives and forgets. Nothing here
//! knows HTTP.

mod adopt;
mod append;
pub mod asciicast;
pub mod clock;
pub mod confinement;
mod create;
pub mod environment;
mod error;
pub mod follow;
pub mod import;
mod last_lines;
mod last_sequence;
mod last_words;
mod launch;
pub mod lifecycle;
mod limits;
mod link;
pub mod programs;
pub mod ptys;
mod record_input;
mod recorder;
mod records;
mod registry;
mod roster;
pub mod scopes;
mod screen;
mod session;
mod shell_integration;
pub mod shells;
mod stats;
pub mod viewer;
pub mod workers;

pub use error::SessionError;
pub use last_sequence::Progress;
pub use last_words::{EARLY_EXIT_LIMIT, LastWords, early_exit, last_words, newest_output};
pub use launch::find_holder;
pub use limits::Limits;
pub use record_input::{InputRecording, RecordInput};
pub use registry::{Changeable, Registry, RegistryOptions};
pub use roster::Identity;
pub use screen::{Snapshot, SnapshotFormat, Wanted};
pub use session::{Change, Exit, Session, Status};
