//! The recording of input (row P11): what reaches the terminal of a session that is recorded, and what of it never
//! reaches the disk.

use std::fs;

use sempre_journal::{INPUT_NAME, InputEvent, InputRead, InputReader};
use sempre_protocol::Offset;
use sempre_protocol::holder::{Control, Event, Op};
use sempre_protocol::texts::Signal;

use crate::disk::limit_files;
use crate::harness::{Holder, ONE, SpecBuilder, TWO, eventually};

fn recorded(script: &str) -> Holder {
    SpecBuilder::script(script).recorded().start()
}

/// What a holder has recorded: bytes in a row by one writer are one event.
fn recording(holder: &Holder) -> Vec<([u8; 16], InputEvent)> {
    let mut reader = InputReader::open(&holder.directory).unwrap().unwrap();
    let mut events: Vec<([u8; 16], InputEvent)> = Vec::new();
    loop {
        match reader.read_next().unwrap() {
            InputRead::End => return events,
            InputRead::Damaged { at } => panic!("damaged at {at}"),
            InputRead::Record(record) => match (events.last_mut(), record.event) {
                (Some((writer, InputEvent::Typed(bytes))), InputEvent::Typed(more))
                    if *writer == record.writer =>
                {
                    bytes.extend_from_slice(&more);
                }
                (_, event) => events.push((record.writer, event)),
            },
        }
    }
}

fn typed(bytes: &[u8]) -> InputEvent {
    InputEvent::Typed(bytes.to_vec())
}

/// Whether any file of the session holds these bytes.
fn is_on_disk(holder: &Holder, bytes: &[u8]) -> bool {
    let files = fs::read_dir(&holder.directory).unwrap();
    let contents = files.filter_map(|file| fs::read(file.unwrap().path()).ok());
    let mut contents = contents.map(|content| content.windows(bytes.len()).any(|window| window == bytes));
    contents.any(|found| found)
}

#[test]
fn p11_what_is_typed_is_recorded_with_who_typed_it() {
    let holder = recorded("cat > /dev/null");
    let mut client = holder.connect();
    client.input(ONE, 0, b"one\n");
    client.until_acked(ONE, 4);
    client.input(TWO, 0, b"two\n");
    client.until_acked(TWO, 4);
    let (one, two) = (*ONE.as_bytes(), *TWO.as_bytes());
    assert_eq!(
        recording(&holder),
        [(one, typed(b"one\n")), (two, typed(b"two\n"))]
    );
}

#[test]
fn p11_nothing_is_recorded_unless_it_was_asked_for() {
    let holder = Holder::script("stty -echo; echo ready; cat > /dev/null");
    let mut client = holder.connect();
    client.until_tail(7);
    client.input(ONE, 0, b"unrecorded\n");
    client.until_acked(ONE, 11);
    assert!(!holder.directory.join(INPUT_NAME).exists());
    assert!(!is_on_disk(&holder, b"unrecorded"));
}

#[test]
fn p11_what_a_program_asks_for_without_echo_is_withheld() {
    let holder = recorded("stty -echo; echo ready; read secret; stty echo; echo go on; cat > /dev/null");
    let mut client = holder.connect();
    client.until_tail(7);
    // Key by key, as it is typed: not even how many there were is kept.
    for (at, key) in b"hunter2\n".iter().enumerate() {
        client.input(ONE, at as u64, &[*key]);
        client.until_acked(ONE, at as u64 + 1);
    }
    client.until_tail(14);
    client.input(ONE, 8, b"open\n");
    client.until_acked(ONE, 13);
    let one = *ONE.as_bytes();
    assert_eq!(
        recording(&holder),
        [(one, InputEvent::Withheld), (one, typed(b"open\n"))]
    );
    assert!(!is_on_disk(&holder, b"hunter2"));
}

/// Whether something is hidden counts when it reaches the terminal, not when it came to the holder.
#[test]
fn p11_what_waited_for_a_program_is_hidden_if_the_program_hides_it_by_then() {
    const BYTES: usize = 100_000;
    let holder = recorded(
        "trap 'stty cooked -echo; exec cat > /dev/null' HUP; stty raw -echo; echo ready; while :; do sleep 0.05; done",
    );
    let mut client = holder.connect();
    client.until_tail(6);
    client.input(ONE, 0, &vec![b'x'; BYTES]);
    assert!(client.writer(ONE).written < Offset(BYTES as u64));
    client.ask(Op::Signal { signal: Signal::Hup });
    client.until_acked(ONE, BYTES as u64);
    let events = recording(&holder);
    let [(_, InputEvent::Typed(before)), (_, InputEvent::Withheld)] = &events[..] else {
        panic!("{events:?}");
    };
    assert!(before.len() < BYTES);
}

/// A program that reads key by key, such as an editor, hides nothing; one that asks for a password that way (ssh to
/// another machine where sudo asks) cannot be told from it. SECURITY.md says so.
#[test]
fn p11_what_a_program_in_raw_mode_reads_is_recorded() {
    let holder = recorded("stty raw -echo; echo ready; cat > /dev/null");
    let mut client = holder.connect();
    client.until_tail(6);
    client.input(ONE, 0, b"secret of another machine\r");
    client.until_acked(ONE, 26);
    let one = *ONE.as_bytes();
    assert_eq!(recording(&holder), [(one, typed(b"secret of another machine\r"))]);
}

#[test]
fn p11_answers_to_terminal_queries_are_nobodys_typing() {
    let holder = recorded("stty raw -echo; echo ready; cat");
    let mut client = holder.connect();
    client.until_tail(6);
    client.send(&Control::EngineReply {
        query_offset: Offset(3),
        bytes: b"answer",
    });
    client.until_tail(12);
    client.input(ONE, 0, b"x");
    client.until_acked(ONE, 1);
    assert_eq!(recording(&holder), [(*ONE.as_bytes(), typed(b"x"))]);
}

#[test]
fn p11_a_full_disk_keeps_nobody_from_typing_and_leaves_a_gap_that_is_named() {
    let holder = recorded("echo ready; cat");
    let mut client = holder.connect();
    client.until_tail(7);
    client.input(ONE, 0, b"before\n");
    client.until_tail(7 + 16);
    limit_files(&holder, Some(0));
    client.input(ONE, 7, b"meanwhile\n");
    client.until_tail(7 + 16 + 22);
    client.until_event("the disk's words", |event| match event {
        Event::Disk { error } => error.clone(),
        _ => None,
    });
    limit_files(&holder, None);
    let one = *ONE.as_bytes();
    eventually("the gap to be named", || {
        (recording(&holder).len() == 2).then_some(())
    });
    client.until("the end of the trouble", |client| {
        client.events.iter().rev().find_map(|event| match event {
            Event::Disk { error } => Some(error.is_none()),
            _ => None,
        }) == Some(true)
    });
    client.input(ONE, 17, b"after\n");
    client.until_acked(ONE, 23);
    let expected = [
        (one, typed(b"before\n")),
        ([0; 16], InputEvent::Gap),
        (one, typed(b"after\n")),
    ];
    assert_eq!(recording(&holder), expected);
}

#[test]
fn p11_a_recording_ends_at_its_budget_and_the_session_does_not() {
    let holder = SpecBuilder::script("cat > /dev/null")
        .recorded()
        .input_budget(1000)
        .start();
    let mut client = holder.connect();
    for line in 0..100 {
        client.input(ONE, line * 5, b"four\n");
        client.until_acked(ONE, line * 5 + 5);
    }
    assert!(fs::metadata(holder.directory.join(INPUT_NAME)).unwrap().len() <= 1000);
    assert_eq!(recording(&holder).last(), Some(&([0; 16], InputEvent::Full)));
}
