//! The feed: what keeps a terminal in a page in step with its session, as a state machine without a browser.
//!
//! Events go in ([`Event`]), effects come out ([`Effect`]); time and randomness are arguments. It opens no socket,
//! draws nothing and keeps no clock: [`crate::viewer`] does what the effects say and feeds back what happened.
//!
//! Two promises rest here, both by offsets: every output byte reaches the terminal once and in order, and every
//! typed byte reaches the program once, or is shown to the person and asked about.

mod backoff;
mod effect;
mod event;
mod input;
mod machine;
mod news;
mod output;
mod report;
#[cfg(test)]
mod simulation;
mod snapshot;
#[cfg(test)]
mod tests;
mod view;

pub use backoff::{Chance, retry_delay_ms};
pub use effect::{Effect, Mark, Voice};
pub use event::{Event, Probe};
pub use machine::Feed;
pub use news::News;
pub use report::is_report;
pub use view::{Connection, Ending, ParkReason, Parked, View};
