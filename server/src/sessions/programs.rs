//! What programs do with a session without being attached to it: type, run commands, wait, read. A person may watch
//! the same session meanwhile, and type into it.

mod happenings;
mod prompt;
mod run;
mod text;
mod typist;
mod wait;

use tokio::sync::Semaphore;

pub use happenings::Happenings;
pub use run::{Ran, RunError};
pub use text::plain_text;
use typist::LastTypist;
pub use wait::{Awaited, MAX_VALUE_BYTES, WaitFor};

/// What a session keeps for the programs that use it.
#[derive(Debug)]
pub(super) struct Programs {
    /// Who runs a command has its permit.
    running: Semaphore,
    /// Who typed last, for the audit log.
    last_typist: LastTypist,
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            running: Semaphore::new(1),
            last_typist: LastTypist::default(),
        }
    }
}
