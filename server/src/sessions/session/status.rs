//! Where a session stands.

use sempre_protocol::holder::EndReason;
use sempre_protocol::texts::ExitStatus;
use sempre_protocol::{Offset, Size};

/// How and when a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Final output offset.
    pub offset: Offset,
    /// Code or signal; none if it was lost with the holder.
    pub status: Option<ExitStatus>,
    /// Why.
    pub reason: EndReason,
    /// When, ms since the Unix epoch.
    pub ended_at_ms: u64,
}

/// Where a session stands; viewers and pages watch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// End of the output.
    pub offset: Offset,
    /// Oldest byte kept.
    pub base_offset: Offset,
    /// The size of the PTY.
    pub size: Size,
    /// The output offset at which that size took effect.
    pub size_offset: Offset,
    /// The child's pid while it lives.
    pub pid: Option<u32>,
    /// Set once the session has ended.
    pub exit: Option<Exit>,
    /// What is wrong with it: the holder does not answer, the disk is full.
    pub problem: Option<String>,
}
