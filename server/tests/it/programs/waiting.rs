//! Waiting for what happens, and following it.

use serde_json::{Value, json};

use super::{post, run, shell, waited};
use crate::harness::{Call, Setup};

#[tokio::test]
async fn what_is_waited_for_is_found() {
    let server = Setup::new().start();
    let id = server
        .script("printf 'port \\033[1m80'; printf '81\\033[m open\\n'; read line; echo got $line; cat")
        .await;
    let pattern = json!({ "for": "regex", "value": "^port (\\d+) ", "from": 0 });
    let found = waited(&server, id, pattern).await;
    assert_eq!(found.groups, [Some("8081".to_owned())]);
    let waiting = waited(
        &server,
        id,
        json!({ "for": "text", "value": "got it", "from": found.offset }),
    );
    let typing = post(&server, id, "input", json!({ "data": "it", "enter": true }));
    let (found, _) = tokio::join!(waiting, typing);
    let after = server.output(id, found.offset.0).await;
    assert!(after.starts_with(b"\r\n"), "{}", after.escape_ascii());
    let quiet = waited(&server, id, json!({ "for": "silence", "value": 200 })).await;
    assert_eq!(quiet.offset, server.info(id).await.offset);
}

#[tokio::test]
async fn what_does_not_happen_is_told() {
    let server = Setup::new().start();
    let id = server.script("echo a; read line; exit 2").await;
    let late = post(
        &server,
        id,
        "wait",
        json!({ "for": "text", "value": "never", "timeout_ms": 50 }),
    )
    .await;
    assert_eq!(late.problem(504).code, "timed_out");
    assert_eq!(
        post(&server, id, "wait", json!({ "for": "prompt" }))
            .await
            .problem(409)
            .code,
        "no_shell_integration"
    );
    for wrong in [
        json!({ "for": "regex", "value": "(" }),
        json!({ "for": "regex", "value": "(\\w{500}){500}" }),
        json!({ "for": "text" }),
        json!({ "for": "silence", "value": "x" }),
        json!({ "for": "exit", "timeout_ms": 0 }),
    ] {
        assert_eq!(
            post(&server, id, "wait", wrong.clone()).await.problem(422).code,
            "invalid_field",
            "{wrong}"
        );
    }
    let waiting = post(
        &server,
        id,
        "wait",
        json!({ "for": "text", "value": "never", "from": 0 }),
    );
    let ending = post(&server, id, "input", json!({ "enter": true }));
    let (over, _) = tokio::join!(waiting, ending);
    assert_eq!(over.problem(409).code, "session_ended");
}

#[tokio::test]
async fn what_happens_is_told_in_order_and_again_after_a_reconnect() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    waited(&server, id, json!({ "for": "prompt" })).await;
    let before = server.info(id).await.offset;
    let target = format!("/api/v1/sessions/{id}/events");
    let following = Call::get(&target).bearer(&server.token());
    let stream = following.stream_until(server.address(), "\"exit_code\":3");
    let telling = run(
        &server,
        id,
        "printf '\\033]2;a title\\007\\a\\033]9;note\\007\\033]9;4;1;40\\007\\033]7;file:///srv\\007'; (exit 3)",
    );
    let (told, _) = tokio::join!(stream, telling);
    let events = events_of(&told);
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "state",
            "command_started",
            "title",
            "bell",
            "notification",
            "progress",
            "cwd",
            "command_ended"
        ]
    );
    assert_eq!(
        (&events[0].1["at_prompt"], &events[0].1["state"]),
        (&json!(true), &json!("active"))
    );
    assert_eq!(
        (&events[2].1["title"], &events[4].1["message"]),
        (&json!("a title"), &json!("note"))
    );
    assert_eq!(
        (&events[5].1["percent"], &events[6].1["cwd"]),
        (&json!(40), &json!("/srv"))
    );
    assert!(events[7].1["duration_ms"].is_u64(), "{}", events[7].1);
    let again = Call::get(&target)
        .bearer(&server.token())
        .header("last-event-id", events[5].1["offset"].to_string());
    let told = again.stream_until(server.address(), "command_ended").await;
    let names: Vec<_> = events_of(&told).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["state", "cwd", "command_ended"], "from {before}");
    run(&server, id, "exit").await;
    server.ended(id).await;
    let over = server.get(&target).await;
    let last = events_of(&over.text()).pop().unwrap();
    assert_eq!(
        (last.0.as_str(), &last.1["state"]),
        ("state", &json!("completed"))
    );
    let stay_away = server.ask(Call::get(&target).header("last-event-id", "1")).await;
    assert_eq!(stay_away.status, 204);
}

/// Names and data of the events in a stream; the id is the offset.
fn events_of(stream: &str) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    let (mut name, mut event_id) = (String::new(), String::new());
    for line in stream.lines() {
        if let Some(given) = line.strip_prefix("event: ") {
            given.clone_into(&mut name);
        } else if let Some(given) = line.strip_prefix("id: ") {
            given.clone_into(&mut event_id);
        } else if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data).unwrap();
            events.push((name.clone(), data));
        }
    }
    events
}
