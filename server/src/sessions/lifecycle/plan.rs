//! What is to be done with which session, and why. Pure: time and everything known are arguments, nothing is done.
//!
//! Lifetimes of running sessions are measured by the monotonic clock, so no clock that is set can end one. What
//! concerns ended sessions is measured by the wall clock, and only while that can be trusted.

use std::collections::{BTreeMap, HashSet};

use sempre_protocol::SessionId;
use sempre_protocol::holder::EndReason;

/// The time a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock, ms.
    pub monotonic_ms: u64,
    /// The wall clock, ms since the Unix epoch.
    pub wall_ms: u64,
    /// Whether the wall clock may decide what cannot be undone.
    pub wall_is_trusted: bool,
}

/// How long ended sessions are kept, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepLimits {
    /// A completed session is archived this long after its end, ms; 0: never.
    pub retention_ms: u64,
    /// An archived session is forgotten this long after its end, ms; 0: never.
    pub archive_retention_ms: u64,
    /// The journal of a completed session is compressed this long after its end, ms; 0: never.
    pub compress_after_ms: u64,
    /// Archived sessions kept at most; the ones that ended first go.
    pub max_archived: usize,
    /// Running sessions in a group beyond this are ended, idle ones first come; none: only creating is refused.
    pub end_idle_beyond_group: Option<usize>,
}

/// What a plan knows of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// Which.
    pub id: SessionId,
    /// Its group.
    pub group: Option<String>,
    /// Where it stands.
    pub stage: Stage,
}

/// Where a session stands, as far as a plan cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its process runs.
    Active {
        /// Time to live since the last activity, seconds; 0: for ever.
        ttl_s: u64,
        /// How long it may be idle, seconds; 0: for ever.
        idle_s: u64,
        /// The last activity by the monotonic clock, ms.
        last_activity_ms: u64,
        /// Someone is attached, or its holder does not answer: it must not be ended now.
        held: bool,
        /// A known shell waits at its prompt and nothing else runs in its terminal.
        at_prompt: bool,
    },
    /// Its process has ended; the journal is there.
    Completed {
        /// When, ms since the Unix epoch.
        ended_at_ms: u64,
        /// Someone is attached and reads it.
        held: bool,
        /// Nothing is left to compress.
        compressed: bool,
    },
    /// Only its row is left.
    Archived {
        /// When it ended, ms since the Unix epoch.
        ended_at_ms: u64,
    },
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// End the running session.
    End {
        /// Which.
        id: SessionId,
        /// Why.
        reason: EndReason,
    },
    /// Keep its row, summary and last screen, and drop its journal.
    Archive(SessionId),
    /// Forget it.
    Prune(SessionId),
    /// Compress its journal.
    Compress(SessionId),
}

impl Action {
    /// The session it is about.
    pub fn id(self) -> SessionId {
        match self {
            Self::End { id, .. } | Self::Archive(id) | Self::Prune(id) | Self::Compress(id) => id,
        }
    }
}

/// What is due: running sessions to end, then what to archive, to prune, to compress; within each the one that has
/// waited longest first. At most one action a session. The same rows at the same time give the same plan; once it is
/// done, nothing is due any more.
pub fn plan(now: Now, rows: &[PlanRow], limits: &KeepLimits) -> Vec<Action> {
    let mut actions = expired(now, rows);
    if let Some(most) = limits.end_idle_beyond_group {
        let ending = actions.iter().map(|action| action.id()).collect();
        actions.extend(beyond_group(rows, most, &ending));
    }
    actions.extend(archive(now, rows, limits));
    actions.extend(prune(now, rows, limits));
    actions.extend(compress(now, rows, limits));
    actions
}

/// Why and when a running session is due, ms of the monotonic clock. None: never.
///
/// Of both reasons the earlier one; that it really is idle is not asked.
pub fn due(ttl_s: u64, idle_s: u64, last_activity_ms: u64) -> Option<(u64, EndReason)> {
    let at = |seconds: u64| last_activity_ms.saturating_add(seconds.saturating_mul(1000));
    let ttl = (ttl_s > 0).then(|| (at(ttl_s), EndReason::Ttl));
    let idle = (idle_s > 0).then(|| (at(idle_s), EndReason::Idle));
    ttl.into_iter().chain(idle).min_by_key(|&(at, _)| at)
}

/// The idle session of a group that has been quiet longest: the one that makes room for another (P9).
pub fn oldest_idle<'a>(rows: &'a [PlanRow], group: &str, spared: &HashSet<SessionId>) -> Option<&'a PlanRow> {
    let mut idle: Vec<_> = rows
        .iter()
        .filter(|row| row.group.as_deref() == Some(group) && !spared.contains(&row.id))
        .filter_map(|row| match row.stage {
            Stage::Active {
                last_activity_ms,
                held: false,
                at_prompt: true,
                ..
            } => Some((last_activity_ms, row.id, row)),
            _ => None,
        })
        .collect();
    idle.sort_by_key(|&(activity, id, _)| (activity, id));
    idle.first().map(|&(_, _, row)| row)
}

fn expired(now: Now, rows: &[PlanRow]) -> Vec<Action> {
    let mut found: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((ends(now, row)?, row.id)))
        .collect();
    found.sort_by_key(|&((activity, _), id)| (activity, id));
    let end = |((_, reason), id)| Action::End { id, reason };
    found.into_iter().map(end).collect()
}

/// The last activity of a session that is to be ended, and why.
fn ends(now: Now, row: &PlanRow) -> Option<(u64, EndReason)> {
    let Stage::Active {
        ttl_s,
        idle_s,
        last_activity_ms,
        held: false,
        at_prompt,
    } = row.stage
    else {
        return None;
    };
    let idle_s = if at_prompt { idle_s } else { 0 };
    let (at, reason) = due(ttl_s, idle_s, last_activity_ms)?;
    (at <= now.monotonic_ms).then_some((last_activity_ms, reason))
}

fn beyond_group(rows: &[PlanRow], most: usize, ending: &HashSet<SessionId>) -> Vec<Action> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        if let (Some(group), Stage::Active { .. }) = (&row.group, row.stage)
            && !ending.contains(&row.id)
        {
            *counts.entry(group).or_default() += 1;
        }
    }
    let mut spared = ending.clone();
    let mut actions = Vec::new();
    for (group, count) in counts {
        for _ in most..count {
            let Some(row) = oldest_idle(rows, group, &spared) else {
                break;
            };
            spared.insert(row.id);
            actions.push(Action::End {
                id: row.id,
                reason: EndReason::GroupLimit,
            });
        }
    }
    actions
}

/// Whether `after_ms` has passed since the end; never for 0.
fn passed(now_ms: u64, ended_at_ms: u64, after_ms: u64) -> bool {
    after_ms > 0 && now_ms.saturating_sub(ended_at_ms) >= after_ms
}

fn oldest_first(mut found: Vec<(u64, SessionId)>) -> Vec<SessionId> {
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}

fn archive(now: Now, rows: &[PlanRow], limits: &KeepLimits) -> Vec<Action> {
    if !now.wall_is_trusted {
        return Vec::new();
    }
    let due = rows.iter().filter_map(|row| match row.stage {
        Stage::Completed {
            ended_at_ms,
            held: false,
            ..
        } if passed(now.wall_ms, ended_at_ms, limits.retention_ms) => Some((ended_at_ms, row.id)),
        _ => None,
    });
    oldest_first(due.collect())
        .into_iter()
        .map(Action::Archive)
        .collect()
}

fn prune(now: Now, rows: &[PlanRow], limits: &KeepLimits) -> Vec<Action> {
    let archived = rows.iter().filter_map(|row| match row.stage {
        Stage::Archived { ended_at_ms } => Some((ended_at_ms, row.id)),
        _ => None,
    });
    let mut archived: Vec<_> = archived.collect();
    archived.sort_unstable();
    let surplus = archived.len().saturating_sub(limits.max_archived);
    let due = archived
        .iter()
        .enumerate()
        .filter(|&(number, &(ended_at_ms, _))| {
            let old = now.wall_is_trusted && passed(now.wall_ms, ended_at_ms, limits.archive_retention_ms);
            old || number < surplus
        });
    due.map(|(_, &(_, id))| Action::Prune(id)).collect()
}

/// Compressing loses nothing, so the wall clock is believed.
fn compress(now: Now, rows: &[PlanRow], limits: &KeepLimits) -> Vec<Action> {
    let due = rows.iter().filter_map(|row| match row.stage {
        Stage::Completed {
            ended_at_ms,
            held,
            compressed: false,
        } => {
            let goes = now.wall_is_trusted && !held && passed(now.wall_ms, ended_at_ms, limits.retention_ms);
            let due = !goes && passed(now.wall_ms, ended_at_ms, limits.compress_after_ms);
            due.then_some((ended_at_ms, row.id))
        }
        _ => None,
    });
    oldest_first(due.collect())
        .into_iter()
        .map(Action::Compress)
        .collect()
}

#[cfg(test)]
mod tests;
