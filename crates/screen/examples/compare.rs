//! How true the engine's snapshots of recordings are, for whoever works on the engine:
//!
//! ```text
//! cargo run -p sempre-screen --example compare -- [FILE…] [--cols N --rows N] [--cut N] [--step N] [--scrollback N]
//! ```
//!
//! Without files: the corpus in crates/screen/recordings/corpus. For each recording the table says how many snapshots
//! were taken and how many were identical; below it stands the first byte after which a snapshot is wrong, and how.
//! `--cols` and `--rows` are for files whose names don't end in -COLSxROWS.vt. `--cut N` looks at that one cut.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    dead_code,
    unreachable_pub
)]

#[path = "../tests/fidelity/cuts.rs"]
mod cuts;
#[path = "../tests/fidelity/oracle.rs"]
mod oracle;
#[path = "../tests/fidelity/recordings.rs"]
mod recordings;
#[path = "../tests/fidelity/script.rs"]
mod script;
#[path = "../tests/fidelity/verdict.rs"]
mod verdict;
#[path = "../tests/fidelity/views.rs"]
mod views;

use std::path::Path;

use sempre_protocol::Size;

use cuts::{Dice, cuts};
use oracle::Oracle;
use recordings::Recording;
use script::Script;
use verdict::{Care, Verdict, judge};

/// Bytes between two looks.
const STEP: usize = 300;
const SCROLLBACK: usize = 300;

#[derive(Default)]
struct Options {
    files: Vec<String>,
    cols: Option<u16>,
    rows: Option<u16>,
    cut: Option<usize>,
    step: Option<usize>,
    scrollback: Option<usize>,
}

fn options() -> Options {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || -> usize {
            let value = args.next().unwrap_or_else(|| panic!("{arg} needs a number"));
            value
                .parse()
                .unwrap_or_else(|_| panic!("{arg} {value}: not a number"))
        };
        match arg.as_str() {
            "--cols" => options.cols = Some(number() as u16),
            "--rows" => options.rows = Some(number() as u16),
            "--cut" => options.cut = Some(number()),
            "--step" => options.step = Some(number()),
            "--scrollback" => options.scrollback = Some(number()),
            _ if arg.starts_with('-') => panic!("unknown option {arg}"),
            _ => options.files.push(arg),
        }
    }
    options
}

fn recordings(options: &Options) -> Vec<Recording> {
    if options.files.is_empty() {
        return recordings::all_in(&recordings::corpus());
    }
    let read = |file: &String| {
        let path = Path::new(file);
        match (options.cols, options.rows) {
            (Some(cols), Some(rows)) => Recording {
                name: file.clone(),
                size: Size::new(cols, rows),
                bytes: std::fs::read(path).unwrap_or_else(|error| panic!("{file}: {error}")),
            },
            _ => Recording::read(path).unwrap_or_else(|error| panic!("{error}")),
        }
    };
    options.files.iter().map(read).collect()
}

fn main() {
    let options = options();
    let mut oracle = Oracle::start();
    let (mut points, mut identical) = (0, 0);
    let mut reports = String::new();
    println!(
        "{:<40} {:>7} {:>10} {:>6}",
        "recording", "points", "identical", "%"
    );
    for recording in recordings(&options) {
        let cuts = match options.cut {
            Some(cut) => vec![cut],
            None => cuts(
                &recording.bytes,
                options.step.unwrap_or(STEP),
                &mut Dice::of(&recording.name),
            ),
        };
        let script = script(&options, &recording, &recording.bytes, &cuts);
        let verdict = judge(&mut oracle, &script, Care::default());
        row(&script, &verdict);
        points += verdict.points;
        identical += verdict.identical();
        if !verdict.bad.is_empty() {
            reports.push_str(&narrowed(&mut oracle, &options, &recording, &script, &verdict));
        }
    }
    println!("{:<40} {points:>7} {identical:>10}", "all");
    println!("\n{reports}");
}

fn script(options: &Options, recording: &Recording, bytes: &[u8], cuts: &[usize]) -> Script {
    let scrollback = options.scrollback.unwrap_or(SCROLLBACK);
    Script::of_bytes(&recording.name, recording.size, scrollback, bytes, cuts)
}

fn row(script: &Script, verdict: &Verdict) {
    let share = 100.0 * verdict.identical() as f64 / verdict.points.max(1) as f64;
    println!(
        "{:<32} {:>7} {:>7} {:>10} {share:>6.1}",
        script.name,
        format!("{}x{}", script.size.cols, script.size.rows),
        verdict.points,
        verdict.identical()
    );
    if let Some(threw) = &verdict.threw {
        println!("  xterm.js threw in segment {}: {}", threw.segment, threw.message);
    }
}

/// The report for the very first byte after which a snapshot is wrong, between the first bad look and the one before.
fn narrowed(
    oracle: &mut Oracle,
    options: &Options,
    recording: &Recording,
    coarse: &Script,
    verdict: &Verdict,
) -> String {
    let Some(bad) = verdict.bad.first() else {
        return String::new();
    };
    if options.cut.is_some() || bad.after > bad.segment {
        return verdict.report(coarse);
    }
    let end = coarse.output_until(bad.segment).len();
    let start = bad
        .segment
        .checked_sub(1)
        .map_or(0, |before| coarse.output_until(before).len());
    let cuts: Vec<usize> = (start..=end).collect();
    let fine = script(options, recording, &recording.bytes[..end], &cuts);
    let narrowed = judge(oracle, &fine, Care::default());
    if narrowed.bad.is_empty() {
        // Only later output tells.
        return verdict.report(coarse);
    }
    narrowed.report(&fine)
}
