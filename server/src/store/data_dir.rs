//! The data directory: its layout, its modes (0700, files 0600), and the lock of its one server.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sempre_protocol::SessionId;

/// The Unix socket in the data directory on which the server answers the command line of its own user.
pub const HTTP_SOCKET: &str = "http.sock";
/// The socket of JSON lines, in the data directory.
pub const IPC_SOCKET: &str = "server.sock";

/// What the names of directories begin with in which sessions are put together.
const IMPORT_PREFIX: &str = ".import-";

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be made or written.
    #[error(
        "cannot write in the data directory {path}: {source}; name another with --data-dir or mend its permissions"
    )]
    Unwritable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another server has it.
    #[error(
        "the data directory {path} is in use by the Sempre server with pid {pid}; \
         stop that one or name another directory with --data-dir"
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The other server, as it wrote it down.
        pid: String,
    },
}

/// An opened data directory; this server's as long as the value lives.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    lock: File,
}

/// A server that stops says so: a pid in a lock that nobody has tells of one that was killed.
impl Drop for DataDir {
    fn drop(&mut self) {
        let _ = self.lock.set_len(0);
    }
}

impl DataDir {
    /// Opens `root`, making it if needed, and takes its lock.
    ///
    /// # Errors
    /// [`DataDirError::Unwritable`], or [`DataDirError::InUse`] when another server has the lock.
    pub fn open(root: &Path) -> Result<Self, DataDirError> {
        let unwritable = |source| DataDirError::Unwritable {
            path: root.to_path_buf(),
            source,
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(root.join("sessions")).map_err(unwritable)?;
        let root = root.canonicalize().map_err(unwritable)?;
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(root.join("server.lock"))
            .map_err(unwritable)?;
        if lock.try_lock().is_err() {
            let mut pid = String::new();
            let _ = lock.read_to_string(&mut pid);
            return Err(DataDirError::InUse {
                path: root,
                pid: pid.trim().to_owned(),
            });
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| write!(lock, "{}", std::process::id()))
            .map_err(unwritable)?;
        Ok(Self { root, lock })
    }

    /// The directory itself, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the generated token is.
    pub fn token_path(&self) -> PathBuf {
        self.root.join("token")
    }

    /// Where the database of sessions is.
    pub fn database_path(&self) -> PathBuf {
        self.root.join("sempre.db")
    }

    /// Where the database of keys, logins, share links, users and the audit log is.
    pub fn access_path(&self) -> PathBuf {
        self.root.join("access.db")
    }

    /// Where the key is that share links are signed with.
    pub fn share_key_path(&self) -> PathBuf {
        self.root.join("share-key")
    }

    /// Where the files of the shell integration are.
    pub fn shell_dir(&self) -> PathBuf {
        self.root.join("shell")
    }

    /// The socket of the command line, [`HTTP_SOCKET`].
    pub fn http_socket_path(&self) -> PathBuf {
        self.root.join(HTTP_SOCKET)
    }

    /// The socket of JSON lines, [`IPC_SOCKET`].
    pub fn ipc_socket_path(&self) -> PathBuf {
        self.root.join(IPC_SOCKET)
    }

    /// The directory of one session.
    pub fn session_dir(&self, id: SessionId) -> PathBuf {
        self.root.join("sessions").join(id.to_string())
    }

    /// Makes the directory of a new session, mode 0700.
    ///
    /// # Errors
    /// What the system says, also if it exists already.
    pub fn create_session_dir(&self, id: SessionId) -> io::Result<PathBuf> {
        let path = self.session_dir(id);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(path)
    }

    /// Makes a directory, mode 0700, in which the session `id` is put together before it is one.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create_import_dir(&self, id: SessionId) -> io::Result<PathBuf> {
        let path = self.root.join("sessions").join(format!("{IMPORT_PREFIX}{id}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(path)
    }

    /// Moves what was put together in `directory` among the sessions, durably; where it is then.
    ///
    /// # Errors
    /// If it cannot be moved; it is where it was then, or is a session already.
    pub fn adopt_import(&self, directory: &Path, id: SessionId) -> io::Result<PathBuf> {
        let path = self.session_dir(id);
        fs::rename(directory, &path)?;
        File::open(self.root.join("sessions"))?.sync_all()?;
        Ok(path)
    }

    /// Removes what an earlier server put together and did not finish.
    ///
    /// # Errors
    /// If the directory cannot be listed, or something of it cannot be removed.
    pub fn remove_imports(&self) -> io::Result<()> {
        for entry in self.root.join("sessions").read_dir()? {
            let entry = entry?;
            if entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(IMPORT_PREFIX.as_bytes())
            {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Every session that has a directory.
    ///
    /// # Errors
    /// If the directory cannot be listed.
    pub fn session_ids(&self) -> io::Result<Vec<SessionId>> {
        let mut ids = Vec::new();
        for entry in self.root.join("sessions").read_dir()? {
            ids.extend(
                entry?
                    .file_name()
                    .to_str()
                    .and_then(|name| name.parse::<SessionId>().ok()),
            );
        }
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_told_the_pid_of_the_first() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let first = DataDir::open(temp.path()).unwrap();
        let error = DataDir::open(temp.path()).unwrap_err();
        assert!(
            error.to_string().contains(&format!("pid {}", std::process::id())),
            "{error}"
        );
        drop(first);
        DataDir::open(temp.path()).unwrap();
    }
}
