//! Words of other terminal services that Sempre answers to, so that their clients work unchanged
//! (`docs/compatibility.md`). Names, cases and units are theirs.

mod base64;
pub mod chat;
pub mod ipc;
pub mod pty;
pub mod terminal;

pub use self::base64::Base64;
