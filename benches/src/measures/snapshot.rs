//! How long the making of a snapshot takes by itself, in the server, of plain lines of 120 columns.

use std::time::Instant;

use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen as _};

use super::{Measure, Round, Row, ready};
use crate::contender::{Column, Manner, Server};
use crate::spread::{percentile, sorted};
use crate::workload::{Workload, plain_line};

/// Snapshots per round.
const TIMES: usize = 5;
const SHOW: &str = "cat \"$1\"; printf ready; exec sleep 1000";

/// A screen with many lines above it.
pub(crate) struct Snapshot {
    lines: usize,
    text: Workload,
    engine: Engine,
}

impl Snapshot {
    pub(crate) fn new(lines: usize) -> anyhow::Result<Self> {
        let mut engine = Engine::new(Size::DEFAULT, lines, Offset::ZERO);
        for number in 0..lines {
            engine.feed(plain_line(number).replace('\n', "\r\n").as_bytes());
        }
        Ok(Self {
            lines,
            text: Workload::of_lines(lines, plain_line)?,
            engine,
        })
    }

    fn by_engine(&self) -> (f64, usize) {
        let started = Instant::now();
        let ansi = self.engine.snapshot(self.lines);
        (started.elapsed().as_secs_f64() * 1e3, ansi.len())
    }

    fn by_server(&self, server: &dyn Server) -> anyhow::Result<Vec<(f64, usize)>> {
        let path = self.text.path();
        let (session, viewer) = ready(server, &["sh", "-c", SHOW, "sh", &path], Manner::EveryByte)?;
        drop(viewer);
        let made = (0..TIMES).map(|_| server.snapshot(&session));
        let made = made.collect::<anyhow::Result<Option<Vec<_>>>>()?;
        server.end(&session)?;
        Ok(made.unwrap_or_default())
    }
}

impl Measure for Snapshot {
    fn name(&self) -> &'static str {
        "snapshot"
    }

    fn rows(&self) -> Vec<Row> {
        let lines = self.lines;
        let goal = if lines > 5_000 { "≤ 8" } else { "≤ 0.5" };
        vec![
            Row::plain(format!("snapshot of {lines} plain lines, ms"), 2, goal),
            Row::plain("… its size, KB", 0, ""),
        ]
    }

    /// The others have no screen.
    fn takes(&self, column: Column) -> bool {
        matches!(column, Column::Node | Column::Sempre)
    }

    fn scrollback(&self) -> usize {
        self.lines
    }

    /// The node server tells its own time; of Sempre the engine is measured in this process.
    fn round(&self, server: &dyn Server) -> anyhow::Result<Round> {
        let made = match server.column() {
            Column::Sempre => (0..TIMES).map(|_| self.by_engine()).collect(),
            _ => self.by_server(server)?,
        };
        let bytes = made.first().map(|&(_, bytes)| bytes as f64 / 1e3);
        let ms = percentile(&sorted(made.into_iter().map(|(ms, _)| ms)), 0.5);
        Ok(vec![Some(ms), bytes])
    }
}
