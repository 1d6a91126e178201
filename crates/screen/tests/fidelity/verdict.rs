//! Snapshots of the engine before the judge, and what it says of them in words.

use std::fmt::Write as _;

use sempre_screen::{Engine, Screen};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::oracle::Oracle;
use crate::script::{Op, Script, hex, readable};
use crate::views;

/// Bytes shown before the cut.
const BYTES_SHOWN: usize = 160;

/// How thorough the judge is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Care {
    /// Every how manieth snapshot must be right to the end of the script; all are until the next look.
    pub(crate) end_every: usize,
    /// How many failures are explained.
    pub(crate) details: usize,
    /// Snapshots are drawn on terminals that were used and reset, not on fresh ones.
    pub(crate) used: bool,
}

impl Default for Care {
    fn default() -> Self {
        Self {
            end_every: 1,
            details: 1,
            used: false,
        }
    }
}

/// What the judge says.
#[derive(Debug, Deserialize)]
pub(crate) struct Verdict {
    /// Snapshots that were looked at.
    pub(crate) points: usize,
    /// Those that don't do.
    pub(crate) bad: Vec<Bad>,
    /// xterm.js itself failed: what it would have drawn from there on is not known.
    pub(crate) threw: Option<Threw>,
}

/// A snapshot that is not what it should be.
#[derive(Debug, Deserialize)]
pub(crate) struct Bad {
    /// The segment it was taken after.
    pub(crate) segment: usize,
    /// The segment after which the difference was seen.
    pub(crate) after: usize,
    /// What differs, in words; empty unless explained.
    #[serde(default)]
    pub(crate) differences: Vec<String>,
}

/// Where xterm.js failed.
#[derive(Debug, Deserialize)]
pub(crate) struct Threw {
    /// The segment.
    pub(crate) segment: usize,
    /// What it said.
    pub(crate) message: String,
}

/// Plays the script to an engine and has all its snapshots judged.
pub(crate) fn judge(oracle: &mut Oracle, script: &Script, care: Care) -> Verdict {
    let mut engine = script.engine();
    let segments: Vec<Value> = script
        .segments
        .iter()
        .map(|ops| segment(&mut engine, ops, script.scrollback))
        .collect();
    let request = json!({
        "cols": script.size.cols, "rows": script.size.rows, "scrollback": script.scrollback,
        "segments": segments, "endEvery": care.end_every, "details": care.details, "used": care.used,
    });
    let mut verdict: Verdict = oracle.ask("judge", request);
    for bad in verdict.bad.iter_mut().filter(|bad| !bad.differences.is_empty()) {
        let own = views::difference(oracle, script, bad.segment);
        let own = own.map_or_else(
            || {
                "the engine's own screen shows the right text: its snapshot or what it remembers is wrong"
                    .to_owned()
            },
            |own| format!("the engine's own screen: {own}"),
        );
        bad.differences.push(own);
    }
    verdict
}

fn segment(engine: &mut Engine, ops: &[Op], scrollback: usize) -> Value {
    for op in ops {
        op.apply(engine);
    }
    let size = engine.size();
    json!({
        "ops": ops.iter().map(Op::to_json).collect::<Vec<_>>(),
        "snapshot": hex(&engine.snapshot(scrollback)),
        "size": [size.cols, size.rows],
    })
}

impl Verdict {
    /// Snapshots that do.
    pub(crate) fn identical(&self) -> usize {
        self.points - self.bad.len()
    }

    /// The explained failures, for people.
    pub(crate) fn report(&self, script: &Script) -> String {
        let mut text = format!(
            "{} at {}×{}: {} of {} snapshots identical\n",
            script.name,
            script.size.cols,
            script.size.rows,
            self.identical(),
            self.points
        );
        for bad in self.bad.iter().filter(|bad| !bad.differences.is_empty()) {
            bad.describe(script, &mut text);
        }
        text
    }
}

impl Bad {
    fn describe(&self, script: &Script, text: &mut String) {
        let output = script.output_until(self.segment);
        let cut = output.len();
        let _ = writeln!(text, "cut {cut} (after segment {})", self.segment);
        let tail = &output[cut.saturating_sub(BYTES_SHOWN)..];
        let _ = writeln!(text, "  before the cut: {}", readable(tail));
        if self.after > self.segment {
            let later = script.output_until(self.after);
            let rest = &later[cut..later.len().min(cut + BYTES_SHOWN)];
            let _ = writeln!(
                text,
                "  the snapshot was right, but not after {} bytes more: {}",
                later.len() - cut,
                readable(rest)
            );
        }
        let sizes = script.segments[..=self.after].iter().flatten();
        for op in sizes.filter(|op| matches!(op, Op::Resize(_))) {
            let _ = writeln!(text, "  {op:?} on the way");
        }
        for difference in &self.differences {
            let _ = writeln!(text, "  {difference}");
        }
    }
}
