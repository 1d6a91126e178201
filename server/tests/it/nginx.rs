//! Behind a real nginx, configured by the example that users copy.

use futures_util::StreamExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::nginx::{CLIENT, EXAMPLE, Front};
use crate::harness::{Call, LONG, attach_request, eventually};

const DOCS: &str = include_str!("../../../docs/deploy.md");

#[test]
fn the_example_in_the_docs_is_the_one_that_is_tested() {
    assert!(
        DOCS.contains(EXAMPLE.trim_end()),
        "docs/deploy.md and packaging/nginx.conf differ"
    );
}

#[tokio::test]
async fn behind_nginx_a_browser_logs_in_and_the_audit_log_knows_where_it_is() {
    let front = Front::start().await;
    let bare = front.send(Call::get("/sempre?a=b").page()).await;
    assert_eq!(bare.status, 308);
    assert!(bare.header("location").unwrap().ends_with("/sempre/?a=b"));
    let form = front.send(Call::get("/sempre/").page()).await;
    assert_eq!(form.status, 401, "{}", form.text());
    assert!(
        form.text().contains("action=\"/sempre/login\""),
        "{}",
        form.text()
    );
    let body = format!("token={}", front.server.token());
    let login = Call::post("/sempre/login")
        .header("origin", "https://term.example")
        .header("x-forwarded-for", "198.51.100.1")
        .body("application/x-www-form-urlencoded", body);
    let answer = front.send(login).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.contains("; Path=/sempre/;") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = front
        .send(Call::get("/sempre/health").page().header("cookie", &cookie))
        .await;
    assert!(matches!(page.status, 200 | 501), "{}", page.text());
    for (origin, status) in [("https://term.example", 201), ("http://term.example", 403)] {
        let create = Call::post("/sempre/api/v1/sessions")
            .header("cookie", &cookie)
            .header("origin", origin)
            .json(&json!({ "cmd": ["cat"] }));
        let answer = front.send(create).await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.text());
    }
    // It is written behind the answers.
    let audit = eventually("the audit log", || async {
        let audit = front.server.get("/api/v1/audit").await.value();
        audit.to_string().contains("session_create").then_some(audit)
    })
    .await;
    let mut entries = audit.as_array().unwrap().iter();
    let from = CLIENT.to_string();
    assert!(entries.all(|entry| entry["from"] == from), "{audit}");
}

#[tokio::test]
async fn behind_nginx_websockets_and_events_come_at_once() {
    let front = Front::start().await;
    let token = front.server.token();
    let mut events = front.connect().await;
    let head = format!(
        "GET /sempre/api/v1/events HTTP/1.1\r\nhost: term.example\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    events.write_all(head.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let mut hear = async |needle: &str| {
        let hearing = async {
            while !String::from_utf8_lossy(&heard).contains(needle) {
                assert!(events.read_buf(&mut heard).await.unwrap() > 0, "the events ended");
            }
        };
        let in_time = tokio::time::timeout(LONG, hearing).await;
        assert!(in_time.is_ok(), "nginx keeps {needle:?} back");
    };
    hear("200 OK").await;
    let create = Call::post("/sempre/api/v1/sessions")
        .bearer(&token)
        .json(&json!({ "cmd": ["cat"] }));
    let created = front.send(create).await.value();
    hear(created["session_id"].as_str().unwrap()).await;
    let path = created["attach_url"].as_str().unwrap();
    let request = attach_request(&format!("wss://term.example{path}?from=0"), &token);
    let (mut socket, _) = client_async(request, front.connect().await).await.unwrap();
    let hello = tokio::time::timeout(LONG, socket.next()).await.unwrap();
    let Some(Ok(Message::Text(hello))) = hello else {
        panic!("instead of a hello came {hello:?}");
    };
    assert!(hello.contains("\"hello\""), "{hello}");
}
