//! PTYs of a group, as the routes of row P1 know them: sessions with a group, an idle time and a place among ten.

use std::sync::Arc;

use sempre_protocol::api::CreateSession;
use sempre_protocol::compat::pty::{CreatePty, PtyInfo, PtyStatus};
use sempre_protocol::holder::EndReason;

use super::{Limits, Registry, Session, SessionError};
use crate::calendar::rfc3339;

/// How long a PTY may wait idle unless its request says otherwise, seconds (P9).
pub const IDLE_S: u64 = 30 * 60;
/// Running sessions of a group to which these routes add another; beyond it an idle one has to go (P9).
pub const MAX_PTYS_PER_GROUP: usize = 10;

/// The name of the limit.
const LIMIT: &str = "max_sessions_per_group";

/// Who makes a PTY.
#[derive(Debug, Clone, Default)]
pub struct Maker {
    /// Whom it belongs to; none: whoever has the server's own token.
    pub owner: Option<String>,
    /// The Unix user it runs as; none: the server's own.
    pub run_as: Option<String>,
}

/// Starts a PTY in `group`. If ten run there already, the one that has been idle longest is ended first; only sessions
/// with an idle time can be chosen.
///
/// # Errors
/// [`SessionError::Limit`] if none of them is idle; else as [`Registry::create`].
pub async fn create(
    registry: &Arc<Registry>,
    group: &str,
    request: CreatePty,
    maker: Maker,
) -> Result<Arc<Session>, SessionError> {
    let limits = Limits {
        max_sessions_per_group: MAX_PTYS_PER_GROUP.min(registry.limits().max_sessions_per_group),
        ..registry.limits()
    };
    let request = CreateSession {
        cmd: request.cmd,
        cols: request.cols,
        rows: request.rows,
        cwd: request.cwd,
        env: request.env,
        group: Some(group.to_owned()),
        idle: Some(request.idle.unwrap_or(IDLE_S)),
        ttl: Some(0),
        run_as: maker.run_as,
        ..CreateSession::default()
    };
    loop {
        match registry
            .create_within(request.clone(), &limits, maker.owner.clone())
            .await
        {
            Err(full @ SessionError::Limit { limit: LIMIT, .. }) => {
                if !registry.end_oldest_idle(group).await? {
                    return Err(full);
                }
            }
            outcome => return outcome,
        }
    }
}

/// The PTYs of `group`, newest first: all of its sessions but those that someone ended.
pub fn list(registry: &Registry, group: &str) -> Vec<Arc<Session>> {
    let mut sessions = registry.sessions();
    sessions.retain(|session| is_pty_of(session, group));
    sessions.sort_by_key(|session| (std::cmp::Reverse(session.manifest().started_at_ms), session.id()));
    sessions
}

/// Whether these routes show `session` in `group`.
pub fn is_pty_of(session: &Session, group: &str) -> bool {
    let deleted = session.exit().is_some_and(|exit| exit.reason == EndReason::Ended);
    session.manifest().group.as_deref() == Some(group) && !deleted
}

/// The session as these routes show it.
pub fn info(session: &Session) -> PtyInfo {
    let (status, manifest) = (session.status(), session.manifest());
    PtyInfo {
        pty_id: session.id(),
        cmd: manifest.cmd.clone(),
        cwd: manifest.cwd.clone(),
        cols: status.size.cols,
        rows: status.size.rows,
        status: match status.exit {
            None => PtyStatus::Running,
            Some(_) => PtyStatus::Exited,
        },
        pid: status.pid.filter(|_| status.exit.is_none()),
        exit: status.exit.map(|exit| exit.status.into()),
        created_at: rfc3339(manifest.started_at_ms),
        last_activity: session.activity().wall_ms,
    }
}
