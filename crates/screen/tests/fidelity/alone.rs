//! What the engine promises without a judge: cuts don't matter, snapshots of snapshots are the same, and no output,
//! however hostile, makes it panic or grow without bound.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen};

use crate::random::{runner, seed};
use crate::script::{Op, Script, readable};
use crate::streams;

const CASES: usize = 300;
/// Time that no single case may take, in a build without optimisation.
const LONG: Duration = Duration::from_secs(60);
/// Most bytes of a snapshot per cell kept, with all attributes and a link.
const SNAPSHOT_BYTES_PER_CELL: usize = 128;

/// Streams of a thousand of which a snapshot cannot tell everything: see docs/fidelity.md.
const KNOWN_PER_MILLE: usize = 110;

fn for_scripts(purpose: &str, length: usize, mut check: impl FnMut(&Script)) {
    let mut runner = runner(seed(), purpose);
    let scripts = streams::script(length, true);
    for _ in 0..CASES {
        check(&scripts.new_tree(&mut runner).unwrap().current());
    }
}

fn fed(script: &Script, feed: impl Fn(&mut Engine, &[u8])) -> Engine {
    let mut engine = script.engine();
    for op in script.segments.iter().flatten() {
        match op {
            Op::Write(bytes) => feed(&mut engine, bytes),
            Op::Resize(size) => engine.resize(*size),
        }
    }
    engine
}

#[test]
fn output_may_be_cut_anywhere() {
    for_scripts("cut", 40, |script| {
        let whole = fed(script, |engine, bytes| engine.feed(bytes));
        let cut = fed(script, |engine, bytes| {
            bytes.chunks(1).for_each(|byte| engine.feed(byte));
        });
        assert_eq!(whole.screen_lines(), cut.screen_lines(), "{script:?}");
        assert_eq!(whole.offset(), cut.offset(), "{script:?}");
        let snapshots = [&whole, &cut].map(|engine| readable(&engine.snapshot(script.scrollback)));
        assert_eq!(snapshots[0], snapshots[1], "{script:?}");
    });
}

#[test]
fn a_snapshot_of_a_restored_engine_is_the_same_snapshot() {
    let mut different = 0;
    let mut all = 0;
    for_scripts("restore", 40, |script| {
        all += 1;
        let engine = fed(script, |engine, bytes| engine.feed(bytes));
        let snapshot = engine.snapshot(script.scrollback);
        let mut restored = Engine::restore(&snapshot, engine.size(), script.scrollback, engine.offset());
        assert_eq!(restored.offset(), engine.offset());
        assert!(restored.take_events().is_empty(), "{script:?}");
        let again = restored.snapshot(script.scrollback);
        if restored.screen_lines() != engine.screen_lines() || again != snapshot {
            different += 1;
        }
    });
    assert!(different * 1_000 <= all * KNOWN_PER_MILLE, "{different} of {all}");
}

/// Feeds it in pieces, and looks at everything there is to look at.
fn survives(name: &str, size: Size, bytes: &[u8]) {
    const SCROLLBACK: usize = 50;
    let began = Instant::now();
    let mut engine = Engine::new(size, SCROLLBACK, Offset::ZERO);
    for piece in bytes.chunks(4096) {
        engine.feed(piece);
        engine.take_events();
    }
    engine.screen_lines();
    let kept = (SCROLLBACK + 2 * usize::from(size.rows)) * usize::from(size.cols);
    let snapshot = engine.snapshot(SCROLLBACK);
    let limit = kept * SNAPSHOT_BYTES_PER_CELL + (1 << 16);
    assert!(
        snapshot.len() < limit,
        "{name}: a snapshot of {} bytes",
        snapshot.len()
    );
    engine.resize(Size::new(size.rows, size.cols));
    engine.resize(size);
    Engine::restore(&snapshot, size, SCROLLBACK, engine.offset()).screen_lines();
    assert!(
        began.elapsed() < LONG,
        "{name} at {size:?} took {:?}",
        began.elapsed()
    );
}

#[test]
fn any_bytes_at_any_size_are_survived() {
    let mut runner = runner(seed(), "bytes");
    let plain = vec(any::<u8>(), 0..3_000);
    // Bytes that make sequences more often than chance does.
    let spiced = vec(
        prop_oneof![
            Just(0x1b),
            Just(b'['),
            Just(b';'),
            Just(b':'),
            b'0'..b':',
            b'@'..b'~',
            any::<u8>()
        ],
        0..3_000,
    );
    let sides = prop_oneof![Just(1_u16), Just(2), 3..100_u16, Just(1_000)];
    let cases = (prop_oneof![plain, spiced], sides.clone(), sides);
    for _ in 0..CASES / 3 {
        let (bytes, cols, rows) = cases.new_tree(&mut runner).unwrap().current();
        survives("random bytes", Size::new(cols, rows), &bytes);
    }
}

#[test]
fn hostile_output_is_survived_in_bounded_time_and_memory() {
    let mut cases: Vec<(String, Vec<u8>)> = Vec::new();
    for last in (b'@'..=b'~').map(char::from) {
        let many = format!(
            "漢a\x1b[2147483647{last}\x1b[99999999999999999999{last}b\x1b[4294967295;4294967295{last}"
        );
        cases.push((format!("huge counts of {last}"), many.into_bytes()));
    }
    let colons = format!("\x1b[{}m", "4:".repeat(100_000));
    cases.push(("colons".to_owned(), colons.into_bytes()));
    let parameters = format!("\x1b[{}m", "38;2;".repeat(100_000));
    cases.push(("parameters".to_owned(), parameters.into_bytes()));
    for start in [
        "\x1b]2;",
        "\x1b]8;;http://",
        "\x1b]52;c;",
        "\x1bP$q",
        "\x1b_",
        "\x1b^",
        "\x1bX",
        "\x1b]4;1;",
        "\x1b[",
    ] {
        let endless = [start.as_bytes(), &vec![b'1'; 3 << 20]].concat();
        cases.push((format!("endless {start:?}"), endless));
    }
    let links: String = (0..20_000)
        .map(|n| format!("\x1b]8;id={n};http://{n}\x07x"))
        .collect();
    cases.push(("links".to_owned(), links.into_bytes()));
    let colours: String = (0..50_000)
        .map(|n| format!("\x1b[38;2;{};{};{n}mx", n % 256, n / 256))
        .collect();
    cases.push(("colours".to_owned(), colours.into_bytes()));
    let marks = format!("e{}", "\u{301}".repeat(200_000));
    cases.push(("marks on one letter".to_owned(), marks.into_bytes()));
    let titles = "\x1b]2;title\x07\x1b[c\x07".repeat(20_000);
    cases.push(("events".to_owned(), titles.into_bytes()));
    for (name, bytes) in &cases {
        for size in [Size::new(1, 1), Size::new(80, 24), Size::new(1_000, 1_000)] {
            survives(name, size, bytes);
        }
    }
}

#[test]
fn unread_events_don_t_pile_up() {
    let mut engine = Engine::new(Size::DEFAULT, 0, Offset::ZERO);
    for _ in 0..20_000 {
        engine.feed(b"\x07\x1b]2;a\x07\x1b]2;b\x07");
    }
    let events = engine.take_events();
    assert!(
        events.len() <= sempre_screen::MAX_EVENTS,
        "{} events",
        events.len()
    );
}
