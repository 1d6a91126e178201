//! How long until one who comes back has the whole screen: from connecting to the last line, uncompressed.

use std::time::Instant;

use super::{Measure, Round, Row, ready, wait_for};
use crate::contender::{Column, Manner, Server};
use crate::spread::{percentile, sorted};
use crate::workload::{Workload, plain_line};

/// Times one comes back per round.
const TIMES: usize = 5;
/// Rows above the screen that Sempre sends unasked.
const ROWS_SENT: usize = 5_000;
const SHOW: &str = "cat \"$1\"; printf ready; exec sleep 1000";

/// A session that has printed many lines.
pub(crate) struct Reattach {
    lines: usize,
    text: Workload,
}

impl Reattach {
    pub(crate) fn new(lines: usize) -> anyhow::Result<Self> {
        Ok(Self {
            lines,
            text: Workload::of_lines(lines, plain_line)?,
        })
    }

    /// Milliseconds from connecting to the last line on the screen.
    fn back_ms(server: &dyn Server, session: &str, manner: Manner) -> anyhow::Result<f64> {
        let started = Instant::now();
        let mut viewer = server.attach(session, manner)?;
        wait_for(viewer.as_mut(), b"ready")?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    }
}

impl Measure for Reattach {
    fn name(&self) -> &'static str {
        "reattach"
    }

    fn rows(&self) -> Vec<Row> {
        let lines = self.lines;
        let goal = if lines > ROWS_SENT { "≤ 20" } else { "≤ 15" };
        let mut rows = vec![
            Row::plain(
                format!("reattach after {lines} lines, to the full screen, ms"),
                1,
                goal,
            ),
            Row::plain("… after a rest, nobody watching", 1, ""),
        ];
        if lines > ROWS_SENT {
            rows.push(Row::plain(format!("… with all {lines} lines"), 1, ""));
        }
        rows
    }

    /// A raw PTY shows nothing again.
    fn takes(&self, column: Column) -> bool {
        column != Column::Raw
    }

    fn most_rounds(&self) -> usize {
        5
    }

    fn scrollback(&self) -> usize {
        self.lines
    }

    fn round(&self, server: &dyn Server) -> anyhow::Result<Round> {
        let path = self.text.path();
        let (session, viewer) = ready(server, &["sh", "-c", SHOW, "sh", &path], Manner::EveryByte)?;
        drop(viewer);
        let times = (0..TIMES).map(|_| Self::back_ms(server, &session, Manner::Page));
        let soon_ms = percentile(&sorted(times.collect::<anyhow::Result<Vec<_>>>()?), 0.5);
        std::thread::sleep(server.rest());
        let late_ms = Self::back_ms(server, &session, Manner::Page)?;
        // The peers send what they have in any case.
        let all_ms = if server.column() == Column::Sempre && self.lines > ROWS_SENT {
            Some(Self::back_ms(server, &session, Manner::PageWithRows(self.lines))?)
        } else {
            None
        };
        server.end(&session)?;
        Ok(vec![Some(soon_ms), Some(late_ms), all_ms])
    }
}
