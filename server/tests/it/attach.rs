//! Attaching: what a client is told first, and where its output begins.

use sempre_protocol::texts::{ExitStatus, Role, ServerText};
use sempre_protocol::{Offset, SUBPROTOCOL, Size};
use serde_json::json;

use crate::harness::{Exit, Setup, assert_same, random_id};

#[tokio::test]
async fn hello_comes_first_and_says_all_a_client_must_know() {
    let server = Setup::new().start();
    let id = server
        .create(json!({ "cmd": ["cat"], "rows": 30, "cols": 100 }))
        .await;
    let writer = random_id();
    let mut viewer = server.attach_screen(id, &format!("writer={writer}")).await;
    let protocol = viewer.response.headers().get("sec-websocket-protocol").unwrap();
    assert_eq!(protocol, SUBPROTOCOL);
    let info = server.info(id).await;
    let hello = &viewer.hello;
    assert_eq!((hello.session, hello.run), (id, info.run));
    assert_eq!((hello.writer.to_string(), hello.writer_known), (writer, false));
    assert_eq!(
        (hello.offset, hello.base_offset, hello.tail_offset),
        (Offset(0), Offset(0), Offset(0))
    );
    assert_eq!((hello.input_offset, hello.input_window), (Offset(0), 256 * 1024));
    assert_eq!((hello.size, hello.role), (Size::new(100, 30), Role::Writer));
    assert!(!hello.answers, "the server answers queries");
    assert_eq!(hello.server_version, env!("CARGO_PKG_VERSION"));
    let viewers = |text: &ServerText| match text {
        ServerText::Viewers { count, writers, .. } => Some((*count, *writers)),
        _ => None,
    };
    assert_eq!(viewer.until_text("the number of viewers", viewers).await, (1, 1));
}

#[tokio::test]
async fn a_client_without_a_writer_gets_a_fresh_one() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let first = server.attach(id, "").await;
    let second = server.attach(id, "").await;
    assert_ne!(first.hello.writer, second.hello.writer);
}

#[tokio::test]
async fn who_brings_an_offset_gets_exactly_the_bytes_from_there() {
    let server = Setup::new().start();
    let id = server.script("printf 0123456789; cat").await;
    server
        .until(id, "the output", |info| info.offset == Offset(10))
        .await;
    for from in [0, 3, 10] {
        let mut viewer = server.attach(id, &format!("from={from}")).await;
        assert!(!viewer.hello.reset);
        assert_eq!(viewer.hello.offset.0, from);
        viewer.until_offset(10).await;
        assert_eq!(viewer.output, b"0123456789"[from as usize..]);
    }
}

#[tokio::test]
async fn who_brings_an_offset_beyond_the_end_starts_over() {
    let server = Setup::new().start();
    let id = server.script("printf 0123456789; cat").await;
    server
        .until(id, "the output", |info| info.offset == Offset(10))
        .await;
    for from in [11, u64::MAX] {
        let mut viewer = server.attach(id, &format!("from={from}")).await;
        assert!(viewer.hello.reset);
        assert_eq!(viewer.hello.offset, Offset(10));
        viewer.until_shown("0123456789").await;
    }
}

#[tokio::test]
async fn two_viewers_get_the_same_bytes_and_both_may_type() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut one = server.attach(id, "").await;
    let mut two = server.attach(id, "").await;
    one.run("echo from-one").await;
    two.run("echo from-two").await;
    one.type_in("seq 1 20000; exit 7\r").await;
    let exits = (one.until_exit().await, two.until_exit().await);
    assert_eq!(exits.0, exits.1);
    assert_eq!(exits.0.status, Some(ExitStatus::Code(7)));
    assert_same(&two.output, &one.output, "the other viewer's output");
    assert_same(&server.output(id, 0).await, &one.output, "the journal");
}

#[tokio::test]
async fn an_ended_session_is_replayed_with_its_exit_and_closed() {
    let server = Setup::new().start();
    for (script, status) in [
        ("echo bye; exit 9", ExitStatus::Code(9)),
        ("echo bye; kill -TERM $$", ExitStatus::Signal(15)),
    ] {
        let id = server.script(script).await;
        server.ended(id).await;
        for _ in 0..2 {
            let mut viewer = server.attach(id, "").await;
            let exit = viewer.until_exit().await;
            let expected = Exit {
                offset: Offset(5),
                status: Some(status),
                reason: "exited".into(),
            };
            assert_eq!((exit, viewer.output.as_slice()), (expected, &b"bye\r\n"[..]));
            assert_eq!(viewer.until_closed().await, Some(1000));
        }
        assert_eq!(server.info(id).await.viewers, 0);
    }
}

#[tokio::test]
async fn the_exit_comes_to_who_is_attached_after_the_last_byte() {
    let server = Setup::new().start();
    let id = server.script("read line; seq 1 50000; exit 1").await;
    let mut viewers = vec![server.attach(id, "").await, server.attach(id, "acks=1").await];
    viewers[1].acks = true;
    viewers[0].type_in("\r").await;
    for viewer in &mut viewers {
        let exit = viewer.until_exit().await;
        assert_eq!(exit.status, Some(ExitStatus::Code(1)));
        assert!(viewer.output.ends_with(b"\n50000\r\n"), "{}", viewer.tail());
        viewer.until_closed().await;
    }
}

#[tokio::test]
async fn a_session_ended_over_the_api_says_so() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach(id, "").await;
    server.delete(id).await;
    assert_eq!(viewer.until_exit().await.reason, "ended");
}

#[tokio::test]
async fn a_session_that_does_not_exist_is_refused_before_the_upgrade() {
    let server = Setup::new().start();
    let id = "00000000000000000000000000000000".parse().unwrap();
    let refused = server.try_attach(id, "").await.unwrap_err();
    assert!(
        refused.starts_with("404") && refused.contains("session_not_found"),
        "{refused}"
    );
}

#[tokio::test]
async fn an_attach_in_the_middle_of_a_flood_misses_and_doubles_nothing() {
    let server = Setup::new().start();
    let id = server.script("read line; seq 1 300000").await;
    let mut first = server.attach(id, "").await;
    first.type_in("\r").await;
    first.until_offset(100_000).await;
    let mut second = server.attach(id, &format!("from={}", first.end())).await;
    let split = usize::try_from(second.hello.offset.0).unwrap();
    let mut third = server.attach_screen(id, "").await;
    let tail = usize::try_from(third.hello.offset.0).unwrap();
    for viewer in [&mut first, &mut second, &mut third] {
        viewer.until_exit().await;
    }
    let all = server.output(id, 0).await;
    assert_same(&first.output, &all, "who was there from the start");
    assert_same(&second.output, &all[split..], "who came with an offset");
    assert_same(&third.output, &all[tail..], "who came with nothing");
}
