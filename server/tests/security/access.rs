//! Who is let in: the token, the cookie made of it, and nobody else, on every route.

use std::fs;

use serde_json::json;

use crate::harness::{Answer, Call, Server, Setup, data_dir_modes};

/// Something of every kind that is behind the door.
fn behind_the_door(server: &Server, id: sempre_protocol::SessionId) -> Vec<Call> {
    let _ = server;
    vec![
        Call::get("/"),
        Call::get("/").page(),
        Call::get(&format!("/t/{id}")).page(),
        Call::get(&format!("/s/{id}")).page(),
        Call::get("/health").page(),
        Call::get("/nowhere"),
        Call::get("/api/v1/health"),
        Call::get("/api/v1/nowhere"),
        Call::get("/api/v1/shells"),
        Call::get("/api/v1/events"),
        Call::get("/api/v1/sessions"),
        Call::get(&format!("/api/v1/sessions/{id}")),
        Call::get(&format!("/api/v1/sessions/{id}/output")),
        Call::post("/api/v1/sessions").json(&json!({ "shell": "sh" })),
        Call::post("/api/v1/sessions").json(&json!({ "nonsense": true })),
        Call::new("PUT", &format!("/api/v1/sessions/{id}/resize")).json(&json!({ "rows": 9, "cols": 9 })),
        Call::post(&format!("/api/v1/sessions/{id}/restart")),
        Call::delete(&format!("/api/v1/sessions/{id}")),
        Call::get(&format!("/ws/sessions/{id}")).upgrade(),
        Call::get("/ws/sessions/00000000000000000000000000000000").upgrade(),
    ]
}

fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a login sets a cookie");
    cookie.split(';').next().unwrap().to_owned()
}

async fn log_in(server: &Server) -> String {
    let login = Call::get(&format!("/?token={}", server.token())).page();
    cookie_of(&login.send(server.address()).await)
}

#[tokio::test]
async fn without_the_token_nothing_is_told_and_nothing_happens() {
    let server = Setup::new().start();
    let id = server
        .create(json!({ "cmd": ["cat"], "labels": { "story": "hush" } }))
        .await;
    let before = server.info(id).await;
    let wrong = "0".repeat(64);
    for call in behind_the_door(&server, id) {
        for call in [
            call.clone(),
            call.clone().bearer(&wrong),
            call.clone().bearer(""),
            call.clone()
                .header("authorization", format!("Basic {}", server.token())),
            call.clone().header("cookie", "sempre=1; token=x"),
        ] {
            let answer = call.send(server.address()).await;
            assert_eq!(answer.status, 401, "{call:?}");
            let body = answer.text();
            assert!(
                !body.contains("hush") && !body.contains(&before.pid.unwrap().to_string()),
                "{body}"
            );
            assert!(answer.header("set-cookie").is_none(), "{call:?}");
        }
    }
    assert_eq!(server.list().await.len(), 1);
    let after = server.info(id).await;
    assert_eq!(
        (after.rows, after.viewers, after.pid),
        (before.rows, 0, before.pid)
    );
}

#[tokio::test]
async fn a_wrong_token_is_not_mended_by_a_right_cookie() {
    let server = Setup::new().start();
    let cookie = log_in(&server).await;
    let call = Call::get("/api/v1/sessions").header("cookie", &cookie);
    assert_eq!(call.send(server.address()).await.status, 200);
    assert_eq!(call.bearer("wrong").send(server.address()).await.status, 401);
}

#[tokio::test]
async fn the_token_lets_in_by_header_and_by_query() {
    let server = Setup::new().start();
    let token = server.token();
    for call in [
        Call::get("/api/v1/sessions").bearer(&token),
        Call::get("/api/v1/sessions").header("authorization", format!("bearer {token}")),
        Call::get(&format!("/api/v1/sessions?token={token}")),
    ] {
        assert_eq!(call.send(server.address()).await.status, 200, "{call:?}");
    }
    let id = server.script("cat").await;
    let upgrade = Call::get(&format!("/ws/sessions/{id}?from=0&token={token}")).upgrade();
    assert_eq!(upgrade.send(server.address()).await.status, 101);
}

#[tokio::test]
async fn a_page_opened_with_the_token_logs_the_browser_in_and_leads_on_without_it() {
    let server = Setup::new().start();
    let token = server.token();
    for (target, next) in [
        (format!("/?token={token}"), "url=/\""),
        (
            format!("/t/new?story=S-1&token={token}&branch=b"),
            "url=/t/new?story=S-1&amp;branch=b\"",
        ),
    ] {
        let answer = Call::get(&target).page().send(server.address()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").unwrap();
        for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let shown = format!("{:?}{}", answer.headers, answer.text());
        assert!(!shown.contains(&token), "the token is in the answer: {shown}");
        assert!(answer.text().contains(next), "{}", answer.text());
        let page = Call::get("/api/v1/sessions").header("cookie", cookie_of(&answer));
        assert_eq!(page.send(server.address()).await.status, 200);
    }
}

#[tokio::test]
async fn the_login_form_takes_the_token_and_never_leads_elsewhere() {
    let server = Setup::new().start();
    let submit = |token: &str, next: &str| {
        let form = format!("token={token}&next={next}");
        Call::post("/login").body("application/x-www-form-urlencoded", form)
    };
    let page = Call::get("/s/x").page().send(server.address()).await;
    assert_eq!(page.status, 401);
    assert!(page.text().contains("action=\"/login\"") && page.text().contains("value=\"/s/x\""));

    let wrong = submit("wrong", "/").send(server.address()).await;
    assert!(
        wrong.status == 401 && wrong.header("set-cookie").is_none(),
        "{wrong:?}"
    );
    let right = submit(&server.token(), "/s/x").send(server.address()).await;
    assert!(right.text().contains("url=/s/x\""), "{}", right.text());
    let foreign = submit(&server.token(), "https%3A%2F%2Fevil.example")
        .send(server.address())
        .await;
    assert!(!foreign.text().contains("evil"), "{}", foreign.text());
    let call = Call::get("/api/v1/sessions").header("cookie", cookie_of(&right));
    assert_eq!(call.send(server.address()).await.status, 200);
}

#[tokio::test]
async fn a_cookie_survives_a_restart_and_is_worth_nothing_at_another_server() {
    let mut server = Setup::new().start();
    let cookie = log_in(&server).await;
    server.kill();
    server.start_again();
    let call = Call::get("/api/v1/sessions").header("cookie", &cookie);
    assert_eq!(call.send(server.address()).await.status, 200);
    let other = Setup::new().start();
    assert_eq!(call.send(other.address()).await.status, 401);
    let (name, value) = cookie.split_once('=').unwrap();
    let (_, theirs) = {
        let cookie = log_in(&other).await;
        cookie
            .split_once('=')
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .unwrap()
    };
    assert_ne!(value, theirs);
    let forged = Call::get("/api/v1/sessions").header("cookie", format!("{name}={theirs}"));
    assert_eq!(forged.send(server.address()).await.status, 401);
}

#[tokio::test]
async fn what_the_page_is_made_of_is_public_and_tells_nothing() {
    let server = Setup::new().start();
    for path in [
        "/favicon.svg",
        "/assets/nothing.js",
        "/assets/%FF",
        "/assets/../token",
        "/assets/..%2f..%2ftoken",
    ] {
        let answer = Call::get(path).send(server.address()).await;
        assert_ne!(answer.status, 500, "{path}");
        assert!(!answer.text().contains(&server.token()), "{path}");
        if !path.contains("..") {
            assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.status);
        }
        if answer.status == 404 {
            assert_eq!(answer.problem(404).code, "no_route", "{path}");
        }
    }
}

#[tokio::test]
async fn every_kind_of_answer_carries_the_security_headers() {
    let server = Setup::new().start();
    let id = server.script("echo x").await;
    server.ended(id).await;
    let token = server.token();
    let mut calls: Vec<_> = behind_the_door(&server, id)
        .into_iter()
        .filter(|call| !format!("{call:?}").contains("upgrade"))
        .filter(|call| !format!("{call:?}").contains("events"))
        .flat_map(|call| [call.clone(), call.bearer(&token)])
        .collect();
    calls.push(Call::get("/favicon.svg"));
    calls.push(Call::get("/assets/nothing"));
    calls.push(Call::get("/").header("host", "evil.example"));
    calls.push(Call::new("PATCH", "/api/v1/sessions").bearer(&token));
    calls.push(Call::get(&format!("/?token={token}")).page());
    for call in calls {
        let answer = call.send(server.address()).await;
        let header = |name: &str| {
            answer
                .header(name)
                .unwrap_or_else(|| panic!("no {name} for {call:?}"))
        };
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let scripts = policy
            .split(';')
            .find(|part| part.trim().starts_with("script-src"))
            .unwrap_or("");
        assert!(
            !scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'"),
            "{policy}"
        );
        header("cache-control");
        assert!(answer.header("access-control-allow-origin").is_none(), "{call:?}");
    }
}

#[tokio::test]
async fn the_token_and_the_sessions_are_private_files() {
    let server = Setup::new().after("umask 0").start();
    let id = server.script("echo x; cat").await;
    server.until(id, "output", |info| info.offset.0 > 0).await;
    let open = data_dir_modes(&server.dir().data());
    assert!(open.is_empty(), "others may read {open:?}");
    assert!(server.token().len() >= 32);
}

#[tokio::test]
async fn the_token_is_never_shown_where_no_person_looks() {
    let mut server = Setup::new().env("SEMPRE_LOG_LEVEL", "trace").start();
    let token = server.token();
    let id = server.create(json!({ "shell": "sh" })).await;
    server
        .attach(id, "")
        .await
        .run("echo secret-of-the-terminal")
        .await;
    log_in(&server).await;
    Call::get(&format!("/api/v1/sessions?token={token}"))
        .send(server.address())
        .await;
    let form = Call::post("/login").body("application/x-www-form-urlencoded", format!("token={token}x"));
    form.send(server.address()).await;
    server.stop();
    assert!(!server.stdout().contains(&token), "{}", server.stdout());
    assert!(server.stdout().contains("the token is in "));
    let log = server.log();
    assert!(!log.contains(&token), "the log holds the token");
    assert!(
        !log.contains("secret-of-the-terminal"),
        "the log holds what a terminal showed"
    );
    server.start_again();
}

#[tokio::test]
async fn a_token_file_of_ones_own_is_used_and_a_weak_one_refused() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let file = temp.path().join("my-token");
    fs::write(&file, "correct-horse-battery\n").unwrap();
    let server = Setup::new().arg("--token-file").arg(&file).start();
    let call = Call::get("/api/v1/sessions").bearer("correct-horse-battery");
    assert_eq!(call.send(server.address()).await.status, 200);
    assert!(!server.dir().data().join("token").exists());
    fs::write(&file, "short").unwrap();
    let (_, said) = Setup::new()
        .arg("--token-file")
        .arg(&file)
        .fails(&temp.path().join("data"));
    assert!(
        said.contains(file.to_str().unwrap()) && !said.contains("short\""),
        "{said}"
    );
    let (_, said) = Setup::new()
        .arg("--token-file")
        .arg("/no/such/token")
        .fails(&temp.path().join("data"));
    assert!(said.contains("/no/such/token"), "{said}");
}
