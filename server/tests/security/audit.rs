//! The audit log: everything that matters is in it, nothing that must not be.

use sempre_protocol::door::AuditEntry;
use sempre_protocol::texts::{ClientText, Signal};
use serde_json::json;

use super::people::{form, key, key_for, share, user};
use crate::harness::{Call, Server, Setup, eventually};

/// The log, oldest first, once it holds `action`.
async fn log_with(server: &Server, action: &str) -> Vec<AuditEntry> {
    eventually("an entry", || async {
        let mut log: Vec<AuditEntry> = server.get("/api/v1/audit?limit=1000").await.json();
        log.reverse();
        log.iter().any(|entry| entry.action == action).then_some(log)
    })
    .await
}

#[tokio::test]
async fn t10_who_did_what_to_which_session_is_written_down() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let file = temp.path().join("audit.jsonl");
    let mut server = Setup::new().arg("--audit-file").arg(&file).start();
    let made = key(&server, json!({ "name": "ci", "role": "operator" })).await;
    let create = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["sh", "-c", "stty -echo; cat"] }));
    let created = create.bearer(&made.key).send(server.address()).await.value();
    let id: sempre_protocol::SessionId = created["session_id"].as_str().unwrap().parse().unwrap();
    let mut first = server.attach_by(&made.key, id, "from=0").await.unwrap();
    first.type_in("the-secret-i-typed\r").await;
    first.until_output("the-secret-i-typed").await;
    let mut second = server.attach(id, "").await;
    second.type_in("mine\r").await;
    second.until_output("mine").await;
    second.close().await;
    let delete = Call::delete(&format!("/api/v1/sessions/{id}"));
    let stranger = key_for(&server, "eve", "operator").await;
    delete
        .clone()
        .bearer(&stranger)
        .send(server.address())
        .await
        .problem(403);
    delete.bearer(&made.key).send(server.address()).await;
    first.close().await;
    server
        .ask(Call::delete(&format!("/api/v1/keys/{}", made.info.id)))
        .await;
    user(&server, "ada", "viewer", "correct horse").await;
    form("ada", "wrong-password").send(server.address()).await;
    form("ada", "correct+horse").send(server.address()).await;
    let log = log_with(&server, "login").await;
    let of = |action: &str| -> Vec<(Option<&str>, &str)> {
        let entries = log.iter().filter(|entry| entry.action == action);
        entries
            .map(|entry| (entry.who.as_deref(), entry.result.as_str()))
            .collect()
    };
    let ci = Some("key:ci");
    assert_eq!(of("session_create"), [(ci, "ok")]);
    assert_eq!(of("viewer_attach"), [(ci, "ok"), (None, "ok")]);
    assert_eq!(of("typing_taken"), [(None, "ok")]);
    assert_eq!(of("forbidden"), [(Some("key:eve"), "refused")]);
    assert_eq!(of("session_end"), [(ci, "ok")]);
    assert_eq!(of("key_create"), [(None, "ok"), (None, "ok")]);
    assert_eq!(of("key_revoke"), [(None, "ok")]);
    assert_eq!(of("viewer_detach").len(), 2);
    let ended = log.iter().find(|entry| entry.action == "session_end").unwrap();
    assert_eq!((ended.session_id, &*ended.from), (Some(id), "127.0.0.1"));
    let logins: Vec<_> = log.iter().filter(|entry| entry.action == "login").collect();
    assert!(
        logins
            .iter()
            .any(|entry| entry.result == "refused" && entry.who.as_deref() == Some("ada"))
    );
    let one = server.get(&format!("/api/v1/audit?session_id={id}")).await;
    let one: Vec<AuditEntry> = one.json();
    assert!(one.iter().all(|entry| entry.session_id == Some(id)) && one.len() >= 6);
    server.stop();
    let text = std::fs::read_to_string(&file).unwrap();
    for secret in [
        "the-secret-i-typed",
        "mine",
        &made.key[7..],
        "wrong-password",
        "correct",
        &server.token(),
    ] {
        assert!(!text.contains(secret), "{secret} is in the log: {text}");
        assert!(!server.log().contains(secret), "{secret} is in the server's log");
    }
    for line in text.lines() {
        serde_json::from_str::<AuditEntry>(line).unwrap();
    }
}

#[tokio::test]
async fn t10_what_is_done_by_request_is_written_down_like_what_is_done_by_socket() {
    let server = Setup::new().start();
    let ci = key_for(&server, "ci", "operator").await;
    let ask = async |call: Call| call.bearer(&ci).send(server.address()).await;
    let create = Call::post("/session/crew/pty").json(&json!({ "cmd": ["cat"] }));
    let created = ask(create).await.value();
    let id = created["ptyID"].as_str().unwrap();
    let pty = format!("/session/crew/pty/{id}");
    let native = format!("/api/v1/sessions/{id}");
    let size = json!({ "cols": 90, "rows": 30 });
    let resize = Call::new("PUT", &format!("{pty}/resize")).json(&size);
    assert_eq!(ask(resize).await.status, 200);
    for word in ["one-secret\r", "two-secret\r"] {
        let input = Call::post(&format!("{pty}/input")).json(&json!({ "data": word }));
        assert_eq!(ask(input).await.status, 200);
    }
    let input = Call::post(&format!("{native}/input")).json(&json!({ "data": "three-secret\r" }));
    assert_eq!(ask(input.clone()).await.status, 200);
    assert_eq!(server.ask(input).await.status, 200);
    let run = Call::post(&format!("{native}/run")).json(&json!({ "command": "four-secret" }));
    assert_eq!(ask(run).await.problem(409).code, "no_shell_integration");
    let signal = Call::post(&format!("{native}/signal")).json(&json!({ "signal": "TERM" }));
    assert_eq!(ask(signal).await.status, 204);
    let log = log_with(&server, "session_signal").await;
    let log: Vec<_> = log.iter().filter(|entry| entry.session_id.is_some()).collect();
    let told = log.iter().map(|entry| {
        assert_eq!(entry.session_id.unwrap().to_string(), id);
        (entry.action.as_str(), entry.who.as_deref(), entry.result.as_str())
    });
    let ci = Some("key:ci");
    let expected = [
        ("session_create", ci, "ok"),
        ("session_resize", ci, "ok"),
        // Once for all that one client types in a row.
        ("session_input", ci, "ok"),
        ("session_input", None, "ok"),
        ("session_run", ci, "failed"),
        ("session_signal", ci, "ok"),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(log.last().unwrap().detail.as_deref(), Some("TERM"));
    let text = serde_json::to_string(&log).unwrap();
    assert!(!text.contains("-secret"), "what was typed is in the log: {text}");
}

#[tokio::test]
async fn t10_a_signal_by_socket_is_written_down_with_who_sent_it() {
    let server = Setup::new().start();
    let ci = key_for(&server, "ci", "operator").await;
    let create = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"] }));
    let created = create.bearer(&ci).send(server.address()).await.value();
    let id: sempre_protocol::SessionId = created["session_id"].as_str().unwrap().parse().unwrap();
    let mut viewer = server.attach_by(&ci, id, "from=0").await.unwrap();
    viewer.say(&ClientText::Signal { signal: Signal::Term }).await;
    viewer.until_exit().await;
    let log = log_with(&server, "session_signal").await;
    let signals: Vec<_> = log
        .iter()
        .filter(|entry| entry.action == "session_signal")
        .map(|entry| (entry.who.as_deref(), entry.detail.as_deref(), entry.session_id))
        .collect();
    assert_eq!(signals, [(Some("key:ci"), Some("TERM"), Some(id))]);
}

#[tokio::test]
async fn links_are_written_down_when_made_opened_refused_and_revoked() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let link = share(&server, id, json!({ "role": "viewer" })).await;
    Call::get(&link.url).page().send(server.address()).await;
    Call::get("/share/no-link").page().send(server.address()).await;
    server
        .ask(Call::delete(&format!(
            "/api/v1/sessions/{id}/shares/{}",
            link.info.id
        )))
        .await;
    let log = log_with(&server, "share_revoke").await;
    let opened: Vec<_> = log.iter().filter(|entry| entry.action == "share_open").collect();
    assert_eq!(
        (opened[0].result.as_str(), opened[1].result.as_str()),
        ("ok", "refused")
    );
    assert!(opened[0].who.as_deref().unwrap().starts_with("share:"));
    let text = serde_json::to_string(&log).unwrap();
    assert!(
        !text.contains(link.url.rsplit('.').next().unwrap()),
        "the link is in the log"
    );
}

#[tokio::test]
async fn nobody_without_a_credential_pushes_entries_out_of_the_log() {
    let server = Setup::new().start();
    for number in 0..60 {
        let call = match number % 3 {
            0 => Call::get("/share/none"),
            1 => Call::get("/").bearer("wrong"),
            _ => form("", "wrong"),
        };
        assert!(call.send(server.address()).await.status >= 400);
    }
    key_for(&server, "last", "viewer").await;
    let log = log_with(&server, "key_create").await;
    let refused = log.iter().filter(|entry| entry.result == "refused").count();
    assert!((1..=30).contains(&refused), "{refused} refusals are noted");
}

#[tokio::test]
async fn names_cannot_forge_lines_of_a_log() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let file = temp.path().join("audit.jsonl");
    let mut server = Setup::new().arg("--audit-file").arg(&file).start();
    user(&server, "ada", "viewer", "correct horse").await;
    form("eve%0A%7B%22who%22%3A%22root%22%7D%1B%5B2J", "x")
        .send(server.address())
        .await;
    Call::get("/%0aINFO%20login%20ok%1b[2J")
        .bearer("x\u{7f}")
        .send(server.address())
        .await;
    let log = log_with(&server, "login").await;
    let eve = log
        .iter()
        .find(|entry| entry.who.as_deref().is_some_and(|who| who.contains("eve")))
        .unwrap();
    let who = eve.who.as_deref().unwrap();
    assert!(
        who.contains("\\n") && !who.chars().any(char::is_control),
        "{who:?}"
    );
    server.stop();
    for text in [std::fs::read_to_string(&file).unwrap(), server.log()] {
        assert!(!text.contains("\n{\"who\":\"root\"}"), "{text}");
        assert!(!text.contains("\u{1b}[2J"), "{text}");
    }
}
