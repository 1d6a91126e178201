//! What a session's processes are held to (rows T10, T11): which limits, by which of the kernel's mechanisms, as which
//! Unix user. Decided here, done by the holder, to the child only.
//!
//! `plan` is pure: what was asked for, what the server is set to and what the machine can do go in. `machine` looks
//! at the machine once, at the start; `account` asks the system's user database for each session anew.

mod account;
mod below_scope;
mod cgroup;
mod machine;
mod plan;

use std::path::PathBuf;

use sempre_protocol::confinement::{Confinement, LimitsInForce, ResourceLimits};
use sempre_protocol::holder::Spec;

use super::SessionError;
pub(super) use account::Account;
pub(super) use cgroup::clear;
use machine::Machine;
pub use machine::MachineError;
use plan::plan;

/// Where the control groups of sessions are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CgroupChoice {
    /// Beside the server's own group, if systemd has delegated the one above it.
    #[default]
    Delegated,
    /// Below this directory.
    Below(PathBuf),
    /// Nowhere: limits are rlimits.
    Off,
}

/// What the server is told about limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfinementOptions {
    /// Of sessions that ask for nothing.
    pub defaults: ResourceLimits,
    /// The most a session may ask for, and has if neither it nor the defaults say less.
    pub ceilings: ResourceLimits,
    /// Where control groups are made.
    pub cgroup: CgroupChoice,
}

/// Decides what new sessions are held to.
#[derive(Debug)]
pub struct Confiner {
    options: ConfinementOptions,
    machine: Machine,
}

impl Confiner {
    /// Looks at the machine.
    ///
    /// # Errors
    /// If control groups were to be made in a place where they cannot.
    pub fn new(options: ConfinementOptions) -> Result<Self, MachineError> {
        let machine = Machine::look(&options.cgroup)?;
        let confiner = Self { options, machine };
        if let Some(problem) = confiner.problem() {
            tracing::warn!(problem, "some limits of sessions do not hold");
        }
        Ok(confiner)
    }

    /// Defaults or ceilings that this machine cannot hold sessions to, and why.
    pub fn problem(&self) -> Option<String> {
        plan::dropped(&self.options, &self.machine)
    }

    /// What limits are held by here, in a sentence.
    pub fn mechanisms(&self) -> String {
        self.machine.to_string()
    }

    /// Whether sessions can run as another Unix user than the server.
    pub fn may_run_as(&self) -> bool {
        self.machine.is_root
    }

    /// The Unix user a session of `owner` is to run as; none: the server's own.
    ///
    /// # Errors
    /// [`SessionError::Invalid`] if the server is not root, or for a user that is none or must not be used.
    pub(super) async fn account(
        &self,
        run_as: Option<&str>,
        owner: Option<&str>,
    ) -> Result<Option<Account>, SessionError> {
        let Some(name) = run_as else { return Ok(None) };
        if !self.may_run_as() {
            return Err(account::not_root());
        }
        let personal = owner == Some(name);
        Account::find(name, personal).await.map(Some)
    }

    /// Holds the session of `spec` to what was asked for and what the server is set to.
    ///
    /// # Errors
    /// [`SessionError::Invalid`] with the limit that makes no sense, is beyond its ceiling, or cannot be held here.
    pub(super) fn apply(
        &self,
        spec: &mut Spec,
        asked: &ResourceLimits,
        account: Option<&Account>,
    ) -> Result<(), SessionError> {
        let planned = plan(asked, &self.options, &self.machine, spec.manifest.session)?;
        if let Some(account) = account {
            account.enter(spec);
        }
        spec.manifest.run_as = account.map(|account| account.user.name.clone());
        spec.manifest.limits = planned.limits;
        spec.manifest.cgroup = planned.cgroup.as_ref().map(|cgroup| cgroup.directory.clone());
        let confinement = Confinement {
            user: account.map(|account| account.user.clone()),
            cgroup: planned.cgroup,
            address_space_max_bytes: planned.address_space_max_bytes,
            cpu_time_max_s: planned.limits.cpu_time_max_s.map(|limit| limit.value),
        };
        spec.confinement = (confinement != Confinement::default()).then_some(confinement);
        Ok(())
    }

    /// Plans the control group of a session, if it is to have one, below the scope its holder `pid` is in; not where the
    /// server was told another place.
    pub(super) async fn settle_below(&self, scope: String, pid: u32, spec: &mut Spec) {
        if self.options.cgroup == CgroupChoice::Delegated {
            below_scope::settle_below(scope, pid, spec).await;
        }
    }

    /// What to ask for to repeat a session with these limits: as before, but never beyond a ceiling set since.
    pub(super) fn again(&self, limits: &LimitsInForce) -> ResourceLimits {
        plan::within(&limits.asked(), &self.options.ceilings)
    }
}
