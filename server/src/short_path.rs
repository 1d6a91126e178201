//! A path for sockets, whose addresses hold 107 bytes at most: by the descriptor of the directory they are in.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// The path of `name` in `directory`, short however long the directory's own is. It leads there while `directory` is
/// open.
pub(crate) fn short_path(directory: &File, name: impl AsRef<Path>) -> PathBuf {
    Path::new("/proc/self/fd")
        .join(directory.as_raw_fd().to_string())
        .join(name)
}
