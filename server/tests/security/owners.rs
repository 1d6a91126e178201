//! Sessions have an owner: other operators watch, and do no more.

use sempre_protocol::texts::{ErrorCode, Role};
use serde_json::json;

use super::people::key_for;
use crate::harness::{Call, Server, Setup};

async fn session_of(server: &Server, key: &str) -> sempre_protocol::SessionId {
    let create = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["sh", "-c", "stty -echo; cat"] }));
    let answer = create.bearer(key).send(server.address()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.value()["session_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn t10_another_operator_may_watch_and_nothing_else() {
    let mut server = Setup::new().start();
    let (ada, eve) = (
        key_for(&server, "ada", "operator").await,
        key_for(&server, "eve", "operator").await,
    );
    let id = session_of(&server, &ada).await;
    assert_eq!(server.info(id).await.owner.as_deref(), Some("key:ada"));
    // Who it belongs to is known after a restart.
    server.kill();
    server.start_again();
    let refused = [
        Call::new("PUT", &format!("/api/v1/sessions/{id}/resize")).json(&json!({ "rows": 9, "cols": 9 })),
        Call::post(&format!("/api/v1/sessions/{id}/restart")),
        Call::delete(&format!("/api/v1/sessions/{id}")),
        Call::get(&format!("/api/v1/sessions/{id}/shares")),
        Call::post(&format!("/api/v1/sessions/{id}/shares")).json(&json!({ "role": "viewer" })),
        Call::delete(&format!("/api/v1/sessions/{id}/viewers/1")),
    ];
    for call in refused {
        let problem = call
            .clone()
            .bearer(&eve)
            .send(server.address())
            .await
            .problem(403);
        assert_eq!(problem.code, "not_owner", "{call:?}");
    }
    let mut watcher = server.attach_by(&eve, id, "from=0").await.unwrap();
    assert_eq!(watcher.hello.role, Role::Viewer);
    watcher.type_in("intruder\r").await;
    assert_eq!(watcher.until_error().await.0, ErrorCode::Forbidden);
    let mut owner = server.attach_by(&ada, id, "from=0").await.unwrap();
    owner.type_in("owner\r").await;
    watcher.until_output("owner").await;
    let mut admin = server.attach(id, "").await;
    admin.type_in("admin\r").await;
    watcher.until_output("admin").await;
    assert!(!server.output_text(id).await.contains("intruder"));
    let end = Call::delete(&format!("/api/v1/sessions/{id}")).bearer(&ada);
    assert_eq!(end.send(server.address()).await.status, 204);
}

#[tokio::test]
async fn t10_a_server_that_was_told_so_lets_operators_share_its_unix_user() {
    let server = Setup::new().arg("--allow-shared-uid").start();
    let (ada, eve) = (
        key_for(&server, "ada", "operator").await,
        key_for(&server, "eve", "operator").await,
    );
    let id = session_of(&server, &ada).await;
    let mut viewer = server.attach_by(&eve, id, "from=0").await.unwrap();
    viewer.type_in("both\r").await;
    viewer.until_output("both").await;
}

#[tokio::test]
async fn t10_what_belongs_to_nobody_is_for_administrators() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let operator = key_for(&server, "ada", "operator").await;
    let end = Call::delete(&format!("/api/v1/sessions/{id}"));
    end.bearer(&operator).send(server.address()).await.problem(403);
    assert_eq!(server.info(id).await.owner, None);
}
