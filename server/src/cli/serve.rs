//! `sempre serve`: from flags to a running server, and down again.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::auth::{Access, Token};
use crate::config::dot_env::DotEnv;
use crate::config::serve::{LogFormat, ServeFlags};
use crate::config::{ListenAddress, ServeConfig};
use crate::http::{self, Listener, ServerState};
use crate::sessions::clock::SystemClock;
use crate::sessions::environment::BaseEnvironment;
use crate::sessions::{Registry, RegistryOptions};
use crate::store::DataDir;

/// After a signal, connections get this long to end; sessions are not affected.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(2500);

/// Runs the server until a signal.
pub(super) fn run(flags: ServeFlags) -> anyhow::Result<()> {
    start_log(flags.log)?;
    let dot_env = DotEnv::read(Path::new(".env"))?;
    let config = ServeConfig::resolve(flags, |name| dot_env.variable(name))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let outcome = runtime.block_on(serve(config));
    // Whatever still reads a file or a name service must not hold up the exit.
    runtime.shutdown_timeout(Duration::from_millis(200));
    outcome
}

async fn serve(config: ServeConfig) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
    // A limit on the size of files is a full disk and no reason to die. A handler: what is ignored would be inherited.
    let _file_too_large =
        signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).context("cannot listen to SIGXFSZ")?;
    let data_dir = DataDir::open(&config.data_dir)?;
    let access = access(&config, &data_dir)?;
    let mut listeners = Vec::new();
    for address in &config.listen {
        listeners.push(Listener::bind(address).await?);
    }
    let registry = Registry::open(
        data_dir,
        RegistryOptions {
            default_shell: config.shell.clone(),
            holder: None,
            environment: BaseEnvironment::of_this_process(),
            limits: config.limits,
            policy: config.policy,
            clock: Arc::new(SystemClock),
        },
    )
    .await?;
    let drain = CancellationToken::new();
    let state = ServerState::new(
        Arc::clone(&registry),
        access,
        config.allowed_hosts.clone(),
        drain.clone(),
    );
    let addresses: Vec<_> = listeners.iter().map(Listener::address).collect();
    let served = http::serve(state.clone(), listeners, drain.clone());
    announce(&config, &addresses, &state);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping; sessions stay");
    drain.cancel();
    let down = async {
        if config.end_sessions {
            registry.end_all().await;
        }
        served.finish().await;
        registry.close().await;
    };
    tokio::select! {
        ended = tokio::time::timeout(SHUTDOWN_LIMIT, down) => if ended.is_err() {
            tracing::warn!("some connections did not end in time");
        },
        // A second signal: at once.
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    for address in &config.listen {
        if let ListenAddress::Unix(path) = address {
            // It may have been removed by hand.
            let _ = std::fs::remove_file(path);
        }
    }
    Ok(())
}

fn access(config: &ServeConfig, data_dir: &DataDir) -> anyhow::Result<Access> {
    if config.no_auth {
        return Ok(Access::open());
    }
    let token = match &config.token_file {
        Some(path) => Token::read(path)?,
        None => Token::read_or_make(&data_dir.token_path())?,
    };
    Ok(Access::token(token, data_dir.root()))
}

/// Says where the server is. The token is shown only to a person at a terminal.
fn announce(config: &ServeConfig, addresses: &[ListenAddress], state: &ServerState) {
    let urls: Vec<_> = addresses.iter().map(url).collect();
    let mut lines: Vec<_> = urls
        .iter()
        .map(|url| format!("sempre: listening on {url}"))
        .collect();
    let page = urls.iter().find(|url| url.starts_with("http"));
    let login_url = page.map(|url| match state.access().secret() {
        Some(token) => format!("{url}?token={token}"),
        None => url.clone(),
    });
    let token_path = config
        .token_file
        .clone()
        .unwrap_or_else(|| state.registry().data_dir().token_path());
    match &login_url {
        _ if state.access().is_open() => {
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

fn url(address: &ListenAddress) -> String {
    match address {
        ListenAddress::Tcp(socket) => format!("http://{}/", reachable(*socket)),
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
    let opened = crate::auth::write_private(&path, html.as_bytes()).and_then(|()| {
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

/// Libraries speak only from this level on: below it some of them log what passes through them, and terminal
/// bytes and secrets must never be in a log.
const LIBRARY_LEVEL: tracing::Level = tracing::Level::INFO;

fn start_log(format: LogFormat) -> anyhow::Result<()> {
    use tracing_subscriber::filter::{EnvFilter, filter_fn};
    use tracing_subscriber::{Layer, layer::SubscriberExt, util::SubscriberInitExt};
    let filter = EnvFilter::try_from_env("SEMPRE_LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    let discreet =
        filter_fn(|metadata| metadata.target().starts_with("sempre") || *metadata.level() <= LIBRARY_LEVEL);
    // A closed standard error is no reason to fail.
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => lines
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(discreet))
        .with(filter)
        .try_init()
        .map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}
