//! The holder: one small process per session that owns the PTY, its child and the journal.
//!
//! It outlives the server: it detaches at boot, drains the PTY whether anyone listens or not, and is reached by
//! a Unix socket in the session's directory. One thread, one `poll` loop, no runtime; the only other threads
//! are short-lived ones that sync the journal and the recording of input. It knows nothing of viewers, HTTP, screens or other sessions.
//!
//! Boot order matters: detach → read the spec → lock → journal → PTY → child → manifest → socket → report. Only
//! what is reported as started exists; a failure leaves nothing running.

#![deny(unsafe_code)]

pub mod boot;
pub mod cgroup;
pub mod child;
pub mod clock;
pub mod confine;
pub mod control;
pub mod detach;
pub mod ending;
pub mod input;
pub mod output;
pub mod pty;
pub mod recording;
pub mod serve;
pub mod signals;
pub mod sync;
