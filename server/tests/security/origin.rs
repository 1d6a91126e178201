//! Where requests may come from: other sites' pages and rebound names get nothing (cross-site hijacking).

use serde_json::json;

use crate::harness::{Call, Server, Setup};

async fn cookie(server: &Server) -> String {
    let login = Call::get(&format!("/?token={}", server.token())).page();
    let answer = login.send(server.address()).await;
    answer
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

/// What changes something or opens a stream.
fn guarded(id: sempre_protocol::SessionId) -> [Call; 6] {
    [
        Call::get(&format!("/ws/sessions/{id}")).upgrade(),
        Call::get("/api/v1/events"),
        Call::post("/api/v1/sessions").json(&json!({ "shell": "sh" })),
        Call::new("PUT", &format!("/api/v1/sessions/{id}/resize")).json(&json!({ "rows": 9, "cols": 9 })),
        Call::post(&format!("/api/v1/sessions/{id}/restart")),
        Call::delete(&format!("/api/v1/sessions/{id}")),
    ]
}

/// Origins that are not the server's own, some of which look like it.
fn foreign_origins(server: &Server) -> Vec<String> {
    let own = server.address();
    let port = own.port();
    vec![
        "https://evil.example".into(),
        "null".into(),
        "http://127.0.0.1".into(),
        format!("http://127.0.0.1:{}", port ^ 1),
        format!("http://localhost:{port}"),
        format!("http://{own}.evil.example"),
        format!("http://evil.example:{port}"),
        format!("http://{own}@evil.example"),
        format!("http://{own}/"),
        format!("file://{own}"),
        format!("http://evil.example http://{own}"),
    ]
}

async fn assert_unchanged(server: &Server, id: sempre_protocol::SessionId) {
    assert_eq!(server.list().await.len(), 1);
    let info = server.info(id).await;
    assert_eq!((info.rows, info.viewers, info.pid.is_some()), (24, 0, true));
}

#[tokio::test]
async fn pages_of_other_sites_get_nothing_whatever_they_bring() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let (token, cookie) = (server.token(), cookie(&server).await);
    for origin in foreign_origins(&server) {
        for call in guarded(id) {
            let call = call.header("origin", &origin);
            for call in [call.clone().header("cookie", &cookie), call.bearer(&token)] {
                let problem = call.send(server.address()).await.problem(403);
                assert_eq!(problem.code, "origin_foreign", "{call:?}");
            }
        }
    }
    assert_unchanged(&server, id).await;
}

#[tokio::test]
async fn the_servers_own_page_may_do_all_of_it() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let own = format!("http://{}", server.address());
    let cookie = cookie(&server).await;
    let with = |call: Call| call.header("cookie", &cookie).header("origin", &own);
    let upgrade = with(Call::get(&format!("/ws/sessions/{id}")).upgrade());
    let answer = upgrade.send(server.address()).await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("sec-websocket-protocol"), Some("sempre.v1"));
    let create = with(Call::post("/api/v1/sessions")).json(&json!({ "shell": "sh" }));
    assert_eq!(create.send(server.address()).await.status, 201);
    with(Call::get("/api/v1/events"))
        .stream_until(server.address(), "event: resync")
        .await;
    // A browser says this instead of an Origin with an event stream of its own page.
    let same_site = Call::get("/api/v1/events")
        .header("cookie", &cookie)
        .header("sec-fetch-site", "same-origin");
    same_site.stream_until(server.address(), "event: resync").await;
}

#[tokio::test]
async fn a_cookie_without_an_origin_opens_and_changes_nothing() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let cookie = cookie(&server).await;
    for call in guarded(id) {
        for call in [call.clone(), call.header("sec-fetch-site", "cross-site")] {
            let call = call.header("cookie", &cookie);
            let problem = call.send(server.address()).await.problem(403);
            assert_eq!(problem.code, "origin_missing", "{call:?}");
        }
    }
    assert_unchanged(&server, id).await;
}

#[tokio::test]
async fn two_origins_are_none() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let own = format!("http://{}", server.address());
    for call in guarded(id) {
        let call = call
            .header("origin", &own)
            .header("origin", "https://evil.example");
        assert_eq!(
            call.bearer(&server.token()).send(server.address()).await.status,
            403
        );
    }
    assert_unchanged(&server, id).await;
}

#[tokio::test]
async fn a_name_this_server_is_not_known_by_gets_nothing() {
    for no_auth in [false, true] {
        let mut setup = Setup::new().arg("--allowed-host").arg("term.example");
        if no_auth {
            setup = setup.arg("--no-auth");
        }
        let server = setup.start();
        let port = server.address().port();
        let call = |host: &str, target: &str| {
            let call = Call::get(target).header("host", host);
            if no_auth {
                call
            } else {
                call.bearer(&server.token())
            }
        };
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            format!("localhost.evil.example:{port}"),
            format!("127.0.0.1.evil.example:{port}"),
            format!("term.example.evil.example:{port}"),
            "127.0.0.1@evil.example".to_owned(),
        ] {
            for target in [
                "/",
                "/api/v1/sessions",
                "/assets/x",
                "/favicon.svg",
                "/api/v1/events",
            ] {
                let answer = call(&host, target).page().send(server.address()).await;
                assert_eq!(answer.problem(421).code, "host_unknown", "{host} {target}");
            }
        }
        for host in [
            format!("localhost:{port}"),
            format!("[::1]:{port}"),
            "TERM.example".to_owned(),
        ] {
            let answer = call(&host, "/api/v1/sessions").send(server.address()).await;
            assert_eq!(answer.status, 200, "{host}");
        }
        let two = call("localhost", "/api/v1/sessions").header("host", "evil.example");
        assert_eq!(two.send(server.address()).await.status, 400);
    }
}

#[tokio::test]
async fn without_authentication_other_sites_still_get_nothing() {
    let server = Setup::new().arg("--no-auth").start();
    let create = |call: Call| call.json(&json!({ "cmd": ["cat"] }));
    let answer = create(Call::post("/api/v1/sessions"))
        .send(server.address())
        .await;
    assert_eq!(answer.status, 201, "a program needs nothing");
    let id = answer.value()["session_id"].as_str().unwrap().parse().unwrap();
    for origin in foreign_origins(&server) {
        for call in guarded(id) {
            let call = call.header("origin", &origin);
            assert_eq!(
                call.send(server.address()).await.problem(403).code,
                "origin_foreign"
            );
        }
    }
    // What a page of another site can send without asking first.
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let simple = Call::post("/api/v1/sessions").body(content_type, "{\"shell\":\"sh\"}");
        simple.send(server.address()).await.problem(415);
    }
    let list = Call::get("/api/v1/sessions").send(server.address()).await;
    assert_eq!(list.value().as_array().unwrap().len(), 1);
}
