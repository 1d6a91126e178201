//! Fidelity on random output, and where it fails the smallest output that does.
//!
//! `SEMPRE_SEED` picks other streams than usual, `SEMPRE_FULL=1` more of them.

use std::sync::Mutex;

use proptest::strategy::{Strategy, ValueTree};

use crate::oracle::Oracle;
use crate::random::{runner, seed, smallest, wrong_snapshot};
use crate::script::Script;
use crate::verdict::Care;
use crate::{streams, views};

/// Streams of a thousand, of up to 60 pieces each, of which some snapshot differs: docs/fidelity.md says in what.
const KNOWN_PER_MILLE: usize = 110;
/// Streams of a thousand after which readers see something else.
const KNOWN_VIEWS_PER_MILLE: usize = 20;

const QUICK_CASES: usize = 400;
const FULL_CASES: usize = 8_000;

fn cases() -> usize {
    let full = std::env::var_os("SEMPRE_FULL").is_some();
    if full { FULL_CASES } else { QUICK_CASES }
}

/// Tries streams; if more than `known` in a thousand fail, the smallest of the first is reported, with the seed.
/// docs/fidelity.md says what those that are known to fail have in common.
fn hold(
    purpose: &str,
    known: usize,
    scripts: impl Strategy<Value = Script>,
    fails: impl Fn(&mut Oracle, &Script) -> Option<String>,
) {
    let oracle = Mutex::new(Oracle::start());
    let fails = |script: &Script| fails(&mut oracle.lock().unwrap(), script);
    let mut runner = runner(seed(), purpose);
    let mut failed = Vec::new();
    for case in 0..cases() {
        let tree = scripts.new_tree(&mut runner).unwrap();
        if fails(&tree.current()).is_some() {
            failed.push((case, tree));
        }
    }
    let count = failed.len();
    if count * 1_000 > cases() * known {
        let (case, mut tree) = failed.swap_remove(0);
        let smallest = smallest(&mut tree, |script| fails(script).is_some());
        let report = fails(&smallest).unwrap_or_default();
        panic!(
            "{count} of {}; seed {}, case {case}: {report}\nsmallest: {smallest:?}",
            cases(),
            seed()
        );
    }
}

#[test]
fn a_snapshot_of_any_output_is_the_output() {
    hold(
        "snapshot",
        KNOWN_PER_MILLE,
        streams::script(40, false),
        |oracle, script| wrong_snapshot(oracle, script, Care::default()),
    );
}

#[test]
fn a_snapshot_of_any_output_and_changes_of_size_is_the_output() {
    hold(
        "resized",
        KNOWN_PER_MILLE,
        streams::script(40, true),
        |oracle, script| wrong_snapshot(oracle, script, Care::default()),
    );
}

#[test]
fn a_snapshot_of_any_output_is_right_on_a_used_terminal() {
    let care = Care {
        used: true,
        end_every: usize::MAX,
        ..Care::default()
    };
    hold(
        "used",
        KNOWN_PER_MILLE,
        streams::script(20, true),
        |oracle, script| wrong_snapshot(oracle, script, care),
    );
}

#[test]
fn readers_see_what_any_output_shows() {
    hold(
        "view",
        KNOWN_VIEWS_PER_MILLE,
        streams::script(60, true),
        views::first_difference,
    );
}
