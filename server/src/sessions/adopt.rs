//! What a session's directory tells without its holder: whether it lives, what it was, how it ended.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sempre_journal::Reader;
use sempre_protocol::holder::{EndReason, LOCK_NAME, MANIFEST_NAME, Manifest};
use sempre_protocol::texts::ExitStatus;
use sempre_protocol::{Offset, Size};

use super::session::{Exit, Status};
use super::{SessionError, link};

/// Whether no holder has the lock: then the session's process is nobody's any more.
pub(super) fn is_abandoned(directory: &Path) -> bool {
    match File::open(directory.join(LOCK_NAME)) {
        Ok(lock) => lock.try_lock_shared().is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Asks a living holder to make its socket again.
///
/// The pid is in the lock file; that the lock is still held after the pid was pinned means it is the holder's.
pub(super) fn ask_for_socket(directory: &Path) {
    let path = directory.join(LOCK_NAME);
    let pid = std::fs::read_to_string(&path)
        .ok()
        .and_then(|pid| pid.trim().parse().ok())
        .and_then(Pid::from_raw);
    let Some(pidfd) = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
        return;
    };
    let unchanged = std::fs::read_to_string(&path)
        .ok()
        .and_then(|now| now.trim().parse().ok())
        == pid.map(Pid::as_raw_pid);
    if unchanged && !is_abandoned(directory) {
        // Gone meanwhile: the next look at the lock tells.
        let _ = pidfd_send_signal(&pidfd, Signal::USR1);
    }
}

/// The manifest in `directory`.
///
/// # Errors
/// If it is missing or cannot be read.
pub(super) fn read_manifest(directory: &Path) -> Result<Manifest, SessionError> {
    let path = directory.join(MANIFEST_NAME);
    let what = format!("cannot read {}", path.display());
    let json = std::fs::read(&path).map_err(SessionError::system(what.clone()))?;
    serde_json::from_slice(&json).map_err(|error| SessionError::system(what)(error.into()))
}

/// Where the session in `directory` stands by its journal alone.
pub(super) fn read_status(directory: &Path, manifest: &Manifest) -> Status {
    let reader = Reader::open(directory).ok();
    let bounds = reader.as_ref().and_then(|reader| reader.bounds().ok());
    let offset = bounds.as_ref().map_or(0, |bounds| bounds.end_offset);
    let size = reader.and_then(|mut reader| reader.size_at(offset).ok().flatten());
    Status {
        offset: Offset(offset),
        base_offset: Offset(bounds.map_or(0, |bounds| bounds.base_offset)),
        size: size.map_or(manifest.size, |size| Size::new(size.cols, size.rows)),
        size_offset: Offset(offset),
        pid: None,
        exit: None,
        problem: None,
    }
}

/// How the abandoned session in `directory` ended: by its exit record, else orphaned when it last wrote.
pub(super) fn read_exit(directory: &Path, offset: Offset) -> Exit {
    recorded_exit(directory).unwrap_or_else(|| link::orphaned(offset, last_write_ms(directory)))
}

/// The exit record of the session in `directory`, if its holder could write one.
pub(super) fn recorded_exit(directory: &Path) -> Option<Exit> {
    let record = Reader::open(directory).ok()?.exit().ok()??;
    Some(Exit {
        offset: Offset(record.offset),
        status: match record.status {
            sempre_journal::ExitStatus::Code(code) => Some(ExitStatus::Code(code)),
            sempre_journal::ExitStatus::Signal(signal) => Some(ExitStatus::Signal(signal)),
            sempre_journal::ExitStatus::Unknown => None,
        },
        reason: EndReason::from_code(record.reason),
        ended_at_ms: record.time_ms,
    })
}

/// Whether anything in `directory` was written within `age`.
pub(super) fn wrote_lately(directory: &Path, age: Duration) -> bool {
    let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    super::clock::wall_ms().saturating_sub(last_write_ms(directory)) <= age_ms
}

/// When anything in `directory` was last written, ms since the Unix epoch.
pub(super) fn last_write_ms(directory: &Path) -> u64 {
    let entries = directory.read_dir().into_iter().flatten().flatten();
    let newest = entries
        .filter_map(|entry| entry.metadata().ok()?.modified().ok())
        .max();
    let since = newest
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
