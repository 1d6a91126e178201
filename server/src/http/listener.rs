//! Sockets to listen on, and the tasks that serve them.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::compat::ipc;
use super::connections::{MAX_CONNECTIONS, Serving, Wire};
use super::tls::Tls;
use super::{ServerState, router};
use crate::config::{ListenAddress, TimeLimits};
use crate::doctor::port_owner;
use crate::short_path::short_path;

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

    /// Listens on a Unix socket `name` in `directory`, which must be this server's alone: a socket that is there is a
    /// dead one. The path may be longer than the address of a socket can be.
    ///
    /// # Errors
    /// If the socket cannot be made.
    pub fn bind_in(directory: &Path, name: &str) -> anyhow::Result<Self> {
        let path = directory.join(name);
        let shown = path.display();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove the dead socket {shown}"));
            }
            _ => {}
        }
        let opened = File::open(directory).with_context(|| format!("cannot open {}", directory.display()))?;
        let listener = UnixListener::bind(short_path(&opened, name))
            .with_context(|| format!("cannot listen on unix:{shown}"))?;
        // The directory is 0700: nobody else could connect before this line either.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
            .with_context(|| format!("cannot make unix:{shown} private"))?;
        Ok(Self::Unix(listener, path))
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

/// How connections are served.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Certificate and key; none: plain HTTP. Unix sockets have none in any case.
    pub tls: Option<Arc<Tls>>,
    /// How long a client may take.
    pub limits: TimeLimits,
}

/// What is listened on, and for what.
#[derive(Debug)]
pub struct Listeners {
    /// Everything, by HTTP.
    pub http: Vec<Listener>,
    /// Nothing but metrics.
    pub metrics: Vec<Listener>,
    /// JSON lines of sessions.
    pub ipc: Vec<Listener>,
}

/// Serves on all `listeners` until `drain` is cancelled.
pub fn serve(state: ServerState, listeners: Listeners, gate: Gate, drain: CancellationToken) -> Served {
    let tasks = TaskTracker::new();
    let sockets = state.sockets().clone();
    // What reads them on this machine needs no certificate.
    let only_metrics = listeners.metrics.into_iter().map(|listener| {
        let is_local = listener.address().is_local();
        let tls = gate.tls.clone().filter(|_| !is_local);
        let wire = Wire::Http(super::exposition::router(state.clone(), is_local));
        (listener, wire, tls)
    });
    let only_metrics: Vec<_> = only_metrics.collect();
    let serving = Serving {
        wire: Wire::Http(router(state.clone(), gate.limits.body)),
        tls: gate.tls.clone(),
        head_timeout: gate.limits.head,
        send_timeout: gate.limits.send,
        places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        tasks: tasks.clone(),
        drain,
    };
    let all = listeners.http.into_iter();
    let all = all.map(|listener| (listener, serving.wire.clone(), serving.tls.clone()));
    for (listener, wire, tls) in all.chain(only_metrics) {
        let serving = Serving {
            wire,
            tls,
            ..serving.clone()
        };
        start(serving, listener);
    }
    for listener in listeners.ipc {
        // Places of its own: whoever fills them keeps nobody from HTTP.
        let serving = Serving {
            wire: Wire::Ipc(state.clone()),
            tls: None,
            places: Arc::new(Semaphore::new(ipc::MAX_CONNECTIONS)),
            ..serving.clone()
        };
        start(serving, listener);
    }
    Served { tasks, sockets }
}

fn start(serving: Serving, listener: Listener) {
    let tasks = serving.tasks.clone();
    match listener {
        Listener::Tcp(listener) => tasks.spawn(serving.run(listener)),
        Listener::Unix(listener, _) => tasks.spawn(serving.run(listener)),
    };
}
