//! What goes out: each typed byte once, or shown and asked about.

use super::*;

#[test]
fn a_person_typing_is_announced_and_a_report_is_not() {
    let mut bench = Bench::live();
    let effects = bench.typed("l");
    assert_eq!(effects[0], Effect::SendText(ClientText::Typing));
    assert_eq!(sent_input(&effects), [(0, "l".to_owned())]);
    let effects = bench.on(Event::Reported(b"\x1b[I".to_vec()));
    assert!(!says(&effects, &ClientText::Typing));
    assert_eq!(sent_input(&effects), [(1, "\x1b[I".to_owned())]);
}

#[test]
fn unconfirmed_input_is_sent_again_from_where_the_holder_stands() {
    let mut bench = Bench::live();
    bench.typed("echo ");
    bench.typed("hi\r");
    bench.text(ServerText::InputAck { offset: Offset(2) });
    bench.close();
    bench.typed("pwd\r");
    assert_eq!(bench.feed.view().pending_bytes, 10);
    bench.wake();
    let effects = bench.text(ServerText::Hello(again(0, 5)));
    let all: String = sent_input(&effects).into_iter().map(|(_, text)| text).collect();
    assert_eq!(sent_input(&effects)[0].0, 5);
    assert_eq!(all, "hi\rpwd\r");
}

#[test]
fn another_shell_never_gets_what_was_typed_for_the_last() {
    let mut bench = Bench::live();
    bench.typed("rm -rf build");
    let other = Hello {
        run: OTHER_RUN,
        ..again(0, 0)
    };
    let effects = bench.come_back(other);
    assert!(sent_input(&effects).is_empty());
    let parked = bench.feed.view().parked.unwrap();
    assert_eq!(
        (parked.shown().as_str(), parked.reason),
        ("rm -rf build", ParkReason::OtherRun)
    );
    assert_eq!(sent_input(&bench.typed("ls\r")), [(0, "ls\r".to_owned())]);
    assert_eq!(
        sent_input(&bench.on(Event::TypeParked)),
        [(3, "rm -rf build".to_owned())]
    );
    assert_eq!(bench.feed.view().parked, None);
}

#[test]
fn a_forgotten_writer_asks_about_what_may_have_arrived() {
    let mut bench = Bench::live();
    bench.typed("make\r");
    let forgotten = Hello {
        writer_known: false,
        ..again(0, 0)
    };
    assert!(sent_input(&bench.come_back(forgotten)).is_empty());
    assert_eq!(bench.feed.view().parked.unwrap().reason, ParkReason::Uncertain);
    bench.on(Event::DiscardParked);
    assert_eq!(bench.feed.view().parked, None);
}

#[test]
fn text_that_never_left_the_page_needs_no_question_in_the_same_shell() {
    let mut bench = Bench::live();
    bench.close();
    bench.typed("ls\r");
    bench.wake();
    let unknown = Hello {
        writer_known: false,
        ..again(0, 0)
    };
    let effects = bench.text(ServerText::Hello(unknown));
    assert_eq!(sent_input(&effects), [(0, "ls\r".to_owned())]);
}

#[test]
fn a_page_that_comes_fresh_joins_its_writers_offset_without_a_question() {
    let mut bench = Bench::new();
    bench.on(Event::Start);
    bench.text(ServerText::Hello(again(0, 40)));
    assert_eq!(bench.feed.view().parked, None);
    assert_eq!(sent_input(&bench.typed("a")), [(40, "a".to_owned())]);
}

#[test]
fn a_duplicated_tab_goes_on_under_an_id_of_its_own() {
    let mut bench = Bench::live();
    bench.typed("abcdef");
    let effects = bench.text(ServerText::Error {
        code: ErrorCode::WriterTaken,
        message: "another connection uses this writer id".into(),
        input_offset: Some(Offset(4)),
    });
    let fresh = WriterId::from_bytes([101; 16]);
    assert!(effects.contains(&Effect::KeepWriter(fresh)));
    assert_eq!(connects(&effects), Some((fresh, Some(Offset(0)))));
    let unknown = Hello {
        writer: fresh,
        writer_known: false,
        ..again(0, 0)
    };
    let effects = bench.text(ServerText::Hello(unknown));
    assert_eq!(sent_input(&effects), [(0, "ef".to_owned())]);
    assert_eq!(bench.feed.view().parked, None);
}

#[test]
fn a_long_paste_keeps_to_the_window_and_loses_nothing() {
    let mut bench = Bench::live();
    let paste: Vec<u8> = (0..5_000_000u32).map(|n| b'a' + (n % 26) as u8).collect();
    let mut effects = bench.on(Event::Typed(paste.clone()));
    let mut arrived = Vec::new();
    loop {
        for effect in effects {
            if let Effect::SendInput { offset, bytes } = effect {
                assert_eq!(offset.0, arrived.len() as u64);
                arrived.extend(bytes);
            }
        }
        if arrived.len() == paste.len() {
            break;
        }
        assert!(bench.feed.pending_bytes() >= paste.len() - arrived.len());
        effects = bench.text(ServerText::InputAck {
            offset: Offset(arrived.len() as u64),
        });
        assert!(sent_input(&effects).iter().map(|(_, t)| t.len()).sum::<usize>() <= 262_144);
    }
    assert!(arrived == paste);
}

#[test]
fn while_cut_off_a_limited_amount_is_kept_whole() {
    let mut bench = Bench::live();
    bench.close();
    bench.on(Event::Typed(vec![b'x'; PENDING_KEYS_BYTES]));
    assert_eq!(bench.feed.pending_bytes(), PENDING_KEYS_BYTES);
    bench.typed("y");
    assert_eq!(bench.feed.pending_bytes(), PENDING_KEYS_BYTES);
    assert!(bench.feed.view().notice.unwrap().contains("64 KiB"));
}

#[test]
fn ctrl_c_reaches_a_program_that_reads_nothing() {
    let mut bench = Bench::live();
    bench.on(Event::Typed(vec![b'x'; 1_000_000]));
    assert!(!bench.feed.view().stuck);
    bench.wake();
    assert!(bench.feed.view().stuck);
    let effects = bench.typed("\x03");
    let signal = Signal::Int;
    assert_eq!(effects, [Effect::SendText(ClientText::Signal { signal })]);
    assert_eq!(bench.feed.pending_bytes(), 0, "what waited is thrown away");
    bench.text(ServerText::InputAck {
        offset: Offset(262_144),
    });
    assert_eq!(sent_input(&bench.typed("\x03")), [(262_144, "\x03".to_owned())]);
}

/// Types `ab`, of which the program reads nothing, interrupts it and types `ls`.
fn interrupted() -> Bench {
    let mut bench = Bench::live();
    bench.typed("ab");
    bench.on(Event::Interrupt);
    assert_eq!(bench.feed.pending_bytes(), 0);
    assert_eq!(sent_input(&bench.typed("ls")), [(2, "ls".to_owned())]);
    assert_eq!(bench.feed.pending_bytes(), 2);
    bench
}

#[test]
fn what_a_signal_threw_away_on_the_way_is_not_sent_again() {
    for (accepted, at, again_sent) in [(0, 0, "ls"), (1, 1, "ls"), (2, 2, "ls"), (3, 3, "s"), (4, 4, "")] {
        let hello = Hello {
            input_accepted: Some(Offset(accepted)),
            ..again(0, accepted)
        };
        let sent = sent_input(&interrupted().come_back(hello));
        let expected: Vec<_> = [(at, again_sent.to_owned())].into();
        assert_eq!(sent, if again_sent.is_empty() { vec![] } else { expected });
    }
}

#[test]
fn text_is_pending_again_if_the_signal_that_threw_it_away_did_not_arrive() {
    let mut bench = interrupted();
    let hello = Hello {
        input_accepted: Some(Offset(2)),
        ..again(0, 0)
    };
    let sent = sent_input(&bench.come_back(hello));
    assert_eq!(sent, [(0, "abls".to_owned())], "the holder drops what it has");
    assert_eq!(bench.feed.pending_bytes(), 4);
}

#[test]
fn what_a_signal_threw_away_is_not_asked_about() {
    let mut bench = interrupted();
    let forgotten = Hello {
        writer_known: false,
        ..again(0, 0)
    };
    assert!(sent_input(&bench.come_back(forgotten)).is_empty());
    assert_eq!(bench.feed.view().parked.unwrap().shown(), "ls");
    let mut bench = interrupted();
    let effects = bench.text(ServerText::Error {
        code: ErrorCode::WriterTaken,
        message: String::new(),
        input_offset: Some(Offset(1)),
    });
    assert!(connects(&effects).is_some());
    let unknown = Hello {
        writer_known: false,
        ..again(0, 0)
    };
    let effects = bench.text(ServerText::Hello(unknown));
    assert_eq!(sent_input(&effects), [(0, "ls".to_owned())]);
}

#[test]
fn a_viewer_without_the_right_to_type_sends_nothing() {
    let mut bench = Bench::new();
    bench.on(Event::Start);
    let role = Role::Viewer;
    bench.text(ServerText::Hello(Hello { role, ..hello() }));
    assert!(bench.typed("x").is_empty());
    assert!(bench.on(Event::Reported(b"\x1b[I".to_vec())).is_empty());
}
