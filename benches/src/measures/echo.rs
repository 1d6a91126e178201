//! How long a key takes to come back when nothing else happens: viewer → server → PTY → program and all the way back.

use std::time::Instant;

use super::{Measure, Round, Row, ready, wait_for};
use crate::contender::{Manner, Server};
use crate::spread::{percentile, sorted};

/// Keys per round.
const KEYS: usize = 1000;
/// Keys before those that count.
const WARM_UP_KEYS: usize = 100;
/// Echoes each byte itself, so that the line discipline adds nothing.
const ECHO: [&str; 3] = ["sh", "-c", "stty raw -echo; printf ready; exec cat"];

/// Keys, one at a time.
pub(crate) struct Echo;

impl Measure for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn rows(&self) -> Vec<Row> {
        vec![
            Row::against_raw("echo, idle, p50, µs", 0, "≤ 3.2"),
            Row::against_raw("echo, idle, p99, µs", 0, ""),
        ]
    }

    fn round(&self, server: &dyn Server) -> anyhow::Result<Round> {
        let times_us = keys(server, KEYS)?;
        Ok(vec![
            Some(percentile(&times_us, 0.5)),
            Some(percentile(&times_us, 0.99)),
        ])
    }
}

/// Times of single keys in a session of their own, µs, smallest first.
pub(super) fn keys(server: &dyn Server, count: usize) -> anyhow::Result<Vec<f64>> {
    let (session, mut viewer) = ready(server, &ECHO, Manner::Page)?;
    let mut times = Vec::with_capacity(count);
    for number in 0..WARM_UP_KEYS + count {
        let started = Instant::now();
        viewer.write(b"x")?;
        wait_for(viewer.as_mut(), b"x")?;
        if number >= WARM_UP_KEYS {
            times.push(started.elapsed().as_secs_f64() * 1e6);
        }
    }
    drop(viewer);
    server.end(&session)?;
    Ok(sorted(times))
}
