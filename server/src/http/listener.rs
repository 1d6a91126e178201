//! Sockets to listen on, and the tasks that serve them.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;

use anyhow::{Context, bail};
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::peer::{Peer, PromptTcp};
use super::{ServerState, router};
use crate::config::ListenAddress;
use crate::doctor::port_owner;

/// A bound socket.
#[derive(Debug)]
pub enum Listener {
    /// On TCP, at this address.
    Tcp(TcpListener),
    /// On a Unix socket, with its path.
    Unix(UnixListener, std::path::PathBuf),
}

impl Listener {
    /// Binds.
    ///
    /// # Errors
    /// If the address is taken (with who has it) or cannot be had.
    pub async fn bind(address: &ListenAddress) -> anyhow::Result<Self> {
        match address {
            ListenAddress::Tcp(socket) => match TcpListener::bind(socket).await {
                Ok(listener) => Ok(Self::Tcp(listener)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    let owner = port_owner::of_port(socket.port());
                    let owner = owner.map_or_else(|| "another program".to_owned(), |owner| owner.to_string());
                    bail!("{socket} is taken by {owner}; stop it or listen elsewhere with --listen HOST:PORT")
                }
                Err(error) => Err(error).with_context(|| format!("cannot listen on {socket}")),
            },
            ListenAddress::Unix(path) => bind_unix(path),
        }
    }

    /// Where it really is: with the port the system chose for port 0.
    pub fn address(&self) -> ListenAddress {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => ListenAddress::Tcp(address),
                Err(_) => ListenAddress::loopback(0),
            },
            Self::Unix(_, path) => ListenAddress::Unix(path.clone()),
        }
    }
}

fn bind_unix(path: &Path) -> anyhow::Result<Listener> {
    let shown = path.display();
    if let Ok(metadata) = path.symlink_metadata() {
        if !metadata.file_type().is_socket() {
            bail!("{shown} is there and is no socket; name another path for unix:");
        }
        if StdUnixStream::connect(path).is_ok() {
            bail!("unix:{shown} is taken by a program that answers there; stop it or name another path");
        }
        // Left by a program that is gone.
        std::fs::remove_file(path).with_context(|| format!("cannot remove the dead socket {shown}"))?;
    }
    let listener = UnixListener::bind(path).with_context(|| format!("cannot listen on unix:{shown}"))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .with_context(|| format!("cannot make unix:{shown} private"))?;
    Ok(Listener::Unix(listener, path.to_path_buf()))
}

/// A server that runs.
#[derive(Debug)]
pub struct Served {
    tasks: TaskTracker,
    sockets: TaskTracker,
}

impl Served {
    /// Waits until every connection has ended; they were told when the drain token was cancelled.
    pub async fn finish(self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.sockets.close();
        self.sockets.wait().await;
    }
}

/// Serves on all listeners until `drain` is cancelled.
pub fn serve(state: ServerState, listeners: Vec<Listener>, drain: CancellationToken) -> Served {
    let tasks = TaskTracker::new();
    let sockets = state.sockets().clone();
    let app = router(state);
    for listener in listeners {
        let (app, drained) = (app.clone(), drain.clone().cancelled_owned());
        match listener {
            Listener::Tcp(listener) => {
                let listener = PromptTcp(listener);
                let app = app.into_make_service_with_connect_info::<Peer>();
                tasks.spawn(run(axum::serve(listener, app).with_graceful_shutdown(drained)));
            }
            Listener::Unix(listener, _) => {
                let app = app.into_make_service_with_connect_info::<Peer>();
                tasks.spawn(run(axum::serve(listener, app).with_graceful_shutdown(drained)));
            }
        }
    }
    Served { tasks, sockets }
}

async fn run(server: impl IntoFuture<Output = io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(%error, "a listener failed");
    }
}
