//! How long a key takes to come back beside another session that floods its viewer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::echo::keys;
use super::{Measure, Round, Row, ready};
use crate::contender::{Manner, Server, Viewer};
use crate::spread::percentile;
use crate::workload::{Workload, log_line};

const KEYS: usize = 500;
/// Shown over and over, bytes.
const FLOOD_BYTES: u64 = 8 * 1024 * 1024;
const FLOOD: &str = "printf ready; while :; do cat \"$1\"; done";

/// Two sessions: one floods, in the other someone types.
pub(crate) struct EchoBesideFlood {
    flood: Workload,
}

impl EchoBesideFlood {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            flood: Workload::of_bytes(FLOOD_BYTES, log_line)?,
        })
    }
}

impl Measure for EchoBesideFlood {
    fn name(&self) -> &'static str {
        "flood"
    }

    fn rows(&self) -> Vec<Row> {
        vec![Row::against_raw(
            "echo beside a flooding session, p50, µs",
            0,
            "≤ 3",
        )]
    }

    fn round(&self, server: &dyn Server) -> anyhow::Result<Round> {
        let path = self.flood.path();
        let (session, viewer) = ready(server, &["sh", "-c", FLOOD, "sh", &path], Manner::Page)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let reader = std::thread::spawn(move || read_on(viewer, &stopped));
        let times_us = keys(server, KEYS);
        stop.store(true, Ordering::Relaxed);
        let flooded = reader
            .join()
            .map_err(|_| anyhow::anyhow!("the flooded viewer panicked"))?;
        server.end(&session)?;
        anyhow::ensure!(flooded? > 0, "there was no flood");
        Ok(vec![Some(percentile(&times_us?, 0.5))])
    }
}

/// Draws all that comes, at once; how much that was, bytes.
fn read_on(mut viewer: Box<dyn Viewer>, stopped: &AtomicBool) -> anyhow::Result<usize> {
    let mut total = 0;
    while !stopped.load(Ordering::Relaxed) {
        total += viewer.next()?.wire_bytes();
        viewer.drawn()?;
    }
    Ok(total)
}
