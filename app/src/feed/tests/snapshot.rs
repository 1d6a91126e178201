//! Snapshots: the whole screen in one go, at its place in the stream, whatever surrounds it.

use sempre_protocol::frames::{SNAPSHOT_DEFLATE_RAW as DEFLATED, SNAPSHOT_MORE as MORE};

use super::*;

fn shown(effects: &[Effect]) -> Option<(Vec<u8>, Mark)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Snapshot { ansi, mark, .. } => Some((ansi.clone(), *mark)),
        _ => None,
    })
}

fn to_inflate(effects: &[Effect]) -> Option<(u32, Vec<u8>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Inflate { ticket, bytes } => Some((*ticket, bytes.clone())),
        _ => None,
    })
}

fn inflated(bench: &mut Bench, ticket: u32, ansi: &[u8]) -> Vec<Effect> {
    let ansi = Some(ansi.to_vec());
    bench.on(Event::Inflated { ticket, ansi })
}

#[test]
fn a_viewer_that_fell_behind_goes_on_from_a_snapshot() {
    let mut bench = Bench::live();
    bench.output(0, b"abc");
    let effects = bench.snapshot(5_000, 0, b"screen");
    let (ansi, mark) = shown(&effects).unwrap();
    assert_eq!((ansi.as_slice(), mark.offset), (&b"screen"[..], Offset(5_000)));
    assert_eq!(bench.state(), Connection::Live, "nobody is told of a moment");
    assert!(bench.feed.view().skipped);
    assert_eq!(written(&bench.output(5_000, b"more")), b"more");
    let offset = Offset(5_000);
    assert!(says(&bench.on(Event::Drawn(mark)), &ClientText::Ack { offset }));
    bench.on(Event::SeenSkipped);
    assert!(!bench.feed.view().skipped);
}

#[test]
fn a_snapshot_of_what_was_seen_skips_nothing() {
    let mut bench = Bench::live();
    bench.output(0, b"abc");
    assert!(shown(&bench.snapshot(3, 0, b"abc")).is_some());
    assert!(!bench.feed.view().skipped);
}

#[test]
fn parts_are_shown_together() {
    let mut bench = Bench::live();
    assert_eq!(bench.snapshot(9, MORE, b"one "), []);
    assert_eq!(bench.snapshot(9, MORE, b"two "), []);
    let (ansi, mark) = shown(&bench.snapshot(9, 0, b"three")).unwrap();
    assert_eq!(ansi, b"one two three");
    assert_eq!(mark.offset, Offset(9));
}

#[test]
fn half_a_snapshot_is_worth_nothing() {
    let mut bench = Bench::live();
    bench.output(0, b"abc");
    bench.snapshot(9, MORE, b"lost ");
    bench.close();
    assert_eq!(connects(&bench.wake()), Some((WRITER, Some(Offset(3)))));
    bench.text(ServerText::Hello(again(3, 0)));
    assert_eq!(shown(&bench.snapshot(9, 0, b"whole")).unwrap().0, b"whole");
    bench.snapshot(20, MORE, b"replaced ");
    assert_eq!(shown(&bench.snapshot(30, 0, b"newer")).unwrap().0, b"newer");
}

#[test]
fn offsets_never_go_back() {
    let mut bench = Bench::live();
    bench.output(0, b"abcdef");
    assert_eq!(bench.snapshot(4, 0, b"old"), []);
    assert_eq!(bench.snapshot(5, DEFLATED, b"old"), []);
    assert_eq!(written(&bench.output(6, b"g")), b"g");
}

#[test]
fn what_follows_a_compressed_snapshot_waits_for_it() {
    let mut bench = Bench::live();
    bench.snapshot(9, DEFLATED | MORE, b"zi");
    let (ticket, bytes) = to_inflate(&bench.snapshot(9, DEFLATED, b"p")).unwrap();
    assert_eq!(bytes, b"zip");
    assert_eq!(bench.output(9, b"after"), []);
    let resized = ServerText::Resized {
        offset: Offset(14),
        cols: 90,
        rows: 20,
    };
    assert_eq!(bench.text(resized), []);
    let effects = inflated(&mut bench, ticket, b"screen");
    let order: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Snapshot { ansi, .. } => Some(String::from_utf8_lossy(ansi).into_owned()),
            Effect::Write { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
            Effect::Resize(size) => Some(format!("{}x{}", size.cols, size.rows)),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["screen", "after", "90x20"]);
}

#[test]
fn a_second_snapshot_replaces_one_that_is_being_drawn() {
    let mut bench = Bench::live();
    let (_, first) = shown(&bench.snapshot(9, 0, b"first")).unwrap();
    let (ticket, _) = to_inflate(&bench.snapshot(20, DEFLATED, b"zip")).unwrap();
    assert_eq!(bench.snapshot(30, DEFLATED, b"zap"), [], "one after the other");
    let effects = inflated(&mut bench, ticket, b"second");
    let (ansi, second) = shown(&effects).unwrap();
    assert_eq!(ansi, b"second");
    let (ticket, _) = to_inflate(&effects).unwrap();
    assert!(bench.on(Event::Drawn(first)).is_empty(), "of an abandoned screen");
    let (_, third) = shown(&inflated(&mut bench, ticket, b"third")).unwrap();
    assert!(bench.on(Event::Drawn(second)).is_empty());
    let offset = Offset(30);
    assert!(says(&bench.on(Event::Drawn(third)), &ClientText::Ack { offset }));
}

#[test]
fn a_connection_lost_while_decompressing_takes_the_snapshot_along() {
    let mut bench = Bench::live();
    bench.output(0, b"abc");
    let (ticket, _) = to_inflate(&bench.snapshot(9, DEFLATED, b"zip")).unwrap();
    bench.output(9, b"lost");
    bench.on(Event::PageShown);
    assert_eq!(inflated(&mut bench, ticket, b"late"), []);
    bench.text(ServerText::Hello(again(3, 0)));
    assert_eq!(written(&bench.output(3, b"de")), b"de");
}

#[test]
fn an_end_that_comes_while_decompressing_is_told_after_the_screen() {
    let mut bench = Bench::live();
    let (ticket, _) = to_inflate(&bench.snapshot(9, DEFLATED, b"zip")).unwrap();
    bench.text(ServerText::Exit {
        offset: Offset(9),
        status: Some(ExitStatus::Code(0)),
        reason: "exited".into(),
    });
    bench.close();
    let effects = inflated(&mut bench, ticket, b"last screen");
    assert!(shown(&effects).is_some());
    assert!(matches!(bench.state(), Connection::Ended(_)));
}

#[test]
fn a_snapshot_that_cannot_be_read_starts_over() {
    let mut bench = Bench::live();
    let (ticket, _) = to_inflate(&bench.snapshot(9, DEFLATED, b"junk")).unwrap();
    bench.on(Event::Inflated { ticket, ansi: None });
    assert!(matches!(bench.state(), Connection::Reconnecting { .. }));
    assert_eq!(connects(&bench.wake()), Some((WRITER, None)));
}

#[test]
fn a_snapshot_drawn_while_cut_off_is_where_the_stream_goes_on() {
    let mut bench = Bench::live();
    let (_, mark) = shown(&bench.snapshot(9, 0, b"screen")).unwrap();
    bench.close();
    assert_eq!(bench.on(Event::Drawn(mark)), []);
    assert_eq!(connects(&bench.wake()), Some((WRITER, Some(Offset(9)))));
}

#[test]
fn an_old_screen_stays_until_the_new_one_is_there() {
    let mut bench = Bench::live();
    bench.output(0, b"abc");
    let far = Hello {
        reset: true,
        ..again(9_000, 0)
    };
    let effects = bench.come_back(far);
    assert!(!effects.contains(&Effect::Reset), "{effects:?}");
    bench.close();
    assert_eq!(
        connects(&bench.wake()),
        Some((WRITER, None)),
        "the old screen continues nothing"
    );
    bench.text(ServerText::Hello(Hello {
        reset: true,
        ..again(9_500, 0)
    }));
    assert!(shown(&bench.snapshot(9_500, 0, b"screen")).is_some());
    assert!(
        !bench.feed.view().skipped,
        "a page that was away missed nothing it watched"
    );
}

#[test]
fn keys_typed_meanwhile_are_sent_and_reports_are_not() {
    let mut bench = Bench::live();
    let effects = bench.snapshot(9, 0, b"\x1b[?1004h");
    let voices: Vec<_> = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Voice(_) | Effect::Snapshot { .. }))
        .collect();
    assert!(
        matches!(
            voices.as_slice(),
            [
                Effect::Voice(Voice::Replay),
                Effect::Snapshot { .. },
                Effect::Voice(_)
            ]
        ),
        "{voices:?}"
    );
    let (ticket, _) = to_inflate(&bench.snapshot(20, DEFLATED, b"zip")).unwrap();
    assert_eq!(sent_input(&bench.typed("ls\r")), [(0, "ls\r".to_owned())]);
    inflated(&mut bench, ticket, b"screen");
    assert_eq!(bench.feed.pending_bytes(), 3);
}
