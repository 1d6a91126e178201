//! What `sempre doctor --fix` changes; each act looks again before it does anything.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::look::connect;

/// As many old copies of a corrupt log are kept apart.
const MAX_COPIES: u32 = 1000;

/// Something that can be mended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// Move a corrupt log away and begin an empty one.
    Log(PathBuf),
    /// Remove a socket at which nobody answers.
    Socket(PathBuf),
    /// Remove the lock of a session whose holder died.
    SessionLock(PathBuf),
    /// Take the pid of a dead server out of its lock.
    ServerLock(PathBuf),
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(path) => write!(
                f,
                "move {} to {} and begin an empty one",
                path.display(),
                free(path).display()
            ),
            Self::Socket(path) => write!(f, "remove the dead socket {}", path.display()),
            Self::SessionLock(path) => write!(f, "remove the stale lock {}", path.display()),
            Self::ServerLock(path) => write!(f, "clear the stale lock {}", path.display()),
        }
    }
}

impl Fix {
    /// Does it.
    ///
    /// # Errors
    /// What the system said, or that it is in use after all.
    pub fn apply(&self) -> anyhow::Result<()> {
        match self {
            Self::Log(path) => rotate(path).with_context(|| format!("cannot rotate {}", path.display())),
            Self::Socket(path) => remove_socket(path),
            Self::SessionLock(path) => remove_lock(path),
            Self::ServerLock(path) => clear_lock(path),
        }
    }
}

/// The first name beside a log that is free.
fn free(path: &Path) -> PathBuf {
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".corrupt.{number}"));
        PathBuf::from(name)
    };
    (1..MAX_COPIES)
        .map(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| numbered(MAX_COPIES))
}

fn rotate(path: &Path) -> std::io::Result<()> {
    let mode = path.metadata()?.mode() & 0o7777;
    std::fs::rename(path, free(path))?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map(drop)
}

fn remove_socket(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let is_socket = path
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.file_type().is_socket());
    if !is_socket {
        bail!("{shown} is no socket any more");
    }
    if connect(path).is_ok() {
        bail!("somebody answers at {shown} by now");
    }
    std::fs::remove_file(path).with_context(|| format!("cannot remove {shown}"))
}

/// Removes it while having it, so that nobody takes it meanwhile.
fn remove_lock(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
    if file.try_lock().is_err() {
        bail!("somebody has {shown} by now");
    }
    std::fs::remove_file(path).with_context(|| format!("cannot remove {shown}"))
}

/// The file stays: two servers must never lock two files of one name.
fn clear_lock(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let file = OpenOptions::new().write(true).open(path);
    let file = file.with_context(|| format!("cannot open {shown}"))?;
    if file.try_lock().is_err() {
        bail!("a server has {shown} by now");
    }
    file.set_len(0).with_context(|| format!("cannot write {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k3_a_corrupt_log_is_moved_away_and_never_over_another() {
        let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let log = dir.path().join("a.log");
        for text in ["one\0", "two\0"] {
            std::fs::write(&log, text).unwrap();
            Fix::Log(log.clone()).apply().unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(
            (read("a.log"), read("a.log.corrupt.1"), read("a.log.corrupt.2")),
            (String::new(), "one\0".into(), "two\0".into())
        );
    }

    #[test]
    fn what_is_in_use_is_left_alone() {
        let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(Fix::Socket(path.clone()).apply().is_err());
        drop(listener);
        Fix::Socket(path.clone()).apply().unwrap();
        assert!(!path.exists());
        std::fs::write(&path, "7").unwrap();
        let lock = File::open(&path).unwrap();
        lock.try_lock().unwrap();
        assert!(Fix::SessionLock(path.clone()).apply().is_err());
        assert!(Fix::ServerLock(path.clone()).apply().is_err());
        drop(lock);
        Fix::ServerLock(path.clone()).apply().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        Fix::SessionLock(path.clone()).apply().unwrap();
        assert!(!path.exists());
    }
}
