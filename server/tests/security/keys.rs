//! API keys: shown once, confined by role and scope, worth nothing once taken back.

use sempre_protocol::door::KeyInfo;
use serde_json::json;

use super::people::{key, key_for};
use crate::harness::{Call, Setup, eventually};

#[tokio::test]
async fn t10_a_key_is_shown_once_and_works_until_it_is_revoked() {
    let mut server = Setup::new().start();
    let made = key(&server, json!({ "name": "ci", "role": "viewer" })).await;
    assert!(
        made.key.starts_with("sempre_") && made.key.len() == 71,
        "{}",
        made.key
    );
    let list = Call::get("/api/v1/sessions").bearer(&made.key);
    assert_eq!(list.send(server.address()).await.status, 200);
    let shown = server.get("/api/v1/keys").await;
    assert!(!shown.text().contains(&made.key[7..]), "{}", shown.text());
    let keys: Vec<KeyInfo> = shown.json();
    assert_eq!((keys.len(), &*keys[0].name, keys[0].id), (1, "ci", made.info.id));
    assert!(keys[0].last_used_at.is_some());
    server.kill();
    server.start_again();
    assert_eq!(list.send(server.address()).await.status, 200, "over a restart");
    let revoke = Call::delete(&format!("/api/v1/keys/{}", made.info.id));
    assert_eq!(server.ask(revoke.clone()).await.status, 204);
    assert_eq!(list.send(server.address()).await.status, 401);
    server.ask(revoke).await.problem(404);
    server.kill();
    server.start_again();
    assert_eq!(list.send(server.address()).await.status, 401, "over a restart");
}

#[tokio::test]
async fn t10_a_key_has_the_rights_of_its_role() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let (viewer, operator) = (
        key_for(&server, "v", "viewer").await,
        key_for(&server, "o", "operator").await,
    );
    let create = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"] }));
    create
        .clone()
        .bearer(&viewer)
        .send(server.address())
        .await
        .problem(403);
    assert_eq!(create.bearer(&operator).send(server.address()).await.status, 201);
    let show = Call::get(&format!("/api/v1/sessions/{id}"));
    assert_eq!(show.bearer(&viewer).send(server.address()).await.status, 200);
    for call in [
        Call::get("/api/v1/keys"),
        Call::post("/api/v1/keys").json(&json!({ "name": "x", "role": "admin" })),
        Call::get("/api/v1/users"),
        Call::new("PUT", "/api/v1/users/eve").json(&json!({ "role": "admin" })),
        Call::get("/api/v1/logins"),
        Call::get("/api/v1/audit"),
    ] {
        for key in [&viewer, &operator] {
            let problem = call.clone().bearer(key).send(server.address()).await.problem(403);
            assert_eq!(problem.code, "forbidden", "{call:?}");
        }
    }
    let admin = key_for(&server, "a", "admin").await;
    let keys = Call::get("/api/v1/keys").bearer(&admin);
    assert_eq!(keys.send(server.address()).await.status, 200);
}

#[tokio::test]
async fn t10_a_key_reaches_its_own_group_or_session_and_no_other() {
    let server = Setup::new().start();
    let crew = server.create(json!({ "cmd": ["cat"], "group": "crew" })).await;
    let other = server
        .create(json!({ "cmd": ["cat"], "labels": { "story": "hush" } }))
        .await;
    let scopes = [json!({ "group": "crew" }), json!({ "session": crew.to_string() })];
    for (number, scope) in scopes.iter().enumerate() {
        let request = json!({ "name": format!("k{number}"), "role": "admin", "scope": scope });
        let key = key(&server, request).await.key;
        let ask = async |call: Call| call.bearer(&key).send(server.address()).await;
        let list = ask(Call::get("/api/v1/sessions")).await;
        assert_eq!(list.value().as_array().unwrap().len(), 1, "{}", list.text());
        assert_eq!(
            ask(Call::get(&format!("/api/v1/sessions/{crew}"))).await.status,
            200
        );
        for (method, path) in [
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/output"),
            ("GET", "/snapshot"),
            ("GET", "/history"),
            ("GET", "/viewers"),
            ("GET", "/shares"),
        ] {
            let call = Call::new(method, &format!("/api/v1/sessions/{other}{path}"));
            ask(call).await.problem(404);
        }
        let attached = server.attach_by(&key, other, "from=0").await.unwrap_err();
        assert!(attached.starts_with("404"), "{attached}");
        for path in ["/api/v1/keys", "/api/v1/audit", "/api/v1/health"] {
            ask(Call::get(path)).await.problem(403);
        }
        let outside = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"] }));
        ask(outside).await.problem(403);
        for page in ["/", &format!("/s/{other}"), &format!("/t/{other}")] {
            let page = ask(Call::get(page).page()).await;
            assert!(!page.text().contains("hush"), "{}", page.text());
        }
    }
    server.attach(crew, "").await.close().await;
}

#[tokio::test]
async fn t10_an_expired_key_is_worth_nothing() {
    let server = Setup::new().start();
    let made = key(
        &server,
        json!({ "name": "brief", "role": "viewer", "expires_in_s": 1 }),
    )
    .await;
    let list = Call::get("/api/v1/sessions").bearer(&made.key);
    eventually("the end of the key", || async {
        (list.send(server.address()).await.status == 401).then_some(())
    })
    .await;
    assert_eq!(server.get("/api/v1/keys").await.text(), "[]");
}
