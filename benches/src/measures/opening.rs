//! How many sessions can be opened per second, one after the other, each until its first output is seen.

use std::time::Instant;

use super::{Measure, Round, Row, ready};
use crate::contender::{Manner, Server};

/// Sessions per round.
const COUNT: usize = 20;
const COMMAND: [&str; 3] = ["sh", "-c", "printf ready; exec cat"];

/// New sessions.
pub(crate) struct Opening;

impl Measure for Opening {
    fn name(&self) -> &'static str {
        "opening"
    }

    fn rows(&self) -> Vec<Row> {
        vec![Row::against_raw("sessions opened per second", 0, "≥ 0.8")]
    }

    fn warm_up(&self, server: &dyn Server) -> anyhow::Result<()> {
        self.round(server).map(drop)
    }

    fn round(&self, server: &dyn Server) -> anyhow::Result<Round> {
        let started = Instant::now();
        let mut open = Vec::new();
        for _ in 0..COUNT {
            open.push(ready(server, &COMMAND, Manner::Page)?);
        }
        let elapsed = started.elapsed();
        for (session, viewer) in open {
            drop(viewer);
            server.end(&session)?;
        }
        Ok(vec![Some(COUNT as f64 / elapsed.as_secs_f64())])
    }
}
