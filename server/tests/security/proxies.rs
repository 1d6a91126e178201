//! What a proxy says of a client is believed of proxies only.

use crate::harness::{Call, Setup};

const FLAGS: [&str; 4] = [
    "--trusted-proxy",
    "10.9.8.7",
    "--proxy-user-header",
    "Remote-User",
];

fn with(flags: &[&str]) -> Setup {
    flags.iter().fold(Setup::new(), |setup, flag| setup.arg(*flag))
}

#[tokio::test]
async fn proxy_headers_from_a_stranger_are_nobodys() {
    let server = with(&FLAGS).start();
    for call in [
        Call::get("/api/v1/sessions").header("remote-user", "ada"),
        Call::get("/api/v1/sessions")
            .header("remote-user", "ada")
            .header("x-forwarded-for", "10.9.8.7"),
        Call::get("/api/v1/sessions").header("x-remote-user", "ada"),
        Call::get("/").page().header("remote-user", "ada"),
    ] {
        assert_eq!(call.send(server.address()).await.status, 401, "{call:?}");
    }
    // Nor is an address: the audit log says who really came.
    let login = Call::post("/login")
        .header("x-forwarded-for", "198.51.100.1")
        .body("application/x-www-form-urlencoded", "token=wrong");
    login.send(server.address()).await;
    let audit = server.get("/api/v1/audit").await.value();
    assert_eq!(audit[0]["from"], "127.0.0.1", "{audit}");
}

#[tokio::test]
async fn t10_a_trusted_proxy_names_its_user_and_its_client() {
    let flags = [
        "--trusted-proxy",
        "127.0.0.0/8",
        "--proxy-user-header",
        "Remote-User",
        "--proxy-user-role",
        "operator",
    ];
    let server = with(&flags).start();
    let own = format!("http://{}", server.address());
    let by = |call: Call| {
        call.header("remote-user", "ada")
            .header("x-forwarded-for", "1.2.3.4, 198.51.100.1")
            .header("origin", &own)
    };
    let create = by(Call::post("/api/v1/sessions")).json(&serde_json::json!({ "cmd": ["cat"] }));
    let created = create.send(server.address()).await;
    assert_eq!(created.value()["owner"], "ada", "{}", created.text());
    by(Call::get("/api/v1/keys"))
        .send(server.address())
        .await
        .problem(403);
    let audit = server.get("/api/v1/audit").await.value();
    let made = audit
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["action"] == "session_create");
    assert_eq!(made.unwrap()["from"], "198.51.100.1");
    // The browser brings the proxy's login to pages of other sites, too.
    let foreign = Call::post("/api/v1/sessions").json(&serde_json::json!({ "cmd": ["cat"] }));
    let problem = foreign
        .header("remote-user", "ada")
        .send(server.address())
        .await
        .problem(403);
    assert_eq!(problem.code, "origin_missing");
    let two = Call::get("/api/v1/sessions")
        .header("remote-user", "ada")
        .header("remote-user", "root");
    assert_eq!(two.send(server.address()).await.status, 401);
}

#[tokio::test]
async fn a_login_behind_tls_is_for_tls_only() {
    for (proxy, secure) in [("127.0.0.1", true), ("10.9.8.7", false)] {
        let server = with(&["--trusted-proxy", proxy]).start();
        let login = Call::get(&format!("/?token={}", server.token())).page();
        let answer = login
            .header("x-forwarded-proto", "https")
            .send(server.address())
            .await;
        let cookie = answer.header("set-cookie").unwrap();
        assert_eq!(cookie.ends_with("; Secure"), secure, "{cookie}");
    }
}

#[test]
fn a_header_nobody_may_send_is_refused_at_the_start() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let (status, said) = with(&["--proxy-user-header", "Remote-User"]).fails(&temp.path().join("data"));
    assert!(
        status.code() == Some(1) && said.contains("--trusted-proxy"),
        "{said}"
    );
    let (_, said) = with(&["--trusted-proxy", "proxy.example"]).fails(&temp.path().join("data"));
    assert!(said.contains("proxy.example"), "{said}");
}
