//! Step 3: who listens on the ports of terminal servers. The examined server's own listeners compete with nobody.

use std::collections::BTreeSet;

use super::port_owner::{self, Owner};
use super::{Check, Look, Subject};
use crate::service::unit_of::unit_of;

pub(super) fn check(look: &mut Look, subject: &Subject, server: Option<u32>) -> Vec<Check> {
    let mut found = Vec::new();
    for ports in &subject.ports {
        look.note(format!(
            "read /proc/net/tcp and /proc/net/tcp6 for ports {} to {}",
            ports.start(),
            ports.end()
        ));
        match port_owner::all(ports.clone()) {
            Ok(listeners) => found.extend(listeners),
            Err(error) => {
                let message = format!("cannot read /proc/net/tcp: {error}");
                return vec![Check::unknown("listeners", message)];
            }
        }
    }
    look.note("readlink /proc/*/fd/* for their sockets");
    judge(&found, server, &shown(subject))
}

fn shown(subject: &Subject) -> String {
    let ranges = subject
        .ports
        .iter()
        .map(|ports| match (ports.start(), ports.end()) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        });
    ranges.collect::<Vec<_>>().join(", ")
}

fn judge(found: &[(u16, Option<Owner>)], server: Option<u32>, ports: &str) -> Vec<Check> {
    let is_own = |owner: &Option<Owner>| owner.as_ref().is_some_and(|owner| Some(owner.pid) == server);
    let own: Vec<_> = found.iter().filter(|(_, owner)| is_own(owner)).collect();
    let others: Vec<_> = found.iter().filter(|(_, owner)| !is_own(owner)).collect();
    let mut checks = Vec::new();
    for (port, _) in &own {
        checks.push(Check::ok("listener", format!("port {port}: this server")));
    }
    let owners: BTreeSet<_> = others
        .iter()
        .map(|(_, owner)| owner.as_ref().map(|owner| owner.pid))
        .collect();
    // One program alone on these ports may be the terminal server that is meant; two are one too many.
    let competes = !own.is_empty() || owners.len() > 1;
    for (port, owner) in others {
        let (who, mend) = match owner {
            Some(owner) => (owner.to_string(), stop(owner)),
            None => (
                "a program of another user".to_owned(),
                format!("sudo ss -ltnp 'sport = :{port}'"),
            ),
        };
        checks.push(match competes {
            true => Check::problem(
                "listener",
                format!("port {port}: {who} competes for these ports"),
                mend,
            ),
            false => Check::warning("listener", format!("port {port}: {who}, not this server"), mend),
        });
    }
    if checks.is_empty() {
        checks.push(Check::ok("listener", format!("nobody listens on {ports}")));
    }
    checks
}

fn stop(owner: &Owner) -> String {
    match unit_of(owner.pid) {
        Some(unit) if unit.is_users => format!("systemctl --user stop {}", unit.name),
        Some(unit) => format!("sudo systemctl stop {}", unit.name),
        None => format!("kill {}", owner.pid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    fn node(pid: u32) -> Option<Owner> {
        Some(Owner {
            pid,
            program: "node".into(),
        })
    }

    fn worst(found: &[(u16, Option<Owner>)], server: Option<u32>) -> Status {
        let checks = judge(found, server, "8080-8085");
        checks.iter().map(|check| check.status).max().unwrap()
    }

    #[test]
    fn k2_one_owner_is_fine_and_two_compete() {
        let none = u32::MAX;
        assert_eq!(worst(&[], None), Status::Ok);
        assert_eq!(worst(&[(8084, node(none))], Some(none)), Status::Ok);
        assert_eq!(
            worst(&[(8084, node(none)), (8085, node(none))], Some(none)),
            Status::Ok
        );
        assert_eq!(worst(&[(8084, node(none))], None), Status::Warning);
        assert_eq!(
            worst(&[(8080, node(none)), (8084, node(none - 1))], None),
            Status::Problem
        );
        assert_eq!(
            worst(&[(8080, None), (8084, node(none))], Some(none)),
            Status::Problem
        );
    }
}
