//! The listening Unix socket in the session's directory, mode 0600, for the same user only.
//!
//! The holder's working directory is the session's, so the name is short however deep the directory lies.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use sempre_protocol::holder::SOCKET_NAME;

/// Where servers connect.
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Binds in `directory`; a socket left there by a dead holder is replaced.
    pub fn bind(directory: &Path) -> io::Result<Self> {
        let path = directory.join(SOCKET_NAME);
        Ok(Self {
            listener: listen(&path)?,
            path,
        })
    }

    /// Binds again if the name in the directory is gone.
    pub fn ensure(&mut self) -> io::Result<()> {
        if !self.path.exists() {
            self.listener = listen(&self.path)?;
        }
        Ok(())
    }

    /// A server that waits to be let in; none if it went away or is another user's.
    pub fn accept(&self) -> Option<UnixStream> {
        let (stream, _) = self.listener.accept().ok()?;
        let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?;
        let own = rustix::process::geteuid();
        (peer.uid == own || peer.uid.is_root()).then_some(stream)
    }

    /// Removes the name.
    pub fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl AsFd for ControlSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    // The directory is 0700: nobody else could connect before this line either.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
