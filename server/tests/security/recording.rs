//! What was typed is for the owner of a session and for administrators, and who reads it is written down.

use sempre_protocol::door::AuditEntry;
use serde_json::json;

use super::people::{key, key_for};
use crate::harness::{Call, Setup, eventually};

#[tokio::test]
async fn p11_only_owner_and_administrator_read_what_was_typed() {
    // Who may type into everything may still not read what others typed.
    let server = Setup::new().arg("--allow-shared-uid").start();
    let ada = key_for(&server, "ada", "operator").await;
    let create = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"], "record_input": true }));
    let created = create.bearer(&ada).send(server.address()).await.value();
    let id = created["session_id"].as_str().unwrap().to_owned();
    let mut viewer = server
        .attach_by(&ada, id.parse().unwrap(), "from=0")
        .await
        .unwrap();
    viewer.type_in("mine alone\r").await;
    viewer.until_output("mine alone").await;

    let read = Call::get(&format!("/api/v1/sessions/{id}/input-recording"));
    let scope = json!({ "name": "one", "role": "operator", "scope": { "session": id } });
    for (who, code) in [
        (key_for(&server, "watch", "viewer").await, "forbidden"),
        (key_for(&server, "eve", "operator").await, "not_owner"),
        (key(&server, scope).await.key, "not_owner"),
    ] {
        let refused = read.clone().bearer(&who).send(server.address()).await;
        assert!(!refused.text().contains("bWluZSBhbG9uZQ"), "{}", refused.text());
        assert_eq!(refused.problem(403).code, code);
    }
    assert_eq!(read.send(server.address()).await.status, 401);
    let admin = key_for(&server, "root", "admin").await;
    for who in [ada, admin, server.token()] {
        let answer = read.clone().bearer(&who).send(server.address()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.text().contains("\"kind\":\"input\""), "{}", answer.text());
    }
    let log = eventually("the entries", || async {
        let mut log: Vec<AuditEntry> = server.get("/api/v1/audit?limit=1000").await.json();
        log.retain(|entry| entry.action == "input_recording_read");
        log.reverse();
        (log.len() == 3).then_some(log)
    })
    .await;
    let who: Vec<_> = log.iter().map(|entry| entry.who.as_deref()).collect();
    assert_eq!(who, [Some("key:ada"), Some("key:root"), None]);
    assert!(
        log.iter()
            .all(|entry| entry.session_id.is_some_and(|session| session.to_string() == id))
    );
}
