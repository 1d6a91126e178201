//! The feed's rules one by one: what a viewer notices when the line, the server or another tab interferes.

use sempre_protocol::frames::ServerFrame;
use sempre_protocol::limits::{PENDING_KEYS_BYTES, SILENCE_LIMIT_MS};
use sempre_protocol::texts::{ClientText, ErrorCode, ExitStatus, Hello, Role, ServerText, Signal};
use sempre_protocol::{Offset, RunId, SessionId, Size, WriterId};

use super::*;

const WRITER: WriterId = WriterId::from_bytes([1; 16]);
const RUN: RunId = RunId::from_bytes([7; 16]);
const OTHER_RUN: RunId = RunId::from_bytes([8; 16]);

/// Always the middle of the range, and ids that count up.
struct Fixed(u8);

impl Chance for Fixed {
    fn fraction(&mut self) -> f64 {
        0.5
    }
    fn id_bytes(&mut self) -> [u8; 16] {
        self.0 += 1;
        [100 + self.0; 16]
    }
}

/// A feed on a bench: its clock is turned by hand.
struct Bench {
    feed: Feed,
    chance: Fixed,
    now_ms: u64,
    connection: u32,
}

fn hello() -> Hello {
    Hello {
        session: SessionId::from_bytes([9; 16]),
        writer: WRITER,
        run: RUN,
        writer_known: false,
        offset: Offset(0),
        base_offset: Offset(0),
        tail_offset: Offset(0),
        input_offset: Offset(0),
        input_window: 262_144,
        size: Size::DEFAULT,
        role: Role::Writer,
        answers: true,
        reset: true,
        server_version: "0.1.0".into(),
    }
}

/// What a server says to a viewer that comes back to `offset`.
fn again(offset: u64, input_offset: u64) -> Hello {
    Hello {
        writer_known: true,
        offset: Offset(offset),
        tail_offset: Offset(offset),
        input_offset: Offset(input_offset),
        reset: false,
        ..hello()
    }
}

impl Bench {
    fn new() -> Self {
        Self {
            feed: Feed::new(WRITER),
            chance: Fixed(0),
            now_ms: 1_000_000,
            connection: 0,
        }
    }

    fn live() -> Self {
        let mut bench = Self::new();
        bench.on(Event::Start);
        bench.text(ServerText::Hello(hello()));
        bench
    }

    fn on(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.feed.handle(self.now_ms, &mut self.chance, event);
        for effect in &effects {
            if let Effect::Connect { connection, .. } = effect {
                self.connection = *connection;
            }
        }
        effects
    }

    fn text(&mut self, text: ServerText) -> Vec<Effect> {
        self.on(Event::Text {
            connection: self.connection,
            text: serde_json::to_string(&text).unwrap(),
        })
    }

    fn output(&mut self, offset: u64, bytes: &[u8]) -> Vec<Effect> {
        let mut frame = Vec::new();
        let offset = Offset(offset);
        ServerFrame::Output { offset, bytes }.encode(&mut frame);
        self.on(Event::Binary {
            connection: self.connection,
            frame,
        })
    }

    fn close(&mut self) -> Vec<Effect> {
        self.on(Event::Closed {
            connection: self.connection,
        })
    }

    /// Turns the clock to the next moment the feed asked for.
    fn wake(&mut self) -> Vec<Effect> {
        self.now_ms = self
            .now_ms
            .max(self.feed.wake_at_ms().expect("the feed waits for something"));
        self.on(Event::Wake)
    }

    fn typed(&mut self, text: &str) -> Vec<Effect> {
        self.on(Event::Typed(text.as_bytes().to_vec()))
    }

    /// Closes, waits the delay, and is welcomed back.
    fn come_back(&mut self, hello: Hello) -> Vec<Effect> {
        self.close();
        self.wake();
        self.text(ServerText::Hello(hello))
    }

    fn state(&self) -> Connection {
        self.feed.view().connection
    }
}

fn written(effects: &[Effect]) -> Vec<u8> {
    let bytes = effects.iter().filter_map(|effect| match effect {
        Effect::Write { bytes, .. } => Some(bytes.clone()),
        _ => None,
    });
    bytes.flatten().collect()
}

fn sent_input(effects: &[Effect]) -> Vec<(u64, String)> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::SendInput { offset, bytes } => Some((offset.0, String::from_utf8_lossy(bytes).into_owned())),
        _ => None,
    });
    frames.collect()
}

fn connects(effects: &[Effect]) -> Option<(WriterId, Option<Offset>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Connect { writer, from, .. } => Some((*writer, *from)),
        _ => None,
    })
}

fn says(effects: &[Effect], text: &ClientText) -> bool {
    effects.contains(&Effect::SendText(text.clone()))
}

#[test]
fn the_first_stream_starts_behind_a_reset_at_the_sessions_size() {
    let mut bench = Bench::new();
    assert_eq!(connects(&bench.on(Event::Start)), Some((WRITER, None)));
    assert_eq!(bench.state(), Connection::Connecting);
    let effects = bench.text(ServerText::Hello(hello()));
    assert_eq!(effects[0], Effect::Reset);
    assert_eq!(effects[1], Effect::Resize(Size::DEFAULT));
    assert_eq!(bench.state(), Connection::Live);
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
    assert_eq!(bench.come_back(trimmed)[0], Effect::Reset);
    assert_eq!(written(&bench.output(1000, b"new")), b"new");
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
        Effect::Write { bytes, mark },
        Effect::Voice(Voice::Answers),
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
fn only_one_viewer_answers() {
    let mut bench = Bench::live();
    let effects = bench.text(ServerText::Answers { answers: false });
    assert_eq!(effects, [Effect::Voice(Voice::Silent)]);
    assert!(bench.text(ServerText::Answers { answers: false }).is_empty());
    let effects = bench.text(ServerText::Answers { answers: true });
    assert_eq!(effects, [Effect::Voice(Voice::Answers)]);
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
    assert!(bench.feed.view().stuck);
    let effects = bench.typed("\x03");
    let signal = Signal::Int;
    assert_eq!(effects, [Effect::SendText(ClientText::Signal { signal })]);
    assert_eq!(bench.feed.pending_bytes(), 262_144);
    bench.text(ServerText::InputAck {
        offset: Offset(262_144),
    });
    assert_eq!(sent_input(&bench.typed("\x03")), [(262_144, "\x03".to_owned())]);
}

#[test]
fn attempts_back_off_and_never_end() {
    let mut bench = Bench::live();
    bench.close();
    for delay_ms in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000] {
        assert_eq!(bench.feed.wake_at_ms(), Some(bench.now_ms + delay_ms));
        assert!(connects(&bench.wake()).is_some());
        assert!(bench.close().contains(&Effect::Probe));
    }
}

#[test]
fn good_news_from_the_browser_means_now() {
    for event in [Event::Online, Event::Visible, Event::PageShown, Event::TryNow] {
        let mut bench = Bench::live();
        bench.close();
        assert!(connects(&bench.on(event)).is_some());
    }
}

#[test]
fn a_page_back_from_the_cache_does_not_trust_its_socket() {
    let mut bench = Bench::live();
    assert!(connects(&bench.on(Event::PageShown)).is_some());
}

#[test]
fn a_doubtful_socket_must_answer() {
    let mut bench = Bench::live();
    assert!(says(&bench.on(Event::Visible), &ClientText::Ping));
    bench.text(ServerText::Pong);
    assert_eq!(bench.feed.wake_at_ms(), Some(bench.now_ms + SILENCE_LIMIT_MS));
    bench.on(Event::Offline);
    bench.wake();
    assert!(matches!(bench.state(), Connection::Reconnecting { .. }));
}

#[test]
fn silence_is_death() {
    let mut bench = Bench::live();
    bench.now_ms += SILENCE_LIMIT_MS - 1;
    bench.text(ServerText::Heartbeat { time_ms: 0 });
    bench.now_ms += SILENCE_LIMIT_MS - 1;
    bench.on(Event::Wake);
    assert_eq!(bench.state(), Connection::Live);
    bench.wake();
    assert!(matches!(bench.state(), Connection::Reconnecting { .. }));
}

#[test]
fn a_draining_server_is_left_at_once() {
    let mut bench = Bench::live();
    bench.text(ServerText::Draining);
    assert!(bench.feed.wake_at_ms().unwrap() <= bench.now_ms + 250);
    assert!(connects(&bench.wake()).is_some());
}

#[test]
fn a_missing_session_and_a_lost_login_end_the_attempts() {
    for (probe, end) in [
        (Probe::Missing, Connection::Gone),
        (Probe::LoggedOut, Connection::LoggedOut),
    ] {
        let mut bench = Bench::new();
        bench.on(Event::Start);
        assert!(bench.close().contains(&Effect::Probe));
        bench.on(Event::Probed(Probe::Unreachable));
        assert!(matches!(bench.state(), Connection::Reconnecting { .. }));
        bench.on(Event::Probed(probe));
        assert_eq!(bench.state(), end);
        assert_eq!(bench.feed.wake_at_ms(), None);
    }
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
fn a_viewer_without_the_right_to_type_sends_nothing() {
    let mut bench = Bench::new();
    bench.on(Event::Start);
    let role = Role::Viewer;
    bench.text(ServerText::Hello(Hello { role, ..hello() }));
    assert!(bench.typed("x").is_empty());
    assert!(bench.on(Event::Reported(b"\x1b[I".to_vec())).is_empty());
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
