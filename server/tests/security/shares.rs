//! Share links: one session, to who has no account, until they are taken back.

use sempre_protocol::texts::Role;
use sempre_protocol::{CLOSE_LOGGED_OUT, SessionId};
use serde_json::json;

use super::people::{cookie_of, key_for, share};
use crate::harness::{Call, Server, Setup, Viewer};

/// Opens a link as a browser does; the cookie it gets.
async fn open(server: &Server, url: &str) -> String {
    let answer = Call::get(url).page().send(server.address()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    cookie_of(&answer)
}

async fn attach(server: &Server, cookie: &str, id: SessionId) -> Viewer {
    server.attach_with_cookie(cookie, id, "from=0").await.unwrap()
}

#[tokio::test]
async fn t10_a_link_opens_its_session_and_nothing_else() {
    let server = Setup::new().start();
    let id = server.script("echo shown; cat").await;
    let other = server
        .create(json!({ "cmd": ["cat"], "labels": { "story": "hush" } }))
        .await;
    let link = share(&server, id, json!({ "role": "viewer" })).await;
    let opened = Call::get(&link.url).page().send(server.address()).await;
    assert!(
        opened.text().contains(&format!("url=/t/{id}\"")),
        "{}",
        opened.text()
    );
    let token = link.url.rsplit('/').next().unwrap();
    assert!(!opened.text().contains(token));
    let cookie = cookie_of(&opened);
    let ask = async |call: Call| {
        let call = call
            .header("cookie", &cookie)
            .header("origin", format!("http://{}", server.address()));
        call.send(server.address()).await
    };
    assert_eq!(ask(Call::get(&format!("/t/{id}")).page()).await.status, 200);
    for call in [
        Call::get(&format!("/api/v1/sessions/{other}")),
        Call::get(&format!("/api/v1/sessions/{other}/output")),
        Call::get(&format!("/ws/sessions/{other}")).upgrade(),
    ] {
        ask(call).await.problem(404);
    }
    for call in [
        Call::post("/api/v1/sessions").json(&json!({ "shell": "sh" })),
        Call::delete(&format!("/api/v1/sessions/{id}")),
        Call::post(&format!("/api/v1/sessions/{id}/shares")).json(&json!({ "role": "viewer" })),
        Call::get("/api/v1/keys"),
        Call::get("/api/v1/health"),
    ] {
        ask(call).await.problem(403);
    }
    let list = ask(Call::get("/api/v1/sessions")).await.value();
    assert_eq!(list.as_array().unwrap().len(), 1);
    for page in ["/", "/health", &format!("/s/{other}")] {
        let page = ask(Call::get(page).page()).await;
        assert!(!page.text().contains("hush"), "{}", page.text());
    }
    let mut viewer = attach(&server, &cookie, id).await;
    assert_eq!(viewer.hello.role, Role::Viewer);
    viewer.until_output("shown").await;
}

#[tokio::test]
async fn t10_a_revoked_link_is_dead_and_throws_out_who_came_by_it() {
    let mut server = Setup::new().start();
    let id = server.script("cat").await;
    let link = share(&server, id, json!({ "role": "viewer" })).await;
    let cookie = open(&server, &link.url).await;
    server.kill();
    server.start_again();
    let mut viewer = attach(&server, &cookie, id).await;
    let list = server.get(&format!("/api/v1/sessions/{id}/shares")).await;
    assert_eq!(list.value()[0]["id"], json!(link.info.id.to_string()));
    assert!(!list.text().contains(link.url.rsplit('.').next().unwrap()));
    let revoke = Call::delete(&format!("/api/v1/sessions/{id}/shares/{}", link.info.id));
    assert_eq!(server.ask(revoke).await.status, 204);
    assert_eq!(viewer.until_closed().await, Some(CLOSE_LOGGED_OUT));
    Call::get(&link.url).send(server.address()).await.problem(404);
    let show = Call::get(&format!("/api/v1/sessions/{id}")).header("cookie", &cookie);
    assert_eq!(show.send(server.address()).await.status, 401);
}

#[tokio::test]
async fn t10_a_forged_link_opens_nothing() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let link = share(&server, id, json!({ "role": "viewer" })).await;
    let (start, signature) = link.url.split_once('.').unwrap();
    let last = if signature.ends_with('0') { '1' } else { '0' };
    for forged in [
        start.to_owned(),
        format!("{start}."),
        format!("{start}.{}", "0".repeat(64)),
        format!("{start}.{}{last}", &signature[..63]),
        format!("/share/{}.{signature}", "0".repeat(32)),
        "/share/..%2f..%2ftoken".to_owned(),
    ] {
        let answer = Call::get(&forged).page().send(server.address()).await;
        assert_eq!(answer.problem(404).code, "share_not_found", "{forged}");
    }
}

#[tokio::test]
async fn t10_a_link_that_lets_type_needs_a_server_that_allows_it() {
    let server = Setup::new().start();
    let id = server.script("stty -echo; cat").await;
    let path = format!("/api/v1/sessions/{id}/shares");
    for (role, status) in [("operator", 403), ("admin", 422)] {
        let asked = server.ask(Call::post(&path).json(&json!({ "role": role }))).await;
        asked.problem(status);
    }
    for life in [0, 366 * 24 * 3600] {
        let request = json!({ "role": "viewer", "expires_in_s": life });
        server.ask(Call::post(&path).json(&request)).await.problem(422);
    }
    let mut server = server;
    server.stop();
    let mut server = server.again_with(Setup::new().arg("--allow-shared-uid"));
    let link = share(&server, id, json!({ "role": "operator" })).await;
    let cookie = open(&server, &link.url).await;
    let mut viewer = attach(&server, &cookie, id).await;
    viewer.type_in("by link\r").await;
    viewer.until_output("by link").await;
    let own = format!("http://{}", server.address());
    let on = Call::post(&path).json(&json!({ "role": "viewer" }));
    on.header("cookie", &cookie)
        .header("origin", own)
        .send(server.address())
        .await
        .problem(403);
    // Without the flag what was given no longer lets type.
    server.stop();
    let server = server.again_with(Setup::new());
    assert_eq!(attach(&server, &cookie, id).await.hello.role, Role::Viewer);
}

#[tokio::test]
async fn t10_links_fall_with_who_made_them() {
    let server = Setup::new().start();
    let ada = key_for(&server, "ada", "operator").await;
    let create = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"] }));
    let created = create.bearer(&ada).send(server.address()).await.value();
    let id = created["session_id"].as_str().unwrap();
    let made = Call::post(&format!("/api/v1/sessions/{id}/shares")).json(&json!({ "role": "viewer" }));
    let link = made.bearer(&ada).send(server.address()).await.value();
    let cookie = open(&server, link["url"].as_str().unwrap()).await;
    let key = server.get("/api/v1/keys").await.value()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        server
            .ask(Call::delete(&format!("/api/v1/keys/{key}")))
            .await
            .status,
        204
    );
    let list = Call::get("/api/v1/sessions").header("cookie", cookie);
    assert_eq!(list.send(server.address()).await.status, 401);
}

#[tokio::test]
async fn who_sees_the_session_anyway_keeps_their_login() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let login = Call::get(&format!("/?token={}", server.token())).page();
    let cookie = cookie_of(&login.send(server.address()).await);
    let link = share(&server, id, json!({ "role": "viewer" })).await;
    let answer = Call::get(&link.url)
        .page()
        .header("cookie", &cookie)
        .send(server.address())
        .await;
    assert!(answer.header("set-cookie").is_none());
    assert!(
        answer.text().contains(&format!("url=/t/{id}\"")),
        "{}",
        answer.text()
    );
}
