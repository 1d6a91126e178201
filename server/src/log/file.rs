//! A log file that begins anew when it is large: `sempre.log`, then `sempre.log.1`, `.2`, … are older and older.
//!
//! Own code: the appender of the tracing project rotates by time only, and crates that rotate by size cannot open the
//! file again at SIGHUP.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;

/// Where it is and how large it grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOptions {
    /// The file.
    pub path: PathBuf,
    /// It begins anew before a line would make it longer, bytes; 0: never.
    pub max_bytes: u64,
    /// Older files that are kept.
    pub keep: u32,
}

/// A log file that is open.
#[derive(Debug)]
pub struct LogFile(Mutex<Open>);

#[derive(Debug)]
struct Open {
    options: FileOptions,
    file: File,
    bytes: u64,
}

impl LogFile {
    /// Opens it, mode 0600; what is in it stays.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn open(options: FileOptions) -> anyhow::Result<Self> {
        Ok(Self(Mutex::new(Open::new(options)?)))
    }

    /// Opens it again, perhaps elsewhere.
    ///
    /// # Errors
    /// If it cannot be written; the one of before stays in use.
    pub fn reopen(&self, options: FileOptions) -> anyhow::Result<()> {
        let open = Open::new(options)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = open;
        Ok(())
    }

    /// Appends one line.
    pub(super) fn write_line(&self, line: &[u8]) -> io::Result<()> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.write_line(line)
    }
}

impl Open {
    fn new(options: FileOptions) -> anyhow::Result<Self> {
        let what = || format!("cannot write the log {}", options.path.display());
        let (file, bytes) = append_to(&options.path).with_context(what)?;
        Ok(Self { options, file, bytes })
    }

    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        let limit = self.options.max_bytes;
        if limit > 0 && self.bytes > 0 && self.bytes.saturating_add(length) > limit {
            // If it cannot be moved, it grows: a log that is too long is better than none.
            let _ = self.rotate();
        }
        self.file.write_all(line)?;
        self.bytes = self.bytes.saturating_add(length);
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let path = &self.options.path;
        for number in (0..self.options.keep).rev() {
            match std::fs::rename(numbered(path, number), numbered(path, number + 1)) {
                Err(error) if number == 0 || error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.options.keep == 0 {
            std::fs::remove_file(path)?;
        }
        (self.file, self.bytes) = append_to(path)?;
        Ok(())
    }
}

/// The file itself is number 0.
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_path_buf();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Appending is what keeps a file that somebody empties from filling with NUL bytes.
fn append_to(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn k6_a_log_begins_anew_when_it_is_large_and_keeps_what_it_was_told() {
        let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let path = dir.path().join("a.log");
        let options = |keep| FileOptions {
            path: path.clone(),
            max_bytes: 10,
            keep,
        };
        let log = LogFile::open(options(2)).unwrap();
        for line in [
            "one\n",
            "two\n",
            "three\n",
            "a line that is longer than that\n",
            "four\n",
        ] {
            log.write_line(line.as_bytes()).unwrap();
        }
        assert_eq!(read(&path), "four\n");
        assert_eq!(read(&numbered(&path, 1)), "a line that is longer than that\n");
        assert_eq!(read(&numbered(&path, 2)), "three\n");
        assert!(!numbered(&path, 3).exists(), "the oldest goes");
        let log = LogFile::open(options(0)).unwrap();
        log.write_line(b"five, six\n").unwrap();
        assert_eq!(read(&path), "five, six\n");
        assert_eq!(read(&numbered(&path, 1)), "a line that is longer than that\n");
    }

    #[test]
    fn k6_a_log_that_was_moved_or_emptied_goes_on_without_nul_bytes() {
        let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let path = dir.path().join("a.log");
        let options = FileOptions {
            path: path.clone(),
            max_bytes: 0,
            keep: 1,
        };
        let log = LogFile::open(options.clone()).unwrap();
        log.write_line(b"one\n").unwrap();
        std::fs::rename(&path, dir.path().join("away")).unwrap();
        log.write_line(b"two\n").unwrap();
        log.reopen(options.clone()).unwrap();
        log.write_line(b"three\n").unwrap();
        assert_eq!(
            (read(&dir.path().join("away")), read(&path)),
            ("one\ntwo\n".into(), "three\n".into())
        );
        File::create(&path).unwrap();
        log.write_line(b"four\n").unwrap();
        assert_eq!(read(&path), "four\n");
        assert!(
            log.reopen(FileOptions {
                path: "/nonexistent/a".into(),
                ..options
            })
            .is_err()
        );
        log.write_line(b"five\n").unwrap();
        assert_eq!(read(&path), "four\nfive\n");
    }
}
