//! What comes in: each byte once, in order, at the right size, with the right voice.

use super::*;

#[test]
fn the_first_stream_starts_with_a_snapshot_at_its_size() {
    let mut bench = Bench::new();
    assert_eq!(connects(&bench.on(Event::Start)), Some((WRITER, None)));
    assert_eq!(bench.state(), Connection::Connecting);
    bench.text(ServerText::Hello(Hello {
        offset: Offset(7),
        tail_offset: Offset(7),
        ..hello()
    }));
    assert_eq!(bench.state(), Connection::Replaying);
    let effects = bench.snapshot(7, 0, b"screen");
    assert_eq!(bench.state(), Connection::Replaying, "not before it is drawn");
    let acked = bench.drawn(&effects);
    let offset = Offset(7);
    assert!(says(&acked, &ClientText::Ack { offset }));
    assert_eq!(bench.state(), Connection::Live);
    assert_eq!(bench.feed.view().size, Some(Size::new(100, 30)));
}

#[test]
fn overlap_is_skipped_and_a_gap_starts_over() {
    let mut bench = Bench::live();
    assert_eq!(written(&bench.output(0, b"abc")), b"abc");
    assert_eq!(written(&bench.output(1, b"bcde")), b"de");
    assert_eq!(written(&bench.output(0, b"abc")), b"");
    bench.output(6, b"x");
    assert!(matches!(
        bench.state(),
        Connection::Reconnecting { attempt: 1, .. }
    ));
    assert_eq!(connects(&bench.wake()), Some((WRITER, None)));
}

#[test]
fn coming_back_goes_on_where_it_stopped() {
    let mut bench = Bench::live();
    bench.output(0, b"abc");
    bench.close();
    assert_eq!(connects(&bench.wake()), Some((WRITER, Some(Offset(3)))));
    let effects = bench.text(ServerText::Hello(again(3, 0)));
    assert!(!effects.contains(&Effect::Reset));
    assert_eq!(written(&bench.output(3, b"de")), b"de");
}

#[test]
fn a_trimmed_journal_resets_the_terminal() {
    let mut bench = Bench::live();
    bench.output(0, b"abc");
    let trimmed = Hello {
        reset: true,
        ..again(1000, 0)
    };
    bench.come_back(trimmed);
    let effects = bench.output(1000, b"new");
    assert_eq!(effects[..2], [Effect::Reset, Effect::Resize(Size::DEFAULT)]);
    assert_eq!(written(&effects), b"new");
}

#[test]
fn replayed_output_keeps_the_terminal_quiet_up_to_the_byte() {
    let mut bench = Bench::new();
    bench.on(Event::Start);
    let effects = bench.text(ServerText::Hello(Hello {
        tail_offset: Offset(4),
        ..hello()
    }));
    assert!(effects.contains(&Effect::Voice(Voice::Replay)));
    assert_eq!(bench.state(), Connection::Replaying);
    assert!(sent_input(&bench.on(Event::Reported(b"\x1b[I".to_vec()))).is_empty());
    let effects = bench.output(0, b"oldnew");
    let [
        Effect::Reset,
        Effect::Resize(_),
        Effect::Write { bytes, mark },
        Effect::Voice(Voice::Reports),
        Effect::Write { bytes: fresh, .. },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (bytes.as_slice(), mark.offset, fresh.as_slice()),
        (&b"oldn"[..], Offset(4), &b"ew"[..])
    );
    bench.on(Event::Drawn(*mark));
    assert_eq!(bench.state(), Connection::Live);
}

#[test]
fn drawn_bytes_are_acknowledged_together() {
    let mut bench = Bench::live();
    let mark = |offset| Mark {
        epoch: 1,
        offset: Offset(offset),
    };
    let ack = |offset| ClientText::Ack {
        offset: Offset(offset),
    };
    bench.output(0, &[b'x'; 70_000]);
    assert!(bench.on(Event::Drawn(mark(10))).is_empty());
    assert!(bench.on(Event::Drawn(mark(20))).is_empty());
    assert!(says(&bench.wake(), &ack(20)));
    assert!(says(&bench.on(Event::Drawn(mark(70_000))), &ack(70_000)));
    let stale = Mark {
        epoch: 0,
        offset: Offset(99_999),
    };
    assert!(bench.on(Event::Drawn(stale)).is_empty());
    assert_eq!(bench.feed.drawn(), Offset(70_000));
}

#[test]
fn the_end_is_told_once_all_output_is_here() {
    let mut bench = Bench::live();
    bench.output(0, b"bye");
    let exit = ServerText::Exit {
        offset: Offset(3),
        status: Some(ExitStatus::Code(3)),
        reason: "exited".into(),
    };
    bench.text(exit);
    let Connection::Ended(ending) = bench.state() else {
        panic!("{:?}", bench.state());
    };
    assert_eq!(ending.status, Some(ExitStatus::Code(3)));
    bench.close();
    assert!(bench.typed("more").is_empty());
    assert_eq!((bench.feed.wake_at_ms(), bench.feed.pending_bytes()), (None, 0));
}

#[test]
fn this_viewers_room_is_told_once_it_rests() {
    let mut bench = Bench::live();
    assert!(bench.on(Event::Fitted(Size::new(100, 30))).is_empty());
    bench.on(Event::Fitted(Size::new(120, 40)));
    assert!(says(&bench.wake(), &ClientText::Resize { cols: 120, rows: 40 }));
    let effects = bench.text(ServerText::Resized {
        offset: Offset(0),
        cols: 120,
        rows: 40,
    });
    assert_eq!(effects, [Effect::Resize(Size::new(120, 40))]);
    let effects = bench.come_back(again(0, 0));
    assert!(says(&effects, &ClientText::Resize { cols: 120, rows: 40 }));
}

#[test]
fn frames_of_a_former_connection_are_not_heard() {
    let mut bench = Bench::live();
    let old = bench.connection;
    bench.come_back(again(0, 0));
    let mut frame = Vec::new();
    let (offset, bytes) = (Offset(0), b"ghost".as_slice());
    ServerFrame::Output { offset, bytes }.encode(&mut frame);
    assert!(
        bench
            .on(Event::Binary {
                connection: old,
                frame
            })
            .is_empty()
    );
    assert!(bench.on(Event::Closed { connection: old }).is_empty());
    assert_eq!(bench.state(), Connection::Live);
}
