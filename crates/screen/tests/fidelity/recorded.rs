//! Fidelity on recordings of real programs: stream → engine → snapshot → terminal is stream → terminal, also across
//! changes of size, also on a used terminal, and still after the rest of the stream.
//!
//! A quick run looks at some points of each recording; `SEMPRE_FULL=1` (`cargo xtask test --full`) at many more.

use sempre_protocol::Size;

use crate::cuts::{Dice, cuts};
use crate::oracle::Oracle;
use crate::recordings::{Recording, all_in, corpus};
use crate::script::{Op, Script};
use crate::verdict::{Care, judge};
use crate::views;

/// Lines above the screen; small enough that recordings fill it.
const SCROLLBACK: usize = 300;
/// Points per recording in a quick run.
const QUICK_POINTS: usize = 24;
/// Bytes per point in a full run.
const FULL_STEP: usize = 200;
/// Reports shown of one test.
const REPORTS: usize = 3;

fn is_full() -> bool {
    std::env::var_os("SEMPRE_FULL").is_some()
}

fn cuts_of(recording: &Recording, dice: &mut Dice) -> Vec<usize> {
    let step = if is_full() {
        FULL_STEP
    } else {
        recording.bytes.len() / QUICK_POINTS + 1
    };
    cuts(&recording.bytes, step, dice)
}

/// Has the scripts of all recordings judged; fails with the first reports and the share that is right.
fn expect_identical(care: Care, script: impl Fn(&Recording) -> Script) {
    let mut oracle = Oracle::start();
    let (mut points, mut identical) = (0, 0);
    let mut reports = Vec::new();
    let recordings = all_in(&corpus());
    assert!(!recordings.is_empty(), "no recordings in {}", corpus().display());
    for recording in recordings {
        let script = script(&recording);
        let verdict = judge(&mut oracle, &script, care);
        if let Some(threw) = &verdict.threw {
            panic!(
                "{}: xterm.js threw in segment {}: {}",
                script.name, threw.segment, threw.message
            );
        }
        points += verdict.points;
        identical += verdict.identical();
        if !verdict.bad.is_empty() {
            reports.push(verdict.report(&script));
        }
    }
    let shown = reports.iter().take(REPORTS).cloned().collect::<String>();
    assert_eq!(
        identical,
        points,
        "snapshots identical; {} recordings differ:\n{shown}",
        reports.len()
    );
}

fn plain(recording: &Recording) -> Script {
    let cuts = cuts_of(recording, &mut Dice::of(&recording.name));
    Script::of_bytes(
        &recording.name,
        recording.size,
        SCROLLBACK,
        &recording.bytes,
        &cuts,
    )
}

/// The window changes its size at every third point, often by little, sometimes by much.
fn with_resizes(recording: &Recording) -> Script {
    let mut dice = Dice::of(&format!("{} resized", recording.name));
    let mut script = plain(recording);
    let mut size = recording.size;
    for ops in &mut script.segments {
        match dice.below(6) {
            0 => {
                size = Size::new(
                    size.cols.saturating_add_signed(dice.below(9) as i16 - 4).max(2),
                    size.rows.saturating_add_signed(dice.below(9) as i16 - 4).max(2),
                );
            }
            1 => size = Size::new(20 + dice.below(140) as u16, 4 + dice.below(50) as u16),
            _ => continue,
        }
        ops.push(Op::Resize(size));
        // What the last character may still join after a resize, when its cell may be gone, no snapshot can tell;
        // programs draw anew, and any sequence ends it.
        ops.push(Op::Write(b"\x1b\\".to_vec()));
    }
    script
}

#[test]
fn a_snapshot_of_a_recording_is_the_recording() {
    expect_identical(Care::default(), plain);
}

#[test]
fn a_snapshot_is_right_on_a_terminal_that_was_used_and_reset() {
    let care = Care {
        used: true,
        end_every: 8,
        ..Care::default()
    };
    expect_identical(care, plain);
}

#[test]
fn a_snapshot_across_changes_of_size_is_the_recording() {
    expect_identical(Care::default(), with_resizes);
}

#[test]
fn readers_of_the_engine_see_what_the_terminal_shows() {
    let mut oracle = Oracle::start();
    let differences: Vec<String> = all_in(&corpus())
        .iter()
        .flat_map(|recording| [plain(recording), with_resizes(recording)])
        .filter_map(|script| views::first_difference(&mut oracle, &script))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
