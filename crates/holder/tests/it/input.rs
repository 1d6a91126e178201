//! Input: each byte once, in order, at the right size; and none of it in the way of anything else.

use sempre_protocol::holder::{Control, Event, Op, WriterState};
use sempre_protocol::texts::{ExitStatus, Signal};
use sempre_protocol::{Offset, Size};

use crate::harness::{Client, Holder, ONE, TWO};

const WINDOW: usize = 256 * 1024;

/// A program that records what it reads until Ctrl-D and then shows it.
fn recorder() -> (Holder, Client) {
    let holder = Holder::script("stty -echo; echo ready; text=$(cat); echo \"[$text]\"");
    let mut client = holder.connect();
    client.until_tail(7);
    (holder, client)
}

/// Ends the input of a writer that typed `offset` bytes, and checks what was recorded.
fn assert_recorded(holder: &Holder, client: &mut Client, offset: u64, expected: &str) {
    client.input(ONE, offset, b"\x04");
    client.until_exit();
    assert_eq!(holder.text(), format!("ready\r\n[{expected}]\r\n"));
}

fn refused(client: &mut Client) -> (bool, Offset) {
    client.until_event("a refusal", |event| match event {
        Event::InputRefused { gap, accepted, .. } => Some((*gap, *accepted)),
        _ => None,
    })
}

#[test]
fn input_is_acknowledged_once_the_terminal_has_it() {
    let (holder, mut client) = recorder();
    let unknown = WriterState {
        known: false,
        written: Offset(0),
        accepted: Offset(0),
    };
    assert_eq!(client.writer(ONE), unknown);
    client.input(ONE, 0, b"abc\n");
    client.until_acked(ONE, 4);
    let state = client.writer(ONE);
    assert_eq!(
        (state.known, state.written, state.accepted),
        (true, Offset(4), Offset(4))
    );
    assert_recorded(&holder, &mut client, 4, "abc");
}

#[test]
fn bytes_sent_again_over_another_connection_are_typed_once() {
    let (holder, mut client) = recorder();
    client.input(ONE, 0, b"one ");
    client.until_acked(ONE, 4);
    drop(client);
    let mut client = holder.connect();
    client.input(ONE, 0, b"one ");
    client.input(ONE, 0, b"one two ");
    client.input(ONE, 6, b"o three\n");
    client.until_acked(ONE, 14);
    assert_recorded(&holder, &mut client, 14, "one two three");
}

#[test]
fn input_beyond_what_is_expected_is_refused_whole() {
    let (holder, mut client) = recorder();
    client.input(ONE, 5, b"beyond");
    assert_eq!(refused(&mut client), (true, Offset(0)));
    client.input(ONE, 0, b"right\n");
    client.until_acked(ONE, 6);
    assert_recorded(&holder, &mut client, 6, "right");
}

#[test]
fn no_more_than_the_window_is_held_for_a_program_that_does_not_read() {
    let holder = Holder::script("stty raw -echo; echo ready; exec sleep 600");
    let mut client = holder.connect();
    client.until_tail(6);
    client.input(ONE, 0, &vec![b'x'; WINDOW]);
    client.input(TWO, 0, &vec![b'y'; WINDOW]);
    assert_eq!(refused(&mut client), (false, Offset(0)));
    let state = client.writer(ONE);
    assert_eq!(state.accepted, Offset(WINDOW as u64));
    assert!(state.written < state.accepted);
    assert!(!client.writer(TWO).known);
    // Nothing else waits behind it.
    client.ask(Op::Resize { cols: 91, rows: 31 });
    client.ask(Op::Signal { signal: Signal::Kill });
    assert_eq!(client.until_exit().status, Some(ExitStatus::Signal(9)));
}

#[test]
fn an_answer_to_a_terminal_query_is_typed_once() {
    let (holder, mut client) = recorder();
    let answer = |query: u64, bytes: &'static [u8]| Control::EngineReply {
        query_offset: Offset(query),
        bytes,
    };
    for control in [
        answer(10, b"first "),
        answer(10, b"again "),
        answer(4, b"late "),
        answer(12, b""),
        answer(12, b"marked "),
        answer(13, b"second\n"),
    ] {
        client.send(&control);
    }
    client.writer(ONE);
    assert_eq!(holder.connect().hello.answered_offset, Offset(13));
    assert_recorded(&holder, &mut client, 0, "first second");
}

#[test]
fn the_size_of_who_types_now_is_set_before_their_bytes() {
    let holder = Holder::script("stty -echo; echo ready; while read line; do stty size; done");
    let mut client = holder.connect();
    client.until_tail(7);
    for n in 1..=20 {
        let size = Size::new(80 + n, 20 + n);
        let tail = client.tail;
        client.input_at_size(
            [ONE, TWO][usize::from(n % 2)],
            u64::from(n - 1) / 2,
            Some(size),
            b"\n",
        );
        client.until("its answer", |client| client.tail >= tail + 7);
        let text = holder.text();
        assert!(
            text.ends_with(&format!("\n{} {}\r\n", size.rows, size.cols)),
            "{text}"
        );
    }
    let sizes = client
        .events
        .iter()
        .filter(|event| matches!(event, Event::Resized { .. }));
    assert_eq!(sizes.count(), 20);
}

#[test]
fn a_resize_is_told_with_the_offset_where_it_takes_effect() {
    let holder = Holder::script("echo 12345678; cat");
    let mut client = holder.connect();
    client.until_tail(10);
    assert_eq!(client.ask(Op::Resize { cols: 90, rows: 20 }).error, None);
    let resized = |event: &Event| match event {
        Event::Resized { offset, size } => Some((*offset, *size)),
        _ => None,
    };
    let told = client.until_event("the size", resized);
    assert_eq!(told, (Offset(10), Size::new(90, 20)));
    let hello = holder.connect().hello;
    assert_eq!((hello.size_offset, hello.size), told);
    client.ask(Op::Resize { cols: 90, rows: 20 });
    client.ask(Op::Resize { cols: 0, rows: 65535 });
    client.until("the second size", |client| {
        client.events.iter().filter_map(resized).count() >= 2
    });
    let sizes: Vec<_> = client
        .events
        .iter()
        .filter_map(resized)
        .map(|(_, size)| size)
        .collect();
    assert_eq!(
        sizes,
        [Size::new(90, 20), Size::new(1, 1000)],
        "the same size again is no event"
    );
    let recorded = holder.reader().size_at(10).unwrap().unwrap();
    assert_eq!((recorded.cols, recorded.rows), (1, 1000));
}

#[test]
fn a_signal_a_terminal_has_a_key_for_throws_away_what_was_not_read() {
    let script = "trap 'exec cat' INT; stty raw -echo; echo ready; while :; do sleep 0.05; done";
    let holder = Holder::script(script);
    let mut client = holder.connect();
    client.until_tail(6);
    client.input(ONE, 0, &vec![b'x'; WINDOW - 10]);
    client.input_at_size(TWO, 0, Some(Size::new(90, 30)), b"yyy");
    assert!(client.writer(ONE).written < client.writer(ONE).accepted);
    client.ask(Op::Signal { signal: Signal::Int });
    let window = WINDOW as u64 - 10;
    client.until_acked(ONE, window);
    client.until_acked(TWO, 3);
    assert_eq!(client.writer(ONE).written, Offset(window));
    // The size belongs to who typed, not to what was typed.
    client.until_event("the size", |event| match event {
        Event::Resized { size, .. } => (*size == Size::new(90, 30)).then_some(()),
        _ => None,
    });
    // What a server had still to send when the signal was sent.
    client.send(&Control::Input {
        writer: ONE,
        offset: Offset(window),
        size: None,
        discard: true,
        bytes: b"thrown away",
    });
    client.until_acked(ONE, window + 11);
    client.input(ONE, window + 11, b"typed after");
    client.until_tail(6 + 11);
    client.ask(Op::Signal { signal: Signal::Kill });
    client.until_exit();
    assert_eq!(holder.text(), "ready\ntyped after");
}

#[test]
fn a_signal_without_a_key_leaves_what_waits() {
    let holder =
        Holder::script("trap 'exec cat' HUP; stty raw -echo; echo ready; while :; do sleep 0.05; done");
    let mut client = holder.connect();
    client.until_tail(6);
    client.input(ONE, 0, &vec![b'x'; 100_000]);
    client.ask(Op::Signal { signal: Signal::Hup });
    client.until_tail(6 + 100_000);
    client.ask(Op::Signal { signal: Signal::Kill });
    client.until_exit();
}

#[test]
fn a_signal_goes_to_the_foreground_group() {
    let holder = Holder::script("trap 'echo trapped; exit 7' INT; echo ready; while :; do sleep 0.05; done");
    let mut client = holder.connect();
    client.until_tail(7);
    client.ask(Op::Signal { signal: Signal::Int });
    assert_eq!(client.until_exit().status, Some(ExitStatus::Code(7)));
    assert!(holder.text().ends_with("trapped\r\n"));
}
