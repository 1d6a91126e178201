//! `sempre serve`: from flags to a running server, and down again.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::reload::Reloads;
use crate::auth::{Doors, DoorsOptions, Token};
use crate::config::{BasePath, ListenAddress, ServeConfig, layers};
use crate::http::{self, Gate, Listener, Listeners, ServerState, Tls};
use crate::log::Log;
use crate::measure::Measures;
use crate::open_files;
use crate::service::notify;
use crate::sessions::clock::SystemClock;
use crate::sessions::confinement::Confiner;
use crate::sessions::environment::BaseEnvironment;
use crate::sessions::scopes::Scopes;
use crate::sessions::workers::Workers;
use crate::sessions::{Registry, RegistryOptions};
use crate::store::{DataDir, HTTP_SOCKET, IPC_SOCKET};

/// After a signal, connections get this long to end; sessions are not affected.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(2500);

/// Runs the server until a signal.
pub(super) fn run(args: &[OsString]) -> anyhow::Result<()> {
    enter_app_dir()?;
    let resolved = layers::resolve(args)?;
    let flags = resolved.flags.clone();
    let log = Log::start(flags.log.look(), &flags.log.log_level, flags.log.file())?;
    let config = ServeConfig::resolve(flags, |name| resolved.dot_env.variable(name))?;
    let reloads = Reloads::new(args, resolved, log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let outcome = runtime.block_on(serve(config, reloads));
    // Whatever still reads a file or a name service must not hold up the exit.
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

/// `KIRO_APP_DIR` (row K1): where `.env` is and relative paths begin.
fn enter_app_dir() -> anyhow::Result<()> {
    match std::env::var_os("KIRO_APP_DIR").filter(|path| !path.is_empty()) {
        Some(path) => std::env::set_current_dir(&path)
            .with_context(|| format!("cannot enter KIRO_APP_DIR={}", Path::new(&path).display())),
        None => Ok(()),
    }
}

async fn serve(config: ServeConfig, mut reloads: Reloads) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
    // A limit on the size of files is a full disk and no reason to die. A handler: what is ignored would be inherited.
    let _file_too_large =
        signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).context("cannot listen to SIGXFSZ")?;
    let tls = config.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
    reloads.listen(tls.clone())?;
    let data_dir = DataDir::open(&config.data_dir)?;
    let doors = doors(&config, &data_dir).await?;
    let mut listeners = Vec::new();
    for address in &config.listen {
        listeners.push(Listener::bind(address).await?);
    }
    let own_socket = Listener::bind_in(data_dir.root(), HTTP_SOCKET)?;
    let ipc_socket = Listener::bind_in(data_dir.root(), IPC_SOCKET)?;
    let own_socket_paths = [data_dir.http_socket_path(), data_dir.ipc_socket_path()];
    let mut metrics_listeners = Vec::new();
    for address in &config.metrics_listen {
        metrics_listeners.push(Listener::bind(address).await?);
    }
    let measures = Measures::install()?;
    let registry = Registry::open(
        data_dir,
        RegistryOptions {
            default_shell: config.shell.clone(),
            holder: None,
            environment: BaseEnvironment::of_this_process(),
            child_open_files: open_files::raise(),
            shell_integration: config.shell_integration,
            record_input: config.record_input,
            limits: config.limits,
            confiner: Confiner::new(config.confinement.clone())?,
            scopes: Scopes::new(config.holder_scope),
            policy: config.policy,
            clock: Arc::new(SystemClock),
        },
    )
    .await?;
    let drain = CancellationToken::new();
    let state = ServerState::new(Arc::clone(&registry), doors, config.names.clone(), drain.clone());
    let workers = config
        .workers
        .clone()
        .map(|options| Workers::start(&registry, options));
    workers
        .iter()
        .cloned()
        .for_each(|workers| state.set_workers(workers));
    state.measured_by(measures);
    state.logged_by(reloads.log());
    let addresses_of = |listeners: &[Listener]| listeners.iter().map(Listener::address).collect::<Vec<_>>();
    let (addresses, metrics_addresses) = (addresses_of(&listeners), addresses_of(&metrics_listeners));
    // It is not announced: who needs it knows the data directory.
    listeners.push(own_socket);
    let gate = Gate {
        tls,
        limits: config.time_limits,
    };
    let listeners = Listeners {
        http: listeners,
        metrics: metrics_listeners,
        ipc: vec![ipc_socket],
    };
    let served = http::serve(state.clone(), listeners, gate, drain.clone());
    announce(&config, &addresses, &metrics_addresses, &state);
    let alive = tokio::spawn(notify::watchdog(drain.clone()));
    notify::ready();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = reloads.run(&registry) => {}
    }
    notify::stopping();
    tracing::info!("stopping; sessions stay");
    drain.cancel();
    let down = async {
        if let Some(workers) = &workers {
            workers.close().await;
        }
        if config.end_sessions {
            registry.end_all().await;
        }
        served.finish().await;
        registry.close().await;
        state.doors().close().await;
    };
    tokio::select! {
        ended = tokio::time::timeout(SHUTDOWN_LIMIT, down) => if ended.is_err() {
            tracing::warn!("some connections did not end in time");
        },
        // A second signal: at once.
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // It ends with the drain.
    let _ = alive.await;
    let listening = config.listen.iter().chain(&config.metrics_listen);
    let sockets = listening.filter_map(|address| match address {
        ListenAddress::Unix(path) => Some(path),
        ListenAddress::Tcp(_) => None,
    });
    for path in sockets.chain(&own_socket_paths) {
        // It may have been removed by hand.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

async fn doors(config: &ServeConfig, data_dir: &DataDir) -> anyhow::Result<Doors> {
    let token = match &config.token_file {
        _ if config.no_auth => None,
        Some(path) => Some(Token::read(path)?),
        None => Some(Token::read_or_make(&data_dir.token_path())?),
    };
    let options = DoorsOptions {
        token,
        proxy: config.proxy.clone(),
        jwt: config.jwt.clone(),
        oidc: config.oidc.clone(),
        shared_uid: config.shared_uid,
        run_as: config.run_as.clone(),
        cookie_path: config.names.base_path.at("/"),
        max_creates_per_minute: config.max_creates_per_minute,
        audit_file: config.audit_file.clone(),
    };
    Doors::open(data_dir, options).await
}

/// Says where the server is. The token is shown only to a person at a terminal.
fn announce(
    config: &ServeConfig,
    addresses: &[ListenAddress],
    metrics_addresses: &[ListenAddress],
    state: &ServerState,
) {
    let base = &config.names.base_path;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let urls: Vec<_> = addresses
        .iter()
        .map(|address| url(address, scheme, base))
        .collect();
    let mut lines: Vec<_> = urls
        .iter()
        .map(|url| format!("sempre: listening on {url}"))
        .collect();
    lines.extend(metrics_addresses.iter().map(|address| {
        let scheme = if address.is_local() { "http" } else { scheme };
        let url = url(address, scheme, &BasePath::default());
        format!("sempre: metrics on {url}")
    }));
    let page = urls.iter().find(|url| url.starts_with("http"));
    let login_url = page.map(|url| match state.doors().secret() {
        Some(token) => format!("{url}?token={token}"),
        None => url.clone(),
    });
    let token_path = config
        .token_file
        .clone()
        .unwrap_or_else(|| state.registry().data_dir().token_path());
    match &login_url {
        _ if state.doors().is_open() => {
            lines.push(
                "sempre: no authentication: every user of this machine can type into the sessions".into(),
            );
        }
        Some(url) if std::io::stdout().is_terminal() => {
            lines.push(format!(
                "\n  Open this to log in (it holds the token, keep it to yourself):\n\n  {url}\n"
            ));
        }
        _ => lines.push(format!("sempre: the token is in {}", token_path.display())),
    }
    let mut stdout = std::io::stdout();
    // Nobody may be reading; the server does not depend on it.
    let _ = writeln!(stdout, "{}", lines.join("\n")).and_then(|()| stdout.flush());
    if config.open
        && let Some(url) = login_url
    {
        open_browser(state, &url);
    }
}

fn url(address: &ListenAddress, scheme: &str, base: &BasePath) -> String {
    match address {
        ListenAddress::Tcp(socket) => format!("{scheme}://{}{}", reachable(*socket), base.at("/")),
        ListenAddress::Unix(_) => address.to_string(),
    }
}

/// A wildcard address is reached by loopback from here.
fn reachable(socket: std::net::SocketAddr) -> std::net::SocketAddr {
    match socket {
        socket if !socket.ip().is_unspecified() => socket,
        std::net::SocketAddr::V4(_) => std::net::SocketAddr::from(([127, 0, 0, 1], socket.port())),
        std::net::SocketAddr::V6(_) => {
            std::net::SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, socket.port()))
        }
    }
}

/// Opens the page through a private file, so that the token is on no command line.
fn open_browser(state: &ServerState, url: &str) {
    let path = state.registry().data_dir().root().join("open.html");
    let html =
        format!("<!doctype html><meta http-equiv=\"refresh\" content=\"0;url={url}\"><title>Sempre</title>");
    let opened = crate::store::write_private(&path, html.as_bytes()).and_then(|()| {
        let quiet = std::process::Stdio::null;
        let mut command = std::process::Command::new("xdg-open");
        command
            .arg(&path)
            .stdin(quiet())
            .stdout(quiet())
            .stderr(quiet())
            .spawn()
            .map(drop)
    });
    if let Err(error) = opened {
        tracing::warn!(%error, "cannot open a browser; open the address above by hand");
    }
}
