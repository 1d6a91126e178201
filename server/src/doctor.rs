//! Finding out what is wrong with a machine (rows K2, K3, K9, L5): six steps, each a list of checks. Looks and tells;
//! what it changes, [`fix`] does, and only when it is told to.

pub mod fix;
mod logs;
pub mod look;
pub mod port_owner;
mod ports;
mod processes;
mod programs;
mod report;
mod runtime;
mod supervision;

use std::ops::RangeInclusive;
use std::path::PathBuf;

pub use fix::Fix;
pub use look::Look;
use sempre_protocol::api::Health;

pub use report::{Check, Report, Status, Step};

/// What is looked at.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The data directory of the server that is examined.
    pub data_dir: PathBuf,
    /// The shell of sessions that name none.
    pub shell: String,
    /// Where shells are looked for, as `PATH` is written.
    pub search_path: String,
    /// `KIRO_APP_DIR`, if it is set (row K1).
    pub app_dir: Option<PathBuf>,
    /// Ports on which terminal servers are looked for.
    pub ports: Vec<RangeInclusive<u16>>,
    /// Files that are looked through for damage.
    pub logs: Vec<PathBuf>,
    /// Unix sockets the server is told to listen on.
    pub sockets: Vec<PathBuf>,
    /// What the server says of itself; none: there is none, or it does not answer.
    pub health: Option<Health>,
}

/// Takes all six steps. Blocks.
pub fn examine(subject: &Subject) -> Report {
    let server = processes::server_of(&subject.data_dir);
    let mut steps: Vec<Step> = Vec::new();
    let mut take = |title, checks: &mut dyn FnMut(&mut Look) -> Vec<Check>| {
        let mut look = Look::default();
        let checks = checks(&mut look);
        steps.push(Step {
            number: steps.len() + 1,
            title,
            checks,
            trace: look.into_trace(),
        });
    };
    take("runtime", &mut |look| runtime::check(look, subject));
    take("programs", &mut |look| programs::check(look, subject));
    take("ports", &mut |look| ports::check(look, subject, server));
    take("logs", &mut |look| logs::check(look, subject));
    take("processes", &mut |look| processes::check(look, subject, server));
    let mut advice = Vec::new();
    take("supervision", &mut |look| {
        let (mut checks, more) = supervision::check(look, server);
        checks.extend(supervision::scopes(look, subject.health.as_ref()));
        advice = more;
        checks
    });
    Report::new(steps, advice)
}
