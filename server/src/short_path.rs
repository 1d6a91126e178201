//! A path for sockets, whose addresses hold 107 bytes at most: by the descriptor of the directory they are in.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The path of `name` in `directory`, short however long the directory's own is. It leads there while `directory` is
/// open.
pub(crate) fn short_path(directory: &File, name: impl AsRef<Path>) -> PathBuf {
    Path::new("/proc/self/fd")
        .join(directory.as_raw_fd().to_string())
        .join(name)
}

/// A socket in a directory that is held open for it. For people it is `unix:` and its whole path.
#[derive(Debug, Clone)]
pub struct SocketPath {
    short: PathBuf,
    _directory: Arc<File>,
    whole: PathBuf,
}

impl SocketPath {
    /// The socket `name` in `directory`, if it is there or not.
    ///
    /// # Errors
    /// If the directory cannot be opened.
    pub(crate) fn open(directory: &Path, name: &str) -> io::Result<Self> {
        let opened = File::open(directory)?;
        Ok(Self {
            short: short_path(&opened, name),
            _directory: Arc::new(opened),
            whole: directory.join(name),
        })
    }

    /// Short enough for an address.
    pub(crate) fn short(&self) -> &Path {
        &self.short
    }
}

impl fmt::Display for SocketPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unix:{}", self.whole.display())
    }
}
