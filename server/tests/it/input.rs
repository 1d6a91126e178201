//! Input is a stream with offsets: however often it is sent, it is typed once, or refused whole.

use std::fs;
use std::path::PathBuf;

use sempre_protocol::texts::{ClientText, ErrorCode};
use sempre_protocol::{Offset, SessionId};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Server, Setup, Viewer, random_id, rss_bytes};

/// Input of one writer that may be on its way, bytes.
const WINDOW: usize = 256 * 1024;

/// A session that writes its input to a file, with the file.
async fn recorder(server: &Server) -> (SessionId, PathBuf) {
    let file = server.home().join(format!("typed-{}", random_id()));
    let script = format!("stty -echo; echo ready; exec cat > {}", file.display());
    let id = server.script(&script).await;
    server
        .until(id, "the recorder to be ready", |info| info.offset >= Offset(7))
        .await;
    (id, file)
}

/// Ends the input and returns what was recorded.
async fn recorded(server: &Server, viewer: &mut Viewer, id: SessionId, file: &PathBuf) -> String {
    viewer.type_in("\u{4}").await;
    server.ended(id).await;
    fs::read_to_string(file).unwrap()
}

#[tokio::test]
async fn a_frame_sent_twice_over_two_connections_is_typed_once() {
    let server = Setup::new().start();
    let (id, file) = recorder(&server).await;
    let query = format!("writer={}", random_id());
    let mut first = server.attach(id, &query).await;
    first.type_in("one\n").await;
    first.until_acked().await;
    assert_eq!(first.acked, 4);
    drop(first);
    let mut second = server.attach(id, &query).await;
    assert!(second.hello.writer_known);
    assert_eq!(second.hello.input_offset, Offset(4));
    second.send_input(0, b"one\n").await;
    second.send_input(2, b"e\ntwo\n").await;
    second.send_input(4, b"two\n").await;
    second.sent = 8;
    second.until_acked().await;
    assert_eq!(recorded(&server, &mut second, id, &file).await, "one\ntwo\n");
}

#[tokio::test]
async fn a_frame_that_was_lost_on_the_way_is_typed_when_it_is_sent_again() {
    let server = Setup::new().start();
    let (id, file) = recorder(&server).await;
    let query = format!("writer={}", random_id());
    let mut expected = String::new();
    for round in 0..20 {
        // Hangs up at once: whether the frame arrived is not known to this side.
        let mut viewer = server.attach(id, &query).await;
        let mut pending = expected.split_off(usize::try_from(viewer.hello.input_offset.0).unwrap());
        let at = viewer.hello.input_offset.0;
        pending.push_str(&format!("line {round}\n"));
        viewer.send_input(at, pending.as_bytes()).await;
        expected = (0..=round).map(|round| format!("line {round}\n")).collect();
    }
    let mut viewer = server.attach(id, &query).await;
    let at = usize::try_from(viewer.hello.input_offset.0).unwrap();
    let pending = expected[at..].to_owned();
    viewer.type_in(&pending).await;
    viewer.until_acked().await;
    assert_eq!(recorded(&server, &mut viewer, id, &file).await, expected);
}

#[tokio::test]
async fn input_beyond_what_is_expected_is_refused_whole() {
    let server = Setup::new().start();
    let (id, file) = recorder(&server).await;
    let mut viewer = server.attach(id, "").await;
    viewer.type_in("one\n").await;
    viewer.send_input(100, b"beyond\n").await;
    assert_eq!(viewer.until_error().await, (ErrorCode::InputGap, Some(Offset(4))));
    viewer.type_in("two\n").await;
    viewer.until_acked().await;
    assert_eq!(recorded(&server, &mut viewer, id, &file).await, "one\ntwo\n");
}

#[tokio::test]
async fn more_than_the_window_is_refused_whole() {
    let server = Setup::new().start();
    let (id, file) = recorder(&server).await;
    let mut viewer = server.attach(id, "").await;
    viewer.send_input(0, &vec![b'x'; WINDOW + 1]).await;
    assert_eq!(viewer.until_error().await.0, ErrorCode::InputWindow);
    viewer.type_in("small\n").await;
    viewer.until_acked().await;
    assert_eq!(recorded(&server, &mut viewer, id, &file).await, "small\n");
}

#[tokio::test]
async fn a_newer_connection_takes_the_writer_and_the_older_is_told_where_it_stands() {
    let server = Setup::new().start();
    let (id, file) = recorder(&server).await;
    let query = format!("writer={}", random_id());
    let mut older = server.attach(id, &query).await;
    older.type_in("old\n").await;
    older.until_acked().await;
    let mut newer = server.attach(id, &query).await;
    assert_eq!(
        older.until_error().await,
        (ErrorCode::WriterTaken, Some(Offset(4)))
    );
    older.until_closed().await;
    newer.type_in("new\n").await;
    newer.until_acked().await;
    assert_eq!(recorded(&server, &mut newer, id, &file).await, "old\nnew\n");
}

#[tokio::test]
async fn writers_do_not_share_offsets() {
    let server = Setup::new().start();
    let (id, file) = recorder(&server).await;
    let mut one = server.attach(id, "").await;
    let mut two = server.attach(id, "").await;
    for _ in 0..10 {
        one.type_in("one\n").await;
        one.until_acked().await;
        two.type_in("two\n").await;
        two.until_acked().await;
    }
    assert_eq!((one.acked, two.acked), (40, 40));
    assert_eq!(
        recorded(&server, &mut two, id, &file).await,
        "one\ntwo\n".repeat(10)
    );
}

#[tokio::test]
async fn a_known_writer_is_known_after_a_restart_of_the_server() {
    let mut server = Setup::new().start();
    let (id, file) = recorder(&server).await;
    let query = format!("writer={}", random_id());
    let mut viewer = server.attach(id, &query).await;
    let run = viewer.hello.run;
    viewer.type_in("before\n").await;
    viewer.until_acked().await;
    server.kill();
    server.start_again();
    let mut viewer = server.attach(id, &query).await;
    assert!(viewer.hello.writer_known && viewer.hello.run == run);
    assert_eq!(viewer.hello.input_offset, Offset(7));
    viewer.send_input(0, b"before\nafter\n").await;
    viewer.sent = 13;
    viewer.until_acked().await;
    assert_eq!(recorded(&server, &mut viewer, id, &file).await, "before\nafter\n");
}

#[tokio::test]
async fn a_frame_of_an_unknown_kind_closes_with_1003() {
    let server = Setup::new().start();
    let (id, file) = recorder(&server).await;
    for frame in [&[0x7f, 1, 2][..], &[], &[0x01, 0, 0]] {
        let mut viewer = server.attach(id, "").await;
        viewer.send(Message::binary(frame.to_vec())).await;
        assert_eq!(viewer.until_closed().await, Some(1003), "{frame:?}");
    }
    let mut viewer = server.attach(id, "").await;
    viewer.type_in("still here\n").await;
    viewer.until_acked().await;
    assert_eq!(recorded(&server, &mut viewer, id, &file).await, "still here\n");
}

#[tokio::test]
async fn a_frame_over_a_mebibyte_closes_with_1009() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    for message in [
        Message::binary(vec![1; 1024 * 1024 + 1]),
        Message::text("x".repeat(4 * 1024 * 1024)),
    ] {
        let mut viewer = server.attach(id, "").await;
        viewer.send(message).await;
        assert_eq!(viewer.until_closed().await, Some(1009));
    }
    let mut viewer = server.attach(id, "").await;
    viewer.send(Message::binary(vec![1; 1024 * 1024])).await;
    assert_eq!(
        viewer.until_error().await.0,
        ErrorCode::InputGap,
        "one of exactly that is read"
    );
}

#[tokio::test]
async fn a_text_that_makes_no_sense_is_told_and_the_connection_goes_on() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    for text in [
        "",
        "{",
        "[]",
        "{\"type\":\"dance\"}",
        "{\"type\":\"resize\",\"cols\":-1,\"rows\":1}",
    ] {
        let mut viewer = server.attach(id, "").await;
        viewer.send(Message::text(text)).await;
        assert_eq!(viewer.until_error().await.0, ErrorCode::BadText, "{text}");
        viewer.run("true").await;
    }
}

#[tokio::test]
async fn a_ping_is_answered() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let mut viewer = server.attach(id, "").await;
    viewer.ping().await;
    viewer.ping().await;
}

#[tokio::test]
async fn a_signal_reaches_the_foreground_program_and_not_the_shell() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "bash" })).await;
    let mut viewer = server.attach(id, "").await;
    for (signal, status) in [
        (sempre_protocol::texts::Signal::Int, 130),
        (sempre_protocol::texts::Signal::Term, 143),
    ] {
        viewer.type_in("sh -c 'echo run''ning; exec sleep 600'\r").await;
        viewer.until_output("running\r\n").await;
        viewer.say(&ClientText::Signal { signal }).await;
        viewer.type_in("echo status=$?\r").await;
        viewer.until_output(&format!("status={status}\r\n")).await;
    }
}

#[tokio::test]
async fn pasting_again_and_again_into_a_program_that_does_not_read_costs_no_more_each_time() {
    let server = Setup::new().start();
    let id = server.script("stty raw -echo; echo ready; exec sleep 600").await;
    server
        .until(id, "the program", |info| info.offset >= Offset(6))
        .await;
    let text = vec![b'x'; WINDOW];
    let mut first = server.attach(id, "").await;
    first.report(&text).await;
    first.ping().await;
    let query = format!("writer={}", random_id());
    let mut memory = Vec::new();
    for _ in 0..40 {
        let mut viewer = server.attach(id, &query).await;
        let at = viewer.hello.input_offset.0;
        let rest = usize::try_from(at).unwrap();
        viewer.send_input(at, &text[rest..]).await;
        viewer.ping().await;
        viewer.close().await;
        memory.push(rss_bytes(server.pid()));
    }
    let grown = memory.last().unwrap().saturating_sub(memory[9]);
    assert!(
        grown < 4 * 1024 * 1024,
        "30 more times took {grown} bytes: {memory:?}"
    );
}
