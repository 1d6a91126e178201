//! The lives of sessions after their start: what is due is looked up every few minutes, and done.
//!
//! What is due is decided by [`plan::plan`], which is pure; here is the rest: gathering what it needs to know, and
//! ending, compressing, archiving and forgetting.

mod archive;
pub mod plan;
mod prompt;
mod trusted_time;

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use sempre_protocol::SessionId;
use sempre_protocol::holder::EndReason;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::session::Session;
use super::{Registry, SessionError};
use plan::{Action, KeepLimits, Now, PlanRow, Stage, due};
use prompt::Processes;
use trusted_time::TrustedTime;

/// Sessions ended at once.
const MAX_ENDING: usize = 16;

/// When sessions end by themselves, and how long they are kept then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifePolicy {
    /// Time between two checks.
    pub check_interval: Duration,
    /// Time to live of sessions created without one, seconds (`SESSION_TTL_SECONDS`, T7); 0: for ever.
    pub default_ttl_s: u64,
    /// How long and how many ended sessions are kept.
    pub keep: KeepLimits,
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Default for LifePolicy {
    fn default() -> Self {
        Self {
            check_interval: Duration::from_secs(5 * 60),
            default_ttl_s: 3600,
            keep: KeepLimits {
                retention_ms: 7 * DAY_MS,
                archive_retention_ms: 90 * DAY_MS,
                compress_after_ms: 60 * 60 * 1000,
                max_archived: 10_000,
                end_idle_beyond_group: None,
            },
        }
    }
}

/// Checks every [`LifePolicy::check_interval`] until `stop` is cancelled. The first check comes after one interval,
/// so that clients of a server that was away have time to come back.
pub(super) async fn run(registry: Arc<Registry>, stop: CancellationToken) {
    let every = registry.policy().check_interval;
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut time = TrustedTime::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let clock = registry.clock();
        let (wall_ms, monotonic_ms) = (clock.wall_ms(), clock.monotonic_ms());
        let now = Now {
            monotonic_ms,
            wall_ms,
            wall_is_trusted: time.look(wall_ms, monotonic_ms).is_some(),
        };
        tokio::select! {
            // Each action is whole or not begun when it is dropped, or is finished at the next start.
            () = stop.cancelled() => return,
            () = check(&registry, now) => {}
        }
    }
}

async fn check(registry: &Arc<Registry>, now: Now) {
    registry.recorder().note_activity().await;
    let rows = match rows(registry, now).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::warn!(%error, "archived sessions cannot be read; nothing is cleaned up");
            return;
        }
    };
    let actions = plan::plan(now, &rows, &registry.policy().keep);
    let (ends, rest): (Vec<_>, Vec<_>) = actions
        .into_iter()
        .partition(|action| matches!(action, Action::End { .. }));
    stream::iter(ends)
        .for_each_concurrent(MAX_ENDING, |action| end(registry, &rows, action))
        .await;
    archive::perform(registry, rest).await;
}

/// What a plan has to know, of every session.
async fn rows(registry: &Arc<Registry>, now: Now) -> Result<Vec<PlanRow>, SessionError> {
    let sessions = registry.sessions();
    let group_matters = registry.policy().keep.end_idle_beyond_group.is_some();
    let asks = |session: &Session| {
        let manifest = session.manifest();
        let due = due(0, manifest.idle_s, session.activity().monotonic_ms);
        let may_be_idle = due.is_some_and(|(at, _)| at <= now.monotonic_ms);
        may_be_idle || (group_matters && manifest.group.is_some())
    };
    let processes = match sessions.iter().any(|session| asks(session)) {
        true => tokio::task::spawn_blocking(Processes::read)
            .await
            .unwrap_or_default(),
        false => Processes::default(),
    };
    let mut rows: Vec<_> = sessions.iter().map(|session| row(session, &processes)).collect();
    for archived in registry.archived_rows().await? {
        rows.push(PlanRow {
            id: archived.id,
            group: archived.group,
            stage: Stage::Archived {
                ended_at_ms: archived.ended_at.unwrap_or(archived.updated_at),
            },
        });
    }
    Ok(rows)
}

fn row(session: &Session, processes: &Processes) -> PlanRow {
    let held = session.roster().count() > 0;
    if held {
        // Being attached is activity as long as it lasts.
        session.touch();
    }
    let status = session.status();
    let manifest = session.manifest();
    let stage = match status.exit {
        Some(exit) => Stage::Completed {
            ended_at_ms: session.kept_from_ms(exit),
            held,
            compressed: session.is_compressed(),
        },
        None => Stage::Active {
            ttl_s: manifest.ttl_s,
            idle_s: manifest.idle_s,
            last_activity_ms: session.activity().monotonic_ms,
            // Without a pid no holder has answered yet.
            held: held || status.pid.is_none(),
            at_prompt: status.pid.is_some_and(|pid| processes.is_at_prompt(pid)),
        },
    };
    PlanRow {
        id: session.id(),
        group: manifest.group.clone(),
        stage,
    }
}

/// Ends a session unless something happened in it since the plan was made.
async fn end(registry: &Registry, rows: &[PlanRow], action: Action) {
    let Action::End { id, reason } = action else {
        return;
    };
    let Ok(session) = registry.get(id) else { return };
    if session.roster().count() > 0 || session.activity().monotonic_ms != planned_activity(rows, id) {
        return;
    }
    tracing::info!(session = %id, reason = reason.word(), "a session is ended");
    match session.end(reason).await {
        Ok(_) | Err(SessionError::Ended(_)) => {}
        Err(error) => {
            tracing::warn!(session = %id, %error, "could not end the session; the next check tries again")
        }
    }
}

fn planned_activity(rows: &[PlanRow], id: SessionId) -> u64 {
    let row = rows.iter().find(|row| row.id == id);
    match row.map(|row| row.stage) {
        Some(Stage::Active { last_activity_ms, .. }) => last_activity_ms,
        _ => u64::MAX,
    }
}

impl Registry {
    /// What a check would do now, without doing it: for a dry run. With `trust_clock` the wall clock decides as if
    /// it had been watched for long.
    ///
    /// # Errors
    /// [`SessionError::Store`] when archived sessions cannot be read.
    pub async fn due_actions(self: &Arc<Self>, trust_clock: bool) -> Result<Vec<Action>, SessionError> {
        let now = Now {
            monotonic_ms: self.clock().monotonic_ms(),
            wall_ms: self.clock().wall_ms(),
            wall_is_trusted: trust_clock,
        };
        Ok(plan::plan(now, &rows(self, now).await?, &self.policy().keep))
    }

    /// Ends the idle session of `group` that has been quiet longest, to make room for another (P9); false: none is
    /// idle. Only sessions with an idle time are looked at: the others were promised to stay.
    ///
    /// # Errors
    /// [`SessionError::Unreachable`].
    pub async fn end_oldest_idle(&self, group: &str) -> Result<bool, SessionError> {
        let processes = tokio::task::spawn_blocking(Processes::read)
            .await
            .unwrap_or_default();
        let mut sessions = self.sessions();
        sessions.retain(|session| session.manifest().idle_s > 0);
        let rows: Vec<_> = sessions.iter().map(|session| row(session, &processes)).collect();
        let Some(oldest) = plan::oldest_idle(&rows, group, &Default::default()) else {
            return Ok(false);
        };
        match self.get(oldest.id)?.end(EndReason::GroupLimit).await {
            Ok(_) | Err(SessionError::Ended(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }
}
