//! Looks for streams that the engine gets wrong, and tells each kind of failure once, the commonest first:
//!
//! ```text
//! cargo run --release -p sempre-screen --example hunt -- [CASES] [SEED] [snapshot|resized|view]
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    dead_code,
    unreachable_pub
)]

#[path = "../tests/fidelity/oracle.rs"]
mod oracle;
#[path = "../tests/fidelity/random.rs"]
mod random;
#[path = "../tests/fidelity/script.rs"]
mod script;
#[path = "../tests/fidelity/streams.rs"]
mod streams;
#[path = "../tests/fidelity/verdict.rs"]
mod verdict;
#[path = "../tests/fidelity/views.rs"]
mod views;

use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::strategy::{Strategy, ValueTree};

use oracle::Oracle;
use script::Script;
use verdict::Care;

/// Failures of one kind that are made small; the rest are only counted.
const SHRUNK: usize = 2;

/// One kind of failure.
#[derive(Default)]
struct Kind {
    count: usize,
    smallest: Option<(usize, String)>,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let cases = args.first().map_or(1_000, |text| text.parse().expect("CASES"));
    let seed = args.get(1).map_or(1, |text| text.parse().expect("SEED"));
    let what = args.get(2).map_or("snapshot", String::as_str);
    let oracle = Mutex::new(Oracle::start());
    let fails = |script: &Script| {
        let oracle = &mut oracle.lock().unwrap();
        match what {
            "view" => views::first_difference(oracle, script),
            _ => random::wrong_snapshot(oracle, script, Care::default()),
        }
    };
    let scripts = streams::script(40, what != "snapshot");
    let mut runner = random::runner(seed, what);
    let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
    let mut failed = 0;
    for _ in 0..cases {
        let mut tree = scripts.new_tree(&mut runner).unwrap();
        let Some(report) = fails(&tree.current()) else {
            continue;
        };
        failed += 1;
        if kinds
            .get(&kind_of(&report))
            .is_some_and(|kind| kind.count >= SHRUNK)
        {
            kinds.entry(kind_of(&report)).or_default().count += 1;
            continue;
        }
        let smallest = random::smallest(&mut tree, |script| fails(script).is_some());
        let small_report = fails(&smallest).unwrap_or_default();
        kinds.entry(kind_of(&report)).or_default().count += 1;
        let kind = kinds.entry(kind_of(&small_report)).or_default();
        let size = smallest.segments.iter().flatten().count();
        if kind.smallest.as_ref().is_none_or(|(known, _)| size < *known) {
            kind.smallest = Some((size, format!("{small_report}{smallest:?}\n")));
        }
    }
    println!("{failed} of {cases} fail");
    let mut kinds: Vec<_> = kinds
        .into_iter()
        .filter(|(_, kind)| kind.smallest.is_some())
        .collect();
    kinds.sort_by_key(|(_, kind)| std::cmp::Reverse(kind.count));
    for (name, kind) in kinds {
        println!("\n=== {} like: {name}", kind.count);
        println!("{}", kind.smallest.map(|(_, report)| report).unwrap_or_default());
    }
}

/// The first sentence of the difference without its numbers and texts.
fn kind_of(report: &str) -> String {
    let difference = report.lines().find(|line| line.contains(": expected"));
    let difference = difference.unwrap_or(report).trim();
    let name = difference.split(": expected").next().unwrap_or_default();
    name.chars().filter(|c| !c.is_ascii_digit()).take(60).collect()
}
