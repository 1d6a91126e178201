//! Statistics of all sessions (row L6): those with a directory as they are, archived ones from the database.

use sempre_protocol::api::SessionState;
use sempre_protocol::stats::{
    LongSessions, MAX_LONG_SESSIONS, RECENT_SESSIONS, Stats, StatsSession, StatusCounts,
};

use super::{Registry, SessionError};
use crate::calendar::rfc3339;

/// A session that has been active for longer than this is one that runs for long, ms.
const LONG_MS: u64 = 24 * 60 * 60 * 1000;

/// What statistics know of a session.
struct Known {
    started_at_ms: u64,
    session: StatsSession,
}

impl Registry {
    /// Counts, the newest sessions, and those that run for long.
    ///
    /// # Errors
    /// [`SessionError::Store`] when archived sessions cannot be read.
    pub async fn stats(&self) -> Result<Stats, SessionError> {
        let (archived, newest_archived) = self.newest_archived(RECENT_SESSIONS).await?;
        let mut known: Vec<Known> = self
            .sessions()
            .iter()
            .map(|session| {
                let manifest = session.manifest();
                let status = match session.exit() {
                    None => SessionState::Active,
                    Some(_) => SessionState::Completed,
                };
                Known {
                    started_at_ms: manifest.started_at_ms,
                    session: StatsSession {
                        session_id: session.id(),
                        status,
                        shell: manifest.shell.clone(),
                        started_at: rfc3339(manifest.started_at_ms),
                    },
                }
            })
            .collect();
        let with_directory = known.len() as u64;
        let long = long_sessions(&known, self.clock().wall_ms());
        let active = known.iter().filter(|known| is_active(known)).count() as u64;
        known.extend(newest_archived.into_iter().map(|row| Known {
            started_at_ms: row.started_at,
            session: StatsSession {
                session_id: row.id,
                status: row.state,
                shell: row.shell,
                started_at: rfc3339(row.started_at),
            },
        }));
        known.sort_by_key(|known| (std::cmp::Reverse(known.started_at_ms), known.session.session_id));
        known.truncate(RECENT_SESSIONS);
        Ok(Stats {
            by_status: StatusCounts {
                active,
                completed: with_directory - active,
                archived,
            },
            recent: known.into_iter().map(|known| known.session).collect(),
            active_longer_than_a_day: long,
        })
    }
}

fn is_active(known: &Known) -> bool {
    known.session.status == SessionState::Active
}

fn long_sessions(known: &[Known], now_ms: u64) -> LongSessions {
    let is_long = |known: &&Known| is_active(known) && now_ms.saturating_sub(known.started_at_ms) > LONG_MS;
    let mut long: Vec<_> = known.iter().filter(is_long).collect();
    long.sort_by_key(|known| (known.started_at_ms, known.session.session_id));
    LongSessions {
        count: long.len() as u64,
        sessions: long
            .into_iter()
            .take(MAX_LONG_SESSIONS)
            .map(|known| known.session.clone())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use sempre_protocol::SessionId;

    use super::*;

    #[test]
    fn l6_only_active_sessions_older_than_a_day_run_for_long() {
        let known = |number: u16, started_at_ms, status| {
            let [a, b] = number.to_be_bytes();
            Known {
                started_at_ms,
                session: StatsSession {
                    session_id: SessionId::from_bytes([a, b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
                    status,
                    shell: "sh".into(),
                    started_at: rfc3339(started_at_ms),
                },
            }
        };
        let mut all = vec![
            known(0, 1000, SessionState::Completed),
            known(1, 2000, SessionState::Active),
            known(2, 1000, SessionState::Active),
            known(3, 2001, SessionState::Active),
        ];
        let long = long_sessions(&all, 2001 + LONG_MS);
        let ids: Vec<_> = long.sessions.iter().map(|session| session.session_id).collect();
        assert_eq!(
            (long.count, ids),
            (2, vec![all[2].session.session_id, all[1].session.session_id])
        );
        all.extend((4..300).map(|number| known(number, 1, SessionState::Active)));
        let long = long_sessions(&all, 2001 + LONG_MS);
        assert_eq!((long.count, long.sessions.len()), (298, MAX_LONG_SESSIONS));
    }
}
