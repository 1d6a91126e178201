//! The wall clock, and how a moment is written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the wall clock says, ms since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A moment for people and programs; one no calendar reaches is the last there is.
pub(crate) fn rfc3339(ms: u64) -> String {
    /// The end of the year 9999.
    const LAST_MS: u64 = 253_402_300_799_999;
    let time = UNIX_EPOCH + Duration::from_millis(ms.min(LAST_MS));
    humantime::format_rfc3339_millis(time).to_string()
}
