//! Logging in at someone else's login page through a proxy: a real nginx, by the example that users copy.

use futures_util::StreamExt;
use sempre_protocol::door::AuditEntry;
use serde_json::json;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::elsewhere::{address_of, at, path_of, sets_login};
use super::people::cookie_of;
use super::provider::Provider;
use crate::harness::nginx::{CLIENT, Front};
use crate::harness::{Call, LONG, eventually};

const OUTSIDE: &str = "https://term.example";

/// Logs in from the first page to the last; the cookie of the login.
async fn log_in(front: &Front, provider: &Provider) -> String {
    let form = front.send(Call::get("/sempre/").page()).await;
    let link = "/sempre/oidc/login?next=%2Fsempre%2F";
    assert!(
        form.status == 401 && form.text().contains(link),
        "{}",
        form.text()
    );
    let out = front.send(Call::get(link).page()).await;
    assert_eq!(out.status, 303, "{}", out.text());
    let begun = out.header("set-cookie").unwrap();
    assert!(
        begun.contains("; Path=/sempre/oidc/callback;") && begun.contains("; Secure"),
        "{begun}"
    );
    // The provider is somewhere else: not behind the proxy.
    let url = out.header("location").unwrap();
    assert!(url.starts_with(provider.issuer()), "{url}");
    let back = Call::get(&path_of(url)).send(address_of(url)).await;
    let back = back.header("location").unwrap();
    let callback = back.strip_prefix(OUTSIDE);
    let callback = callback.unwrap_or_else(|| panic!("the provider leads to {back}"));
    assert!(callback.starts_with("/sempre/oidc/callback?"), "{callback}");
    let call = Call::get(callback).page().header("cookie", cookie_of(&out));
    let answer = front.send(call.header("sec-fetch-site", "cross-site")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("url=/sempre/\""), "{}", answer.text());
    assert!(sets_login(&answer), "{:?}", answer.headers);
    let mut cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let strict = cookies.find(|(_, cookie)| cookie.contains("SameSite=Strict"));
    let (_, cookie) = strict.unwrap();
    assert!(
        cookie.contains("; Path=/sempre/;") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn t10_behind_nginx_who_logs_in_at_the_provider_gets_a_terminal_and_is_known_by_address() {
    let provider = Provider::start();
    let (_secret, setup) = at(&provider, &["--oidc-allowed-groups", "crew"]);
    let front = Front::of(setup).await;
    let cookie = log_in(&front, &provider).await;
    let create = Call::post("/sempre/api/v1/sessions")
        .header("cookie", &cookie)
        .header("origin", OUTSIDE)
        .json(&json!({ "cmd": ["cat"] }));
    let created = front.send(create).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let created = created.value();
    assert_eq!(created["owner"], "ada@example.org");
    let attach = created["attach_url"].as_str().unwrap();
    let url = format!("wss://term.example{attach}?from=0");
    let mut request = url.into_client_request().unwrap();
    for (name, value) in [
        ("cookie", cookie.as_str()),
        ("origin", OUTSIDE),
        ("sec-websocket-protocol", sempre_protocol::SUBPROTOCOL),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let (mut socket, _) = client_async(request, front.connect().await).await.unwrap();
    let hello = tokio::time::timeout(LONG, socket.next()).await.unwrap();
    let Some(Ok(Message::Text(hello))) = hello else {
        panic!("instead of a hello came {hello:?}");
    };
    assert!(hello.contains("\"hello\""), "{hello}");
    // It is written behind the answers.
    let audit: Vec<AuditEntry> = eventually("the audit log", || async {
        let audit: Vec<AuditEntry> = front.server.get("/api/v1/audit").await.json();
        audit
            .iter()
            .any(|entry| entry.action == "viewer_attach")
            .then_some(audit)
    })
    .await;
    let actions: Vec<_> = audit.iter().rev().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["login", "session_create", "viewer_attach"]);
    for entry in &audit {
        let known = (entry.from.as_str(), entry.who.as_deref());
        assert_eq!(
            known,
            (&*CLIENT.to_string(), Some("ada@example.org")),
            "{entry:?}"
        );
    }
}
