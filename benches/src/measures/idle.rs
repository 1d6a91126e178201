//! CPU time used while nothing happens: no polling, no ticking.

use std::time::Duration;

use super::{Measure, Round, Row, ready};
use crate::contender::{Column, Manner, Server};

const SESSIONS: usize = 10;
const IDLE: Duration = Duration::from_secs(30);
const QUIET: [&str; 3] = ["sh", "-c", "printf ready; exec sleep 100000"];

/// Ten sessions and silence.
pub(crate) struct Idle;

impl Measure for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn rows(&self) -> Vec<Row> {
        vec![Row::plain("CPU in 30 s of silence with 10 sessions, ms", 0, "0")]
    }

    fn takes(&self, column: Column) -> bool {
        column != Column::Raw
    }

    fn most_rounds(&self) -> usize {
        1
    }

    fn round(&self, server: &dyn Server) -> anyhow::Result<Round> {
        let sessions = (0..SESSIONS).map(|_| ready(server, &QUIET, Manner::Page).map(|(session, _)| session));
        let sessions = sessions.collect::<anyhow::Result<Vec<_>>>()?;
        std::thread::sleep(server.rest());
        let pids = server.pids()?;
        let before = pids.cpu()?;
        std::thread::sleep(IDLE);
        let after = pids.cpu()?;
        sessions.iter().try_for_each(|session| server.end(session))?;
        let used_s = after.server_s + after.holders_s - before.server_s - before.holders_s;
        Ok(vec![Some(used_s * 1e3)])
    }
}
