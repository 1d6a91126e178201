//! What quiet sessions cost: memory, and whether a key takes longer beside many of them.

use super::echo::keys;
use super::{Measure, Round, Row, ready};
use crate::contender::{Column, Manner, Server};
use crate::spread::percentile;

/// A process that has shown something and is silent.
const QUIET: [&str; 3] = ["sh", "-c", "printf ready; exec sleep 100000"];
/// A hundredth of them is enough to say what the worst cost, and one stall of the machine is not.
const KEYS: usize = 5000;

/// So many sessions that nobody watches.
pub(crate) struct Quiet {
    pub(crate) count: usize,
}

impl Measure for Quiet {
    fn name(&self) -> &'static str {
        "quiet"
    }

    fn rows(&self) -> Vec<Row> {
        let count = self.count;
        vec![
            Row::plain(
                format!("memory per quiet session, {count} sessions, KiB PSS"),
                0,
                "≤ 300",
            ),
            Row::against_raw(format!("echo beside {count} quiet sessions, p99, µs"), 0, "flat"),
        ]
    }

    fn most_rounds(&self) -> usize {
        if self.count > 100 { 1 } else { 3 }
    }

    fn wants_fresh_server(&self) -> bool {
        true
    }

    /// What the first session makes the server load is not a session's cost.
    fn warm_up(&self, server: &dyn Server) -> anyhow::Result<()> {
        open(server, 1).and_then(|sessions| end(server, &sessions))
    }

    fn round(&self, server: &dyn Server) -> anyhow::Result<Round> {
        std::thread::sleep(server.rest());
        let before = server.pids()?.pss_kib()?;
        let sessions = open(server, self.count)?;
        std::thread::sleep(server.rest());
        let after = server.pids()?.pss_kib()?;
        let times_us = keys(server, KEYS)?;
        end(server, &sessions)?;
        let per_session = (after - before) / self.count as f64;
        Ok(vec![
            Some(per_session).filter(|_| server.column() != Column::Raw),
            Some(percentile(&times_us, 0.99)),
        ])
    }
}

fn open(server: &dyn Server, count: usize) -> anyhow::Result<Vec<String>> {
    (0..count)
        .map(|_| ready(server, &QUIET, Manner::Page).map(|(session, _)| session))
        .collect()
}

fn end(server: &dyn Server, sessions: &[String]) -> anyhow::Result<()> {
    sessions.iter().try_for_each(|session| server.end(session))
}
