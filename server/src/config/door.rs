//! Flags of `sempre serve` about who comes in besides the token: proxies, sharing, the audit file.

use std::path::PathBuf;

use anyhow::{Context, bail};
use axum::http::HeaderName;
use clap::Args;
use clap::ValueEnum;
use sempre_protocol::access::Role;

use crate::auth::{ProxyRule, RunAsRule, TrustedPeer};

/// A role as a word on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleWord {
    /// Sees sessions.
    Viewer,
    /// Types into their own sessions, makes them and ends them.
    Operator,
    /// Decides who comes in.
    Admin,
}

/// Sessions one client may make at once, and within a minute after that, unless told otherwise.
pub const MAX_CREATES_PER_MINUTE: u32 = 240;

impl RoleWord {
    /// The role it stands for.
    pub fn role(self) -> Role {
        match self {
            Self::Viewer => Role::Viewer,
            Self::Operator => Role::Operator,
            Self::Admin => Role::Admin,
        }
    }
}

/// Flags about who comes in.
#[derive(Debug, Clone, Default, Args)]
pub struct DoorFlags {
    /// Proxy that is believed what it says of its clients (X-Forwarded-For, X-Forwarded-Proto): an address, a network,
    /// or `unix` for whoever connects to a Unix socket; repeatable
    #[arg(
        long,
        value_name = "CIDR",
        env = "SEMPRE_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<TrustedPeer>,

    /// Header in which a trusted proxy names the user it has logged in
    #[arg(long, value_name = "NAME", env = "SEMPRE_PROXY_USER_HEADER")]
    pub proxy_user_header: Option<String>,

    /// Role of users only the proxy knows [default: operator]
    #[arg(long, value_name = "ROLE", env = "SEMPRE_PROXY_USER_ROLE", value_enum)]
    pub proxy_user_role: Option<RoleWord>,

    /// Let operators type into each other's sessions, and let share links that can type be made, also where sessions
    /// run as the server's own Unix user: whoever types has all rights of that
    #[arg(long, env = "SEMPRE_ALLOW_SHARED_UID")]
    pub allow_shared_uid: bool,

    /// Run each user's sessions as the Unix user of their name; only as root
    #[arg(long, env = "SEMPRE_RUN_AS_PRINCIPAL")]
    pub run_as_principal: bool,

    /// Unix user that operators may name in `run_as`, as administrators may any; repeatable; only as root
    #[arg(long, value_name = "USER", env = "SEMPRE_RUN_AS_ALLOW", value_delimiter = ',')]
    pub run_as_allow: Vec<String>,

    /// Sessions one client may make at once, and within a minute after that; 0: as many as it likes [default: 240]
    #[arg(long, value_name = "COUNT", env = "SEMPRE_MAX_CREATES_PER_MINUTE")]
    pub max_creates_per_minute: Option<u32>,

    /// File the audit log is also appended to, one JSON object a line
    #[arg(long, value_name = "FILE", env = "SEMPRE_AUDIT_FILE")]
    pub audit_file: Option<PathBuf>,
}

impl DoorFlags {
    /// Who chooses the Unix user of a session.
    ///
    /// # Errors
    /// For what only root can do, unless `is_root`.
    pub fn run_as_rule(&self, is_root: bool) -> anyhow::Result<RunAsRule> {
        if !is_root && (self.run_as_principal || !self.run_as_allow.is_empty()) {
            bail!(
                "--run-as-principal and --run-as-allow need a server that runs as root: no one else can start programs \
                 as another user"
            );
        }
        Ok(RunAsRule {
            by_principal: self.run_as_principal,
            allowed: self.run_as_allow.clone(),
        })
    }

    /// What proxies are believed.
    ///
    /// # Errors
    /// For a header that is none, and for one without a proxy that may send it.
    pub fn proxy_rule(&self) -> anyhow::Result<ProxyRule> {
        let user_header = match &self.proxy_user_header {
            None => None,
            Some(name) => Some(
                name.parse::<HeaderName>()
                    .with_context(|| format!("--proxy-user-header {name:?} is no name of a header"))?,
            ),
        };
        if let (Some(name), true) = (&user_header, self.trusted_proxy.is_empty()) {
            bail!(
                "--proxy-user-header {name} would be believed from nobody; name the proxy with --trusted-proxy"
            );
        }
        Ok(ProxyRule {
            trusted: self.trusted_proxy.clone(),
            user_header,
            role: self.proxy_user_role.map_or(Role::Operator, RoleWord::role),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t10_only_root_runs_sessions_as_others() {
        let flags = DoorFlags {
            run_as_principal: true,
            ..DoorFlags::default()
        };
        assert!(flags.run_as_rule(true).unwrap().by_principal);
        let error = flags.run_as_rule(false).unwrap_err().to_string();
        assert!(error.contains("root"), "{error}");
        assert_eq!(
            DoorFlags::default().run_as_rule(false).unwrap(),
            RunAsRule::default()
        );
    }

    #[test]
    fn a_header_is_believed_only_from_a_named_proxy() {
        let flags = DoorFlags {
            proxy_user_header: Some("Remote-User".into()),
            ..DoorFlags::default()
        };
        let error = flags.proxy_rule().unwrap_err().to_string();
        assert!(error.contains("--trusted-proxy"), "{error}");
        let flags = DoorFlags {
            trusted_proxy: vec!["10.0.0.1".parse().unwrap()],
            ..flags
        };
        let rule = flags.proxy_rule().unwrap();
        assert_eq!(rule.user_header.unwrap(), "remote-user");
        assert_eq!(rule.role, Role::Operator);
        let flags = DoorFlags {
            proxy_user_header: Some("a b".into()),
            ..flags
        };
        assert!(flags.proxy_rule().unwrap_err().to_string().contains("\"a b\""));
    }
}
