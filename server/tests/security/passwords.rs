//! Users with passwords: who they are, and that guessing is slow.

use serde_json::json;

use super::people::{cookie_of, form, user};
use crate::harness::{Call, Setup};

#[tokio::test]
async fn t10_a_user_logs_in_with_a_password_and_out_again() {
    let mut server = Setup::new().start();
    assert!(
        !Call::get("/")
            .page()
            .send(server.address())
            .await
            .text()
            .contains("name=\"user\"")
    );
    user(&server, "ada", "operator", "correct horse").await;
    let page = Call::get("/").page().send(server.address()).await;
    assert!(page.text().contains("name=\"user\""), "{}", page.text());
    let login = form("ada", "correct+horse").send(server.address()).await;
    assert_eq!(login.status, 200, "{}", login.text());
    let cookie = cookie_of(&login);
    server.kill();
    server.start_again();
    let own = format!("http://{}", server.address());
    let with = |call: Call| call.header("cookie", &cookie).header("origin", &own);
    let create = with(Call::post("/api/v1/sessions")).json(&json!({ "cmd": ["cat"] }));
    let created = create.send(server.address()).await;
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.value()["owner"], "ada");
    let kept = std::fs::read(server.dir().data().join("access.db")).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("correct horse"));
    let logout = with(Call::post("/logout")).send(server.address()).await;
    assert_eq!(logout.status, 204);
    assert!(logout.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(
        with(Call::get("/api/v1/sessions"))
            .send(server.address())
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn t10_a_changed_password_ends_the_logins_made_with_the_old_one() {
    let server = Setup::new().start();
    user(&server, "ada", "viewer", "correct horse").await;
    let cookie = cookie_of(&form("ada", "correct+horse").send(server.address()).await);
    let list = Call::get("/api/v1/sessions").header("cookie", cookie);
    assert_eq!(list.send(server.address()).await.status, 200);
    user(&server, "ada", "viewer", "battery staple").await;
    assert_eq!(list.send(server.address()).await.status, 401);
    assert_eq!(
        form("ada", "correct+horse").send(server.address()).await.status,
        401
    );
    assert_eq!(
        form("ada", "battery+staple").send(server.address()).await.status,
        200
    );
    assert_eq!(server.ask(Call::delete("/api/v1/users/ada")).await.status, 204);
    assert_eq!(
        form("ada", "battery+staple").send(server.address()).await.status,
        401
    );
}

#[tokio::test]
async fn guessing_a_password_or_a_token_is_slowed_down() {
    let server = Setup::new().start();
    user(&server, "ada", "viewer", "correct horse").await;
    for (name, secret) in [("ada", "wrong"), ("", "wrong")] {
        let mut guesses = 0;
        let refused = loop {
            let answer = form(name, secret).send(server.address()).await;
            if answer.status != 401 {
                break answer;
            }
            assert!(answer.header("set-cookie").is_none());
            guesses += 1;
            assert!(guesses < 50, "nothing slows guesses down");
        };
        assert_eq!(refused.status, 429, "{}", refused.text());
        assert!(refused.header("retry-after").is_some());
    }
    // The right one has to wait as well, and a session somebody has goes on.
    assert_eq!(
        form("ada", "correct+horse").send(server.address()).await.status,
        429
    );
    assert_eq!(server.get("/api/v1/sessions").await.status, 200);
}

#[tokio::test]
async fn an_unknown_user_is_answered_as_a_known_one() {
    let server = Setup::new().start();
    user(&server, "ada", "viewer", "correct horse").await;
    let known = form("ada", "wrong").send(server.address()).await;
    let unknown = form("eve", "wrong").send(server.address()).await;
    assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
    server
        .ask(Call::new("PUT", "/api/v1/users/bob").json(&json!({ "role": "viewer" })))
        .await;
    let without = form("bob", "").send(server.address()).await;
    assert_eq!((without.status, without.text()), (known.status, known.text()));
}

#[tokio::test]
async fn names_and_passwords_that_will_not_do_are_refused() {
    let server = Setup::new().start();
    for (name, password) in [
        ("ada", "short"),
        ("key:ci", "correct horse"),
        ("a%0ab", "correct horse"),
        ("-", &*"x".repeat(2000)),
    ] {
        let put = Call::new("PUT", &format!("/api/v1/users/{name}"));
        let answer = server
            .ask(put.json(&json!({ "role": "admin", "password": password })))
            .await;
        assert_eq!(answer.problem(422).code, "invalid_field", "{name}");
    }
    assert_eq!(server.get("/api/v1/users").await.text(), "[]");
}
