//! What is measured, a file each.

mod ctrl_c;
mod echo;
mod engine;
mod flood;
mod idle;
mod opening;
mod quiet;
mod reattach;
mod snapshot;
mod throughput;

use anyhow::Context;

use crate::contender::{Column, Manner, Server, Viewer};
use crate::rounds::Effort;

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What it is, with its unit.
    pub(crate) name: String,
    /// What Sempre is to reach.
    pub(crate) goal: &'static str,
    pub(crate) decimals: usize,
    /// Whether the others are shown as multiples of raw.
    pub(crate) against_raw: bool,
    /// The figure at which the measure gave up.
    pub(crate) at_most: Option<f64>,
}

impl Row {
    /// A row that tells figures as they are.
    fn plain(name: impl Into<String>, decimals: usize, goal: &'static str) -> Self {
        Self {
            name: name.into(),
            goal,
            decimals,
            against_raw: false,
            at_most: None,
        }
    }

    /// A row that compares with raw within each round.
    fn against_raw(name: impl Into<String>, decimals: usize, goal: &'static str) -> Self {
        Self {
            against_raw: true,
            ..Self::plain(name, decimals, goal)
        }
    }
}

/// One figure per row of a measure; none where it does not apply.
pub(crate) type Round = Vec<Option<f64>>;

/// Something to measure.
pub(crate) trait Measure {
    /// The name it is chosen by.
    fn name(&self) -> &'static str;

    /// The lines it fills.
    fn rows(&self) -> Vec<Row>;

    /// One figure per row; none where it does not apply.
    ///
    /// # Errors
    /// If it cannot be measured: the contender is not tried again.
    fn round(&self, server: &dyn Server) -> anyhow::Result<Round>;

    /// Whether a contender is measured at all.
    fn takes(&self, _column: Column) -> bool {
        true
    }

    /// Rounds that are worth their time.
    fn most_rounds(&self) -> usize {
        usize::MAX
    }

    /// Rows above the screen that a contender must be able to show again.
    fn scrollback(&self) -> usize {
        5_000
    }

    /// Whether each round begins with a server just started.
    fn wants_fresh_server(&self) -> bool {
        false
    }

    /// Done once with each server before it is measured.
    ///
    /// # Errors
    /// If the server does not do what it should.
    fn warm_up(&self, _server: &dyn Server) -> anyhow::Result<()> {
        Ok(())
    }
}

/// All of them, in the order of the table.
///
/// # Errors
/// If files to be shown cannot be written.
pub(crate) fn all(effort: Effort) -> anyhow::Result<Vec<Box<dyn Measure>>> {
    let mut all: Vec<Box<dyn Measure>> = vec![
        Box::new(throughput::Throughput::new()?),
        Box::new(echo::Echo),
        Box::new(flood::EchoBesideFlood::new()?),
        Box::new(ctrl_c::CtrlC),
        Box::new(quiet::Quiet { count: 10 }),
        Box::new(quiet::Quiet { count: 100 }),
    ];
    if effort.full {
        all.push(Box::new(quiet::Quiet { count: 1000 }));
    }
    all.extend([
        Box::new(opening::Opening) as Box<dyn Measure>,
        Box::new(reattach::Reattach::new(5_000)?),
        Box::new(reattach::Reattach::new(100_000)?),
        Box::new(snapshot::Snapshot::new(5_000)?),
        Box::new(snapshot::Snapshot::new(100_000)?),
        Box::new(engine::EngineAlone),
        Box::new(idle::Idle),
    ]);
    Ok(all)
}

/// Says that it is there, then does what the rest of the command says.
const READY: &str = "ready";

/// Reads, draws and says so until this text came; fails after much that is something else.
fn wait_for(viewer: &mut dyn Viewer, wanted: &[u8]) -> anyhow::Result<()> {
    let mut tail = Vec::new();
    loop {
        let seen = viewer.next()?;
        tail.extend_from_slice(seen.text());
        if seen.wire_bytes() > 0 {
            viewer.drawn()?;
        }
        if contains(&tail, wanted) {
            return Ok(());
        }
        // The text may come in two pieces.
        let keep = wanted.len().min(tail.len());
        tail.drain(..tail.len() - keep);
    }
}

/// Looks from the end: what is waited for comes last.
fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).rev().any(|window| window == wanted)
}

/// A session that has said it is ready, and its viewer.
fn ready(server: &dyn Server, command: &[&str], manner: Manner) -> anyhow::Result<(String, Box<dyn Viewer>)> {
    let session = server.create(command)?;
    let mut viewer = server.attach(&session, manner)?;
    wait_for(viewer.as_mut(), READY.as_bytes()).context("the program did not begin")?;
    Ok((session, viewer))
}
