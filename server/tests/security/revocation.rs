//! What was opened with a credential closes with it, within a second: no socket outlives its token.

use std::time::{Duration, Instant};

use sempre_protocol::CLOSE_LOGGED_OUT;
use sempre_protocol::texts::ErrorCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::people::{cookie_of, form, key, user};
use crate::harness::{Call, LONG, Server, Setup};

/// The second in which a socket is closed, with room for a busy machine; all else that would close it takes longer.
const SOON: Duration = Duration::from_secs(25);

/// Streams events until `revoke` is done and the stream has ended; how long the end took.
async fn end_of_stream(server: &Server, authorization: &str, revoke: impl AsyncFnOnce()) -> Duration {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "GET /api/v1/events HTTP/1.1\r\nhost: {}\r\n{authorization}\r\nsec-fetch-site: same-origin\r\n\r\n",
        server.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    while !text.windows(6).any(|part| part == b"resync") {
        assert!(
            stream.read_buf(&mut text).await.unwrap() > 0,
            "{}",
            text.escape_ascii()
        );
    }
    assert!(text.starts_with(b"HTTP/1.1 200"), "{}", text.escape_ascii());
    revoke().await;
    let since = Instant::now();
    let rest = tokio::time::timeout(LONG, async {
        while !text.ends_with(b"0\r\n\r\n") && stream.read_buf(&mut text).await.is_ok_and(|count| count > 0) {
        }
    });
    rest.await.expect("the stream ends");
    since.elapsed()
}

#[tokio::test]
async fn a_revoked_key_closes_its_websocket_and_its_event_stream() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let made = key(&server, json!({ "name": "ci", "role": "admin" })).await;
    let mut viewer = server.attach_by(&made.key, id, "from=0").await.unwrap();
    let mut other = server.attach(id, "").await;
    viewer.type_in("typed by key\r").await;
    other.until_output("typed by key").await;
    let authorization = format!("authorization: Bearer {}", made.key);
    let revoke = async || {
        let revoke = Call::delete(&format!("/api/v1/keys/{}", made.info.id));
        assert_eq!(server.ask(revoke).await.status, 204);
        let since = Instant::now();
        assert_eq!(viewer.until_closed().await, Some(CLOSE_LOGGED_OUT));
        assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    };
    let took = end_of_stream(&server, &authorization, revoke).await;
    assert!(took < SOON, "{took:?}");
    assert_eq!(viewer.last_error(), Some(ErrorCode::LoggedOut));
    other.type_in("still here\r").await;
    other.until_output("still here").await;
    let again = server.attach_by(&made.key, id, "from=0").await.unwrap_err();
    assert!(again.starts_with("401"), "{again}");
}

#[tokio::test]
async fn an_expired_key_closes_its_websocket() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let made = key(
        &server,
        json!({ "name": "brief", "role": "admin", "expires_in_s": 2 }),
    )
    .await;
    let since = Instant::now();
    let mut viewer = server.attach_by(&made.key, id, "from=0").await.unwrap();
    assert_eq!(viewer.until_closed().await, Some(CLOSE_LOGGED_OUT));
    let took = since.elapsed();
    assert!(took < Duration::from_secs(2) + SOON, "{took:?}");
}

#[tokio::test]
async fn a_removed_user_and_a_logged_out_browser_lose_their_streams() {
    let server = Setup::new().start();
    user(&server, "ada", "viewer", "correct horse").await;
    let log_in = async || cookie_of(&form("ada", "correct+horse").send(server.address()).await);
    let cookie = log_in().await;
    let log_out = async || {
        let call = Call::post("/logout").header("cookie", &cookie);
        let call = call.header("origin", format!("http://{}", server.address()));
        assert_eq!(call.send(server.address()).await.status, 204);
    };
    let took = end_of_stream(&server, &format!("cookie: {cookie}"), log_out).await;
    assert!(took < SOON, "{took:?}");
    let cookie = log_in().await;
    let remove = async || {
        assert_eq!(server.ask(Call::delete("/api/v1/users/ada")).await.status, 204);
    };
    let took = end_of_stream(&server, &format!("cookie: {cookie}"), remove).await;
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_peer_that_reads_nothing_is_closed_as_well() {
    let server = Setup::new().start();
    let id = server.script("yes").await;
    let made = key(&server, json!({ "name": "ci", "role": "viewer" })).await;
    let viewer = server.attach_by(&made.key, id, "from=0").await.unwrap();
    server.until(id, "a viewer", |info| info.viewers == 1).await;
    server
        .ask(Call::delete(&format!("/api/v1/keys/{}", made.info.id)))
        .await;
    let since = Instant::now();
    server
        .until(id, "the end of its view", |info| info.viewers == 0)
        .await;
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    drop(viewer);
}
