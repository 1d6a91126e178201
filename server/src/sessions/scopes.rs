//! A scope of systemd for each holder (row K7): a unit of its own, `sempre-holder-ID.scope`, so that the session is no part
//! of the server's service. Without one a holder stays in that service and lives through its restart all the same
//! (`KillMode=process`).
//!
//! Here is when systemd is asked, for how long, and what is remembered of a bus that does not answer; how it is asked is in
//! `service::scope`.

use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sempre_protocol::SessionId;
use tokio::time::{Instant, timeout};

use crate::service::scope::{Manager, ScopeError, ScopeRequest, make_scope};
use crate::service::unit_of::{UnitOf, unit_of};

/// What the check of `/api/v1/health` is called.
pub const HEALTH_CHECK: &str = "holder_scopes";
/// A start of a session waits for systemd so long, and not longer.
const ASK_LIMIT: Duration = Duration::from_secs(5);
/// After a question that failed sessions start without another for so long; one that was denied is not repeated.
const RETRY_AFTER: Duration = Duration::from_secs(5 * 60);
/// Set by systemd: the pid of the process it started itself, and where that says how it is.
const EXEC_PID: &str = "SYSTEMD_EXEC_PID";
const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// Whether holders get scopes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HolderScope {
    /// If systemd started the server.
    #[default]
    Auto,
    /// However the server was started.
    Always,
    /// No bus is asked.
    Never,
}

impl FromStr for HolderScope {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            other => Err(format!("{other:?} is none of auto, always, never")),
        }
    }
}

/// Asks for scopes, and remembers how that went.
#[derive(Debug)]
pub struct Scopes {
    rule: HolderScope,
    /// Whom to ask, and in which slice; none: nobody.
    place: Option<(Manager, Option<String>)>,
    last: Mutex<Last>,
}

/// How the last question went.
#[derive(Debug)]
enum Last {
    /// There was none.
    None,
    Made,
    Failed {
        /// None: not while this server runs, for it was denied: not a fault but a rule of the machine.
        retry_at: Option<Instant>,
        why: String,
    },
}

impl Scopes {
    /// Looks at how this process was started.
    pub fn new(rule: HolderScope) -> Self {
        let pid = std::process::id();
        let variable = |name: &str| std::env::var(name).ok();
        let place = is_wanted(rule, pid, variable).then(|| place(unit_of(pid)));
        Self {
            rule,
            place,
            last: Mutex::new(Last::None),
        }
    }

    /// Why holders have no scopes though they should; none: they have, or need none.
    pub fn problem(&self) -> Option<String> {
        match &*self.lock() {
            Last::Failed { why, retry_at } if self.rule == HolderScope::Always || retry_at.is_some() => {
                Some(without(why))
            }
            _ => None,
        }
    }

    /// How it is, in a sentence.
    pub fn state(&self) -> String {
        if self.place.is_none() {
            return match self.rule {
                HolderScope::Never => "holders get no scopes: holder_scope is never".into(),
                _ => "holders get no scopes: systemd did not start this server".into(),
            };
        }
        match &*self.lock() {
            Last::None => "holders get scopes of systemd; none was asked for yet".into(),
            Last::Made => "each holder is in a scope of systemd".into(),
            Last::Failed { why, .. } => without(why),
        }
    }

    /// Puts a new holder, that has started nothing yet, into a scope of its own; the scope's name, if it is there now.
    pub(super) async fn enter(&self, id: SessionId, pid: u32) -> Option<String> {
        let (manager, slice) = self.place.as_ref()?;
        if self.rests() {
            return None;
        }
        let request = ScopeRequest {
            name: format!("sempre-holder-{id}.scope"),
            description: format!("Sempre: session {id}"),
            pid,
            slice: slice.clone(),
        };
        let (why, denied) = match timeout(ASK_LIMIT, make_scope(*manager, &request)).await {
            Ok(Ok(())) => {
                *self.lock() = Last::Made;
                return Some(request.name);
            }
            Ok(Err(error)) => (error.to_string(), matches!(error, ScopeError::Denied(_))),
            Err(_) => (format!("systemd did not answer for {ASK_LIMIT:?}"), false),
        };
        self.failed(id, why, denied);
        None
    }

    /// Told once, however often it happens.
    fn failed(&self, id: SessionId, why: String, denied: bool) {
        let again = std::mem::replace(
            &mut *self.lock(),
            Last::Failed {
                retry_at: (!denied).then(|| Instant::now() + RETRY_AFTER),
                why: why.clone(),
            },
        );
        if matches!(again, Last::Failed { .. }) {
            tracing::debug!(session = %id, error = why, "there is still no scope for holders");
        } else {
            tracing::warn!(session = %id, error = why, "the session starts without a scope of its own, as later ones will");
        }
    }

    /// Whether the last question failed so that there is none now.
    fn rests(&self) -> bool {
        match &*self.lock() {
            Last::Failed { retry_at, .. } => retry_at.is_none_or(|at| Instant::now() < at),
            Last::None | Last::Made => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn without(why: &str) -> String {
    format!(
        "new holders stay in the server's own service, without scopes: {why}; holder_scope = \"never\" asks no more"
    )
}

/// Started by systemd itself, not somewhere below something it started: all of that inherits `INVOCATION_ID`.
fn is_wanted(rule: HolderScope, pid: u32, variable: impl Fn(&str) -> Option<String>) -> bool {
    match rule {
        HolderScope::Never => false,
        HolderScope::Always => true,
        HolderScope::Auto => {
            variable(EXEC_PID).and_then(|own| own.parse().ok()) == Some(pid)
                || variable(NOTIFY_SOCKET).is_some_and(|path| !path.is_empty())
        }
    }
}

/// The manager of the server's own service, and its slice: what is allowed to all in there is allowed to scopes.
fn place(unit: Option<UnitOf>) -> (Manager, Option<String>) {
    let is_users = match &unit {
        Some(unit) => unit.is_users,
        None => !rustix::process::geteuid().is_root(),
    };
    let manager = if is_users { Manager::User } else { Manager::System };
    (manager, unit.and_then(|unit| unit.slice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(rule: HolderScope, variables: &[(&str, &str)]) -> bool {
        is_wanted(rule, 42, |name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn k7_only_a_server_that_systemd_started_asks_unless_it_is_told() {
        let auto = |variables: &[(&str, &str)]| wanted(HolderScope::Auto, variables);
        assert!(auto(&[(EXEC_PID, "42")]));
        assert!(auto(&[(NOTIFY_SOCKET, "/run/systemd/notify")]));
        // Started by hand in a terminal that is a service's.
        assert!(!auto(&[(EXEC_PID, "7"), ("INVOCATION_ID", "0f")]));
        assert!(!auto(&[]) && !auto(&[(EXEC_PID, "x"), (NOTIFY_SOCKET, "")]));
        assert!(wanted(HolderScope::Always, &[]));
        assert!(!wanted(HolderScope::Never, &[(EXEC_PID, "42")]));
    }

    #[test]
    fn k7_scopes_are_made_by_the_manager_and_in_the_slice_of_the_service() {
        let unit = |is_users| UnitOf {
            name: "sempre.service".into(),
            is_users,
            slice: Some("team.slice".into()),
        };
        let slice = Some("team.slice".to_owned());
        assert_eq!(place(Some(unit(false))), (Manager::System, slice.clone()));
        assert_eq!(place(Some(unit(true))), (Manager::User, slice));
    }

    #[test]
    fn k7_what_the_machine_forbids_is_a_problem_only_to_who_insists() {
        let scopes = |rule, denied: bool| Scopes {
            rule,
            place: Some((Manager::System, None)),
            last: Mutex::new(Last::Failed {
                retry_at: (!denied).then(|| Instant::now() + RETRY_AFTER),
                why: "because".into(),
            }),
        };
        assert!(scopes(HolderScope::Auto, true).problem().is_none());
        assert!(scopes(HolderScope::Auto, true).state().contains("because"));
        for (rule, denied) in [(HolderScope::Auto, false), (HolderScope::Always, true)] {
            let scopes = scopes(rule, denied);
            assert!(scopes.problem().is_some_and(|why| why.contains("because")));
            assert!(scopes.rests());
        }
    }
}
