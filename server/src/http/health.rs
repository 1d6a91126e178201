//! `GET /api/v1/health` (rows T1, K9): how the server is, and what to do where it is not well.

use axum::Json;
use axum::extract::State;
use sempre_protocol::api::{Health, HealthCheck, HealthStatus};

use super::ServerState;

/// Less free space than this in the data directory is worth a warning, bytes.
const LOW_SPACE_BYTES: u64 = 256 * 1024 * 1024;

/// Answers 200 also when degraded: sessions go on.
pub(super) async fn health(State(state): State<ServerState>) -> Json<Health> {
    Json(report(&state))
}

/// Looks at everything.
pub(super) fn report(state: &ServerState) -> Health {
    let checks = vec![
        disk(state),
        database(state),
        holders(state),
        directories(state),
        shells(state),
    ];
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

fn database(state: &ServerState) -> HealthCheck {
    let problem = state.registry().store_problem();
    check("database", problem, "sessions are recorded")
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
