//! `sempre serve`: its flags, each also as `SEMPRE_*`, and what they mean together.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::confine::ConfineFlags;
use super::door::{DoorFlags, MAX_CREATES_PER_MINUTE};
use super::life::LifeFlags;
use super::listen::DEFAULT_PORT;
use super::log::LogFlags;
use super::oidc::OidcFlags;
use super::tokens::TokenFlags;
use super::workers::WorkerFlags;
use super::{ListenAddress, Names, ReachFlags, TimeLimits, TlsFiles};
use crate::auth::{JwtOptions, OidcOptions, ProxyRule, RunAsRule};
use crate::sessions::confinement::ConfinementOptions;
use crate::sessions::lifecycle::LifePolicy;
use crate::sessions::scopes::HolderScope;
use crate::sessions::workers::WorkerOptions;
use crate::sessions::{Limits, RecordInput};

/// Flags of `sempre serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeFlags {
    /// File of settings, TOML [default: sempre/sempre.toml in $XDG_CONFIG_HOME, else in /etc]
    #[arg(long, value_name = "FILE", env = "SEMPRE_CONFIG")]
    pub config: Option<PathBuf>,

    /// Address to listen on: HOST:PORT or unix:PATH; repeatable [default: 127.0.0.1:8084]
    #[arg(long, value_name = "ADDR", env = "SEMPRE_LISTEN", value_delimiter = ',')]
    pub listen: Vec<ListenAddress>,

    /// Address to serve /metrics on as well, and nothing else; without a credential if only this machine reaches it
    #[arg(
        long,
        value_name = "ADDR",
        env = "SEMPRE_METRICS_LISTEN",
        value_delimiter = ','
    )]
    pub metrics_listen: Vec<ListenAddress>,

    /// Directory for sessions and the token [default: $XDG_STATE_HOME/sempre]
    #[arg(long, value_name = "DIR", env = "SEMPRE_DATA_DIR")]
    pub data_dir: Option<PathBuf>,

    /// Shell of sessions that name none: a name such as zsh, or an absolute path [default: $SHELL, else bash or sh]
    #[arg(long, value_name = "CMD", env = "SEMPRE_SHELL")]
    pub shell: Option<String>,

    /// File that holds the access token [default: made once, in the data directory]
    #[arg(
        long,
        value_name = "FILE",
        env = "SEMPRE_TOKEN_FILE",
        conflicts_with = "no_auth"
    )]
    pub token_file: Option<PathBuf>,

    /// Let everyone in who can connect; only on loopback or a Unix socket: every local user can type then
    #[arg(long, env = "SEMPRE_NO_AUTH")]
    pub no_auth: bool,

    /// Open the page in the browser
    #[arg(long, env = "SEMPRE_OPEN")]
    pub open: bool,

    /// End all sessions when the server stops, instead of keeping them
    #[arg(long, env = "SEMPRE_END_SESSIONS")]
    pub end_sessions: bool,

    /// Its log.
    #[command(flatten)]
    pub log: LogFlags,

    /// How browsers reach it.
    #[command(flatten)]
    pub reach: ReachFlags,

    /// Who comes in.
    #[command(flatten)]
    pub door: DoorFlags,

    /// Signed tokens.
    #[command(flatten)]
    pub tokens: TokenFlags,

    /// Logging in elsewhere.
    #[command(flatten)]
    pub oidc: OidcFlags,

    /// Start shells as they are: they do not tell where their prompt is, and `run` does not work
    #[arg(long, env = "SEMPRE_NO_SHELL_INTEGRATION")]
    pub no_shell_integration: bool,

    /// Whether what is typed into sessions is recorded: allowed (if a session asks for it), always or never
    #[arg(
        long,
        value_name = "RULE",
        env = "SEMPRE_RECORD_INPUT",
        default_value = "allowed"
    )]
    pub record_input: RecordInput,

    /// Whether each session's holder becomes a unit of systemd, a scope: auto (if systemd started the server), always or
    /// never
    #[arg(
        long,
        value_name = "RULE",
        env = "SEMPRE_HOLDER_SCOPE",
        default_value = "auto"
    )]
    pub holder_scope: HolderScope,

    /// Lives of sessions.
    #[command(flatten)]
    pub life: LifeFlags,

    /// Limits of each session.
    #[command(flatten)]
    pub confine: ConfineFlags,

    /// Programs that answer questions.
    #[command(flatten)]
    pub workers: WorkerFlags,
}

/// What the flags mean together.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// Where to listen; at least one.
    pub listen: Vec<ListenAddress>,
    /// Where to serve nothing but metrics.
    pub metrics_listen: Vec<ListenAddress>,
    /// The data directory.
    pub data_dir: PathBuf,
    /// The default shell, by name or absolute path.
    pub shell: String,
    /// Where the token comes from; none: generated in the data directory.
    pub token_file: Option<PathBuf>,
    /// No authentication.
    pub no_auth: bool,
    /// What browsers know the server by.
    pub names: Names,
    /// Certificate and key; none: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// How long a client may take.
    pub time_limits: TimeLimits,
    /// What proxies are believed.
    pub proxy: ProxyRule,
    /// How signed tokens are checked; none: they are not taken.
    pub jwt: Option<JwtOptions>,
    /// Who may log in elsewhere; none: nobody.
    pub oidc: Option<OidcOptions>,
    /// Operators may type into each other's sessions.
    pub shared_uid: bool,
    /// Who chooses the Unix user of a session.
    pub run_as: RunAsRule,
    /// Sessions one client may make at once, and within a minute after that; 0: as many as it likes.
    pub max_creates_per_minute: u32,
    /// Where the audit log goes besides the database.
    pub audit_file: Option<PathBuf>,
    /// Open the browser.
    pub open: bool,
    /// End sessions at a stop.
    pub end_sessions: bool,
    /// Shells tell where their prompt is, unless a request says otherwise.
    pub shell_integration: bool,
    /// Which sessions have their input recorded.
    pub record_input: RecordInput,
    /// Whether holders get scopes of systemd.
    pub holder_scope: HolderScope,
    /// When sessions end by themselves and how long they are kept.
    pub policy: LifePolicy,
    /// How many sessions there may be.
    pub limits: Limits,
    /// What each of them is held to.
    pub confinement: ConfinementOptions,
    /// The pool that answers `/kiro/chat`; none: nobody does.
    pub workers: Option<WorkerOptions>,
}

impl ServeConfig {
    /// Fills in defaults from `environment` and refuses what must not go together.
    ///
    /// # Errors
    /// For `--no-auth` on an address others can reach, a proxy's header without a proxy, tokens that nothing checks, a missing home directory, a `KIRO_PORT` that is no port, or
    /// a `SESSION_TTL_SECONDS` that is no number.
    pub fn resolve(flags: ServeFlags, environment: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
        let mut listen = flags.listen;
        if listen.is_empty() {
            listen.push(ListenAddress::loopback(
                kiro_port(variable("KIRO_PORT"))?.unwrap_or(DEFAULT_PORT),
            ));
        }
        if flags.no_auth
            && let Some(open) = listen.iter().find(|address| !address.is_local())
        {
            bail!(
                "--no-auth would let anyone on the network type into shells at {open}; \
                 listen on loopback or a Unix socket, or leave --no-auth away"
            );
        }
        let data_dir = match flags.data_dir {
            Some(data_dir) => data_dir,
            None => data_dir(&variable)?,
        };
        let shell = flags
            .shell
            .or_else(|| variable("SHELL").filter(|shell| shell.starts_with('/')));
        Ok(Self {
            listen,
            metrics_listen: flags.metrics_listen,
            data_dir,
            shell: shell.unwrap_or_else(|| "bash".into()),
            token_file: flags.token_file,
            no_auth: flags.no_auth,
            names: flags.reach.names()?,
            tls: flags.reach.tls(),
            time_limits: flags.reach.limits(),
            proxy: flags.door.proxy_rule()?,
            jwt: flags.tokens.options()?,
            oidc: flags.oidc.options()?,
            shared_uid: flags.door.allow_shared_uid,
            run_as: flags.door.run_as_rule(rustix::process::geteuid().is_root())?,
            max_creates_per_minute: flags
                .door
                .max_creates_per_minute
                .unwrap_or(MAX_CREATES_PER_MINUTE),
            audit_file: flags.door.audit_file,
            open: flags.open,
            end_sessions: flags.end_sessions,
            shell_integration: !flags.no_shell_integration,
            record_input: flags.record_input,
            holder_scope: flags.holder_scope,
            policy: flags.life.policy(variable)?,
            limits: flags.life.limits(),
            confinement: flags.confine.options(),
            workers: flags.workers.options(),
        })
    }
}

/// `KIRO_PORT` (row K1): the port on loopback, when nothing else says where to listen.
pub(super) fn kiro_port(value: Option<String>) -> anyhow::Result<Option<u16>> {
    value
        .map(|port| {
            port.parse()
                .with_context(|| format!("KIRO_PORT={port:?} is no port; use 1 to 65535"))
        })
        .transpose()
}

/// Where sessions are kept unless another place is named.
///
/// # Errors
/// If nothing says where that is.
pub fn data_dir(variable: &impl Fn(&str) -> Option<String>) -> anyhow::Result<PathBuf> {
    if let Some(state) = variable("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
    {
        return Ok(state.join("sempre"));
    }
    let home = variable("HOME").context("HOME is not set; name the data directory with --data-dir")?;
    Ok(PathBuf::from(home).join(".local/state/sempre"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(listen: &[&str], no_auth: bool) -> ServeFlags {
        ServeFlags {
            config: None,
            listen: listen.iter().map(|text| text.parse().unwrap()).collect(),
            metrics_listen: vec![],
            data_dir: None,
            shell: None,
            token_file: None,
            no_auth,
            open: false,
            log: LogFlags::default(),
            end_sessions: false,
            reach: ReachFlags::default(),
            door: DoorFlags::default(),
            tokens: TokenFlags::default(),
            oidc: OidcFlags::default(),
            no_shell_integration: false,
            record_input: RecordInput::default(),
            holder_scope: HolderScope::default(),
            life: LifeFlags::default(),
            confine: ConfineFlags::default(),
            workers: WorkerFlags::default(),
        }
    }

    fn environment(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        move |name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn the_default_is_loopback_8084_in_the_state_directory() {
        let config = ServeConfig::resolve(flags(&[], false), environment(&[("HOME", "/h")])).unwrap();
        assert_eq!(config.listen, [ListenAddress::loopback(8084)]);
        assert_eq!(config.data_dir, PathBuf::from("/h/.local/state/sempre"));
        assert_eq!(config.shell, "bash");
    }

    #[test]
    fn k1_kiro_port_is_honoured_and_checked() {
        let from = |pairs| ServeConfig::resolve(flags(&[], false), environment(pairs));
        let config = from(&[("HOME", "/h"), ("KIRO_PORT", "9001")]).unwrap();
        assert_eq!(config.listen, [ListenAddress::loopback(9001)]);
        assert!(
            from(&[("HOME", "/h"), ("KIRO_PORT", "http")])
                .unwrap_err()
                .to_string()
                .contains("KIRO_PORT")
        );
    }

    #[test]
    fn no_auth_is_refused_where_others_can_connect() {
        let resolve =
            |listen: &[&str]| ServeConfig::resolve(flags(listen, true), environment(&[("HOME", "/h")]));
        assert!(resolve(&["127.0.0.1:1", "[::1]:1", "unix:/s"]).is_ok());
        let error = resolve(&["127.0.0.1:1", "0.0.0.0:1"]).unwrap_err().to_string();
        assert!(error.contains("0.0.0.0:1"), "{error}");
    }
}
