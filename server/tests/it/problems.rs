//! Every error is a problem (RFC 9457) with a code for programs and a text that says what to do.

use serde_json::json;

use crate::harness::{Call, Setup};

const NOBODY: &str = "00000000000000000000000000000000";

#[tokio::test]
async fn what_names_no_session_is_not_found() {
    let server = Setup::new().start();
    for id in [
        NOBODY,
        "1",
        "..%2f..%2fetc",
        "A0000000000000000000000000000000",
        "%00",
    ] {
        for call in [
            Call::get(&format!("/api/v1/sessions/{id}")),
            Call::delete(&format!("/api/v1/sessions/{id}")),
            Call::new("PUT", &format!("/api/v1/sessions/{id}/resize")).json(&json!({ "rows": 1, "cols": 1 })),
            Call::post(&format!("/api/v1/sessions/{id}/restart")),
            Call::get(&format!("/api/v1/sessions/{id}/output")),
            Call::get(&format!("/ws/sessions/{id}")).upgrade(),
        ] {
            let problem = server.ask(call.clone()).await.problem(404);
            assert_eq!(problem.code, "session_not_found", "{call:?}");
        }
    }
    let nothing = server.get("/api/v1/nothing-here").await.problem(404);
    assert!(
        nothing.code == "no_route" && nothing.detail.contains("nothing-here"),
        "{nothing:?}"
    );
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_refused_and_start_nothing() {
    let server = Setup::new().start();
    let post = || Call::post("/api/v1/sessions");
    let many_labels: serde_json::Map<_, _> = (0..100).map(|n| (format!("k{n}"), json!("v"))).collect();
    for (call, status) in [
        (post().json(&json!({ "shell": "sh", "shel": "zsh" })), 422),
        (post().json(&json!({ "rows": "many" })), 422),
        (post().json(&json!({ "rows": 70000 })), 422),
        (post().json(&json!({ "shell": "sh", "cmd": ["sh"] })), 422),
        (post().json(&json!({ "cmd": [] })), 422),
        (post().json(&json!({ "cmd": ["sh", "a\u{0}b"] })), 422),
        (post().json(&json!({ "cwd": "relative/path" })), 422),
        (post().json(&json!({ "env": { "A=B": "x" } })), 422),
        (post().json(&json!({ "env": { "A": "x".repeat(100_000) } })), 422),
        (post().json(&json!({ "labels": { "a b": "x" } })), 422),
        (post().json(&json!({ "labels": { "a": "\u{1b}[31m" } })), 422),
        (post().json(&json!({ "labels": many_labels })), 422),
        (post().json(&json!({ "group": "x".repeat(1000) })), 422),
        (post().body("application/json", "{\"shell\":"), 400),
        // The fields of a request in order, without their names.
        (post().json(&json!(["sh", null, null])), 422),
        (post().body("text/plain", "{\"shell\":\"sh\"}"), 415),
        (post().body("application/x-www-form-urlencoded", "shell=sh"), 415),
        (
            post().json(&json!({ "env": { "A": "x".repeat(2_000_000) } })),
            413,
        ),
    ] {
        server.ask(call).await.problem(status);
    }
    assert!(server.list().await.is_empty());
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let server = Setup::new().start();
    let answer = server.try_create(&json!({ "shell": "sh", "colour": 1 })).await;
    assert!(answer.problem(422).detail.contains("colour"));
    let answer = server.try_create(&json!({ "cwd": "here" })).await;
    let problem = answer.problem(422);
    assert!(
        problem.code == "invalid_field" && problem.detail.contains("cwd"),
        "{problem:?}"
    );
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_a_problem() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    server
        .get(&format!("/api/v1/sessions/{id}/output?from=start"))
        .await
        .problem(400);
    for query in ["from=-1", "acks=yes", "writer=me"] {
        let call = Call::get(&format!("/ws/sessions/{id}?{query}")).upgrade();
        server.ask(call).await.problem(400);
    }
    assert_eq!(server.info(id).await.viewers, 0);
}

#[tokio::test]
async fn a_form_that_is_none_and_a_group_without_a_name_are_problems() {
    let server = Setup::new().start();
    let login = Call::post("/login").json(&json!({ "token": "x" }));
    assert_eq!(server.ask(login).await.problem(415).code, "bad_body");
    let login = Call::post("/login").body("application/x-www-form-urlencoded", "user=ada");
    assert_eq!(server.ask(login).await.problem(422).code, "bad_body");
    let twice = server.get("/oidc/login?next=/a&next=/b").await;
    assert_eq!(twice.problem(400).code, "bad_query");
    for call in [
        Call::get("/session/%FF/pty"),
        Call::post("/session/%FF/pty").json(&json!({})),
    ] {
        assert_eq!(server.ask(call).await.problem(400).code, "bad_path");
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_a_problem() {
    let server = Setup::new().start();
    for call in [
        Call::new("PATCH", "/api/v1/sessions"),
        Call::delete("/api/v1/health"),
        Call::post("/api/v1/sessions/00000000000000000000000000000000"),
    ] {
        let answer = server.ask(call).await;
        assert!(answer.header("allow").is_some(), "{answer:?}");
        answer.problem(405);
    }
}

#[tokio::test]
async fn a_websocket_route_asked_for_without_an_upgrade_is_a_problem() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let answer = server.get(&format!("/ws/sessions/{id}")).await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    answer.problem(answer.status);
    assert_eq!(server.info(id).await.viewers, 0);
}

#[tokio::test]
async fn too_many_viewers_are_refused_before_the_upgrade() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let mut viewers = Vec::new();
    let refused = loop {
        match server.try_attach(id, "").await {
            Ok(viewer) => viewers.push(viewer),
            Err(error) => break error,
        }
        assert!(viewers.len() <= 1000, "there is a limit");
    };
    assert!(
        refused.starts_with("429") && refused.contains("max_viewers"),
        "{refused}"
    );
    viewers.pop().unwrap().close().await;
    server
        .until(id, "a free place", |info| info.viewers < viewers.len() as u32 + 1)
        .await;
    server.attach(id, "").await;
}
