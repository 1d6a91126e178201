//! `GET /api/v1/health` (rows T1, K9, P10): how the server is, and what to do where it is not well.

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use rustix::fs::Access;
use sempre_protocol::api::{Health, HealthCheck, HealthStatus};

use super::ServerState;
use super::proof::{OnServer, Viewer};
use crate::doctor::port_owner::{self, Listeners};
use crate::measure;
use crate::sessions::scopes;

/// Less free space than this in the data directory is worth a warning, bytes.
const LOW_SPACE_BYTES: u64 = 256 * 1024 * 1024;

/// Ports on which terminal servers are looked for (K2).
const TERMINAL_PORTS: RangeInclusive<u16> = 8080..=8085;

/// Answers 200 also when degraded: sessions go on.
pub(super) async fn health(_: OnServer<Viewer>, State(state): State<ServerState>) -> Json<Health> {
    Json(report(&state).await)
}

/// Looks at everything.
pub(super) async fn report(state: &ServerState) -> Health {
    let mut checks = vec![
        disk(state),
        database(state),
        access_database(state),
        holders(state),
        directories(state),
        shells(state),
        default_shell(state),
        holder_program(state),
        session_limits(state),
        holder_scopes(state),
    ];
    checks.extend(workers(state));
    let found = tokio::task::spawn_blocking(|| port_owner::listeners(TERMINAL_PORTS)).await;
    checks.push(competitors(&found.unwrap_or_default()));
    Health {
        status: checks
            .iter()
            .map(|check| check.status)
            .max()
            .unwrap_or(HealthStatus::Ok),
        active_sessions: u32::try_from(state.registry().active_count()).unwrap_or(u32::MAX),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime: state.uptime_s(),
        screens: u32::try_from(state.registry().screen_count()).unwrap_or(u32::MAX),
        recovery: measure::recovery(),
        checks,
    }
}

fn check(name: &str, problem: Option<String>, fine: impl Into<String>) -> HealthCheck {
    let status = if problem.is_some() {
        HealthStatus::Degraded
    } else {
        HealthStatus::Ok
    };
    HealthCheck {
        name: name.to_owned(),
        status,
        message: problem.unwrap_or_else(|| fine.into()),
    }
}

fn disk(state: &ServerState) -> HealthCheck {
    let root = state.registry().data_dir().root();
    let shown = root.display();
    match rustix::fs::statvfs(root) {
        Ok(_) if let Some(problem) = unwritable(state) => check("data_directory", Some(problem), ""),
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let mib = free / (1024 * 1024);
            let low = free < LOW_SPACE_BYTES;
            let problem =
                low.then(|| format!("only {mib} MiB are free in {shown}; free some or sessions lose output"));
            check(
                "data_directory",
                problem,
                format!("{mib} MiB are free in {shown}"),
            )
        }
        Err(error) => check(
            "data_directory",
            Some(format!("cannot look at {shown}: {error}; is it mounted?")),
            "",
        ),
    }
}

/// What keeps new sessions from being made, and running ones from beginning new files.
fn unwritable(state: &ServerState) -> Option<String> {
    let root = state.registry().data_dir().root();
    let sessions = root.join("sessions");
    let refused = [root, &sessions].into_iter().find_map(|directory| {
        let access = rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK);
        Some((directory, std::io::Error::from(access.err()?)))
    });
    refused.map(|(directory, error)| {
        format!(
            "cannot write in {}: {error}; running sessions go on as long as their files have room, new ones cannot be \
             made; mend its permissions or its mount",
            directory.display()
        )
    })
}

fn database(state: &ServerState) -> HealthCheck {
    let problem = state.registry().store_problem();
    check("database", problem, "sessions are recorded")
}

fn access_database(state: &ServerState) -> HealthCheck {
    let problem = state.doors().problem().map(str::to_owned);
    check("access_database", problem, "keys, users and logins are kept")
}

fn holders(state: &ServerState) -> HealthCheck {
    let sessions = state.registry().list();
    let troubled: Vec<_> = sessions
        .iter()
        .filter_map(|session| {
            Some(format!(
                "session {}: {}",
                session.session_id,
                session.problem.as_ref()?
            ))
        })
        .collect();
    let problem = (!troubled.is_empty()).then(|| troubled.join("; "));
    check("holders", problem, "every holder answers")
}

fn directories(state: &ServerState) -> HealthCheck {
    let unreadable = state.registry().unreadable();
    let problem = (!unreadable.is_empty())
        .then(|| format!("{}; look at them or move them away", unreadable.join("; ")));
    check(
        "session_directories",
        problem,
        "every session directory can be read",
    )
}

fn session_limits(state: &ServerState) -> HealthCheck {
    let confiner = state.registry().confiner();
    check("session_limits", confiner.problem(), confiner.mechanisms())
}

/// Units of systemd around holders.
fn holder_scopes(state: &ServerState) -> HealthCheck {
    let scopes = state.registry().scopes();
    check(scopes::HEALTH_CHECK, scopes.problem(), scopes.state())
}

fn shells(state: &ServerState) -> HealthCheck {
    let shells = state.registry().shells();
    let problem = shells
        .installed
        .is_empty()
        .then(|| "no known shell is on the PATH; install one such as bash".to_owned());
    check(
        "shells",
        problem,
        format!("installed: {}", shells.installed.join(", ")),
    )
}

/// Sessions that name no shell are started with this one.
fn default_shell(state: &ServerState) -> HealthCheck {
    let shells = state.registry().shells();
    let shown = &shells.default;
    match state.registry().default_shell() {
        Some(program) => check("default_shell", None, format!("{shown} is {}", program.display())),
        None => {
            let problem = format!("the shell {shown} is gone; install it or name another one with --shell");
            check("default_shell", Some(problem), "")
        }
    }
}

/// No session can be started without it.
fn holder_program(state: &ServerState) -> HealthCheck {
    let holder = state.registry().holder_program();
    let shown = holder.display();
    let gone = rustix::fs::access(holder, rustix::fs::Access::EXEC_OK).err();
    let problem = gone.map(|error| format!("cannot run {shown}: {error}; put sempre-holder back there"));
    check("holder_program", problem, format!("{shown} is there"))
}

fn workers(state: &ServerState) -> Option<HealthCheck> {
    let workers = state.workers()?;
    let info = workers.info();
    let fine = format!(
        "of {} workers {} wait and {} answer",
        info.size, info.ready, info.busy
    );
    let problem = workers
        .problem()
        .map(|problem| format!("a worker does not start: {problem}; look at --worker-command"));
    Some(check("workers", problem, fine))
}

/// Other servers on the ports of terminals get what is meant for this one, if it listens there too.
fn competitors(found: &Listeners) -> HealthCheck {
    let (first, last) = (TERMINAL_PORTS.start(), TERMINAL_PORTS.end());
    let others: Vec<_> = found
        .others
        .iter()
        .map(|(port, owner)| match owner {
            Some(owner) => format!("{owner} on {port}"),
            None => format!("a program of another user on {port}"),
        })
        .collect();
    let said = match others.as_slice() {
        [] => format!("nobody else listens on {first} to {last}"),
        others => format!("on the ports {first} to {last} listens {}", others.join(", ")),
    };
    let competes = !found.own.is_empty() && !others.is_empty();
    let problem = competes.then(|| format!("{said}; stop what is another terminal server"));
    check("competing_listeners", problem, said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::port_owner::Owner;

    #[test]
    fn k9_another_server_on_the_ports_of_terminals_is_named() {
        let node = Owner {
            pid: 7,
            program: "node".into(),
        };
        let found = |own: &[u16], others: &[(u16, Option<Owner>)]| {
            competitors(&Listeners {
                own: own.to_vec(),
                others: others.to_vec(),
            })
        };
        assert_eq!(found(&[8084], &[]).status, HealthStatus::Ok);
        let both = found(&[8084], &[(8081, Some(node.clone())), (8084, None)]);
        assert_eq!(both.status, HealthStatus::Degraded);
        assert!(both.message.contains("node (pid 7) on 8081"), "{}", both.message);
        assert!(both.message.contains("another user on 8084"), "{}", both.message);
        let elsewhere = found(&[], &[(8080, Some(node))]);
        assert_eq!(elsewhere.status, HealthStatus::Ok);
        assert!(elsewhere.message.contains("node"), "{}", elsewhere.message);
    }
}
