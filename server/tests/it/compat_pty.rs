//! `/session/{sid}/pty…` beyond the document's own programs: rows P1 to P4 and P9.

use sempre_protocol::SessionId;
use sempre_protocol::compat::pty::PtyInfo;
use serde_json::{Value, json};

use crate::harness::{Answer, Call, Server, Setup, eventually};

fn at(id: SessionId, rest: &str) -> String {
    format!("/session/crew/pty/{id}{rest}")
}

async fn post(server: &Server, target: &str, body: Value) -> Answer {
    server.ask(Call::post(target).json(&body)).await
}

async fn pty(server: &Server, cmd: &[&str]) -> SessionId {
    let answer = post(server, "/session/crew/pty", json!({ "cmd": cmd })).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json::<PtyInfo>().pty_id
}

async fn listed(server: &Server) -> Vec<SessionId> {
    let ptys: Vec<PtyInfo> = server.get("/session/crew/pty").await.json();
    ptys.iter().map(|pty| pty.pty_id).collect()
}

/// All events of a stream up to one that holds `needle`; `last` is the last event the client has.
async fn stream(server: &Server, id: SessionId, last: Option<&str>, needle: &str) -> String {
    let mut call = Call::get(&at(id, "/stream")).bearer(&server.token());
    if let Some(last) = last {
        call = call.header("last-event-id", last);
    }
    call.stream_until(server.address(), needle).await
}

#[tokio::test]
async fn p1_a_pty_is_listed_shown_resized_and_deleted_in_its_group() {
    let server = Setup::new().start();
    let first = pty(&server, &["cat"]).await;
    let script = "trap 'stty size' WINCH; echo ready; while :; do read x; done";
    let second = pty(&server, &["sh", "-c", script]).await;
    eventually("the program", || async {
        server.output_text(second).await.contains("ready").then_some(())
    })
    .await;
    assert_eq!(listed(&server).await, [second, first]);
    let shown = server.get(&at(second, "")).await.value();
    assert_eq!(
        (&shown["ptyID"], &shown["status"]),
        (&json!(second), &json!("running"))
    );
    assert!(shown["pid"].is_u64() && shown["lastActivity"].is_u64(), "{shown}");
    for (target, status) in [
        (format!("/session/other/pty/{second}"), 404),
        (at(second, "").replace("crew", "cre"), 404),
        ("/session/crew/pty/none".to_owned(), 404),
    ] {
        assert_eq!(server.get(&target).await.problem(status).code, "pty_not_found");
    }
    for method in ["POST", "PUT"] {
        let cols = if method == "POST" { 101 } else { 102 };
        let call = Call::new(method, &at(second, "/resize")).json(&json!({ "cols": cols, "rows": 31 }));
        let resized: PtyInfo = server.ask(call).await.json();
        assert_eq!((resized.cols, resized.rows), (cols, 31));
    }
    eventually("the new size at the program", || async {
        server.output_text(second).await.contains("31 102").then_some(())
    })
    .await;
    let wrong = post(&server, &at(second, "/resize"), json!({ "cols": 0, "rows": 31 })).await;
    assert_eq!(wrong.problem(422).code, "invalid_field");
    assert_eq!(server.ask(Call::delete(&at(second, ""))).await.status, 204);
    assert_eq!(listed(&server).await, [first]);
    assert_eq!(server.get(&at(second, "")).await.status, 404);
    assert!(
        server.info(second).await.exit.is_some(),
        "its output is kept as any session's"
    );
}

#[tokio::test]
async fn p2_input_is_text_or_bytes_and_what_nobody_reads_waits() {
    let server = Setup::new().start();
    let id = pty(
        &server,
        &["sh", "-c", "stty raw -echo; echo ready; head -c 8 | od -An -tx1"],
    )
    .await;
    eventually("the program", || async {
        server.output_text(id).await.contains("ready").then_some(())
    })
    .await;
    for (body, bytes) in [
        (json!({ "data": "aä" }), 3),
        (json!({ "data_b64": "/wAK" }), 3),
        (json!({ "data": "x", "data_b64": "eQ==" }), 2),
    ] {
        let written = post(&server, &at(id, "/input"), body).await.value();
        assert_eq!(written, json!({ "bytes": bytes, "written": true }));
    }
    server.ended(id).await;
    let output = server.output_text(id).await;
    assert!(output.contains("61 c3 a4 ff 00 0a 78 79"), "{output}");
    let ended = post(&server, &at(id, "/input"), json!({ "data": "x" })).await;
    assert_eq!(ended.problem(409).code, "session_ended");
    let deaf = pty(
        &server,
        &["sh", "-c", "stty raw -echo; echo ready; exec sleep 600"],
    )
    .await;
    eventually("the program", || async {
        server.output_text(deaf).await.contains("ready").then_some(())
    })
    .await;
    assert_eq!(
        post(&server, &at(deaf, "/input"), json!({}))
            .await
            .problem(422)
            .code,
        "invalid_field"
    );
    let much = "x".repeat(100_000);
    let waits = post(&server, &at(deaf, "/input"), json!({ "data": much }))
        .await
        .value();
    assert_eq!(waits, json!({ "bytes": 100_000, "written": false }));
}

#[tokio::test]
async fn p3_a_snapshot_comes_as_escapes_text_and_html() {
    let server = Setup::new().start();
    let id = pty(
        &server,
        &[
            "sh",
            "-c",
            "seq 1 100; printf '\\033[1;31m<red>\\033[m'; exec cat",
        ],
    )
    .await;
    let snapshot = |query: &'static str| {
        let server = &server;
        async move { server.get(&at(id, &format!("/snapshot{query}"))).await.value() }
    };
    eventually("the output", || async {
        let shown = snapshot("").await;
        shown["data"].as_str().unwrap().contains("<red>").then_some(())
    })
    .await;
    let ansi = snapshot("").await;
    assert!(ansi["data"].as_str().unwrap().contains("\u{1b}["), "{ansi}");
    assert_eq!((&ansi["cols"], &ansi["rows"]), (&json!(80), &json!(24)));
    let all: Vec<_> = (1..=100).map(|n| n.to_string()).collect();
    let text = snapshot("?format=text").await;
    assert_eq!(text["data"], format!("{}\n<red>", all.join("\n")));
    let screen = snapshot("?format=text&lines=0").await;
    assert!(screen["data"].as_str().unwrap().starts_with("78\n"), "{screen}");
    let html = snapshot("?format=html&lines=0").await;
    assert!(
        html["data"].as_str().unwrap().contains(">&lt;red&gt;</span>"),
        "{html}"
    );
    let wrong = server.get(&at(id, "/snapshot?format=pdf")).await;
    assert_eq!(wrong.problem(400).code, "bad_query");
}

#[tokio::test]
async fn p4_a_stream_goes_on_after_the_last_event_and_ends_for_good() {
    let server = Setup::new().start();
    let script = "stty -echo; echo one; read x; printf 'a\\377b'; read x; printf '\\342\\202'; read x; printf '\\254'; exit 9";
    let id = pty(&server, &["sh", "-c", script]).await;
    eventually("the beginning", || async {
        (server.info(id).await.offset.0 == 5).then_some(())
    })
    .await;
    let first = stream(&server, id, None, "\"rows\":24}").await;
    assert!(first.contains("event: snapshot\nid: 5\n"), "{first}");
    let input = at(id, "/input");
    post(&server, &input, json!({ "data": "\n" })).await;
    let bytes = stream(&server, id, Some("5"), "\"b64\"").await;
    assert!(!bytes.contains("snapshot"), "{bytes}");
    assert!(
        bytes.contains("a\u{fffd}b") && bytes.contains("event: data\n"),
        "{bytes}"
    );
    post(&server, &input, json!({ "data": "\n" })).await;
    eventually("half a character", || async {
        server.output(id, 0).await.ends_with(b"\xe2\x82").then_some(())
    })
    .await;
    let offset = server.output(id, 0).await.len() - 2;
    let offset = offset.to_string();
    let whole = stream(&server, id, Some(&offset), "event: exit");
    let rest = async {
        eventually("the listener", || async {
            (server.info(id).await.viewers > 0).then_some(())
        })
        .await;
        post(&server, &input, json!({ "data": "\n" })).await;
    };
    let (whole, ()) = tokio::join!(whole, rest);
    assert!(!whole.contains("b64") && !whole.contains('\u{fffd}'), "{whole}");
    let end = server.ended(id).await.offset;
    let last = stream(&server, id, Some("0"), "\"code\":9").await;
    assert!(last.contains(&format!("id: {end}-exit\n")), "{last}");
    let over = Call::get(&at(id, "/stream")).header("last-event-id", format!("{end}-exit"));
    assert_eq!(server.ask(over).await.status, 204);
}

#[tokio::test]
async fn p9_an_eleventh_pty_ends_the_idle_one_and_is_refused_if_none_is() {
    let server = Setup::new().start();
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(pty(&server, &["cat"]).await);
    }
    assert_eq!(server.info(ids[0]).await.idle, Some(1800));
    let refused = post(&server, "/session/crew/pty", json!({ "cmd": ["cat"] })).await;
    assert_eq!(refused.problem(429).code, "limit_reached");
    let elsewhere = post(&server, "/session/others/pty", json!({ "cmd": ["cat"] })).await;
    assert_eq!(elsewhere.status, 201, "the limit is the group's");
    assert_eq!(server.ask(Call::delete(&at(ids[0], ""))).await.status, 204);
    let shell = pty(&server, &["sh"]).await;
    eventually("its prompt", || async {
        (server.info(shell).await.offset.0 > 0).then_some(())
    })
    .await;
    // A shell is idle a moment after it has shown its prompt.
    let eleventh = eventually("room", || async {
        let answer = post(&server, "/session/crew/pty", json!({ "cmd": ["cat"] })).await;
        (answer.status == 201).then(|| answer.json::<PtyInfo>().pty_id)
    })
    .await;
    assert_eq!(
        server.info(shell).await.end_reason.as_deref(),
        Some("group_limit")
    );
    let now = listed(&server).await;
    assert!(
        now.contains(&eleventh) && ids[1..].iter().all(|id| now.contains(id)),
        "{now:?}"
    );
}
