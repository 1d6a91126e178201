//! What keeps a quiet connection alive on both wires: row T7.

use std::time::Duration;

use futures_util::StreamExt;
use sempre_protocol::limits::{HEARTBEAT_INTERVAL_MS, PING_INTERVAL_MS};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{LONG, Server, Setup, attach_request};

/// Pings before the first heartbeat, and how long that one took.
async fn heard(server: &Server, path: &str) -> (usize, Duration) {
    let mut request = attach_request(&format!("ws://{}{path}", server.address()), &server.token());
    if path.starts_with("/ws/terminal/") {
        request.headers_mut().remove("sec-websocket-protocol");
    }
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let began = Instant::now();
    let (mut ws, _) = client_async(request, stream).await.unwrap();
    let mut pings = 0;
    let heartbeat = async {
        loop {
            match ws.next().await {
                Some(Ok(Message::Ping(_))) => pings += 1,
                Some(Ok(Message::Text(text))) if text.contains(r#""type":"heartbeat""#) => return,
                Some(Ok(_)) => {}
                over => panic!("{path}: {over:?}"),
            }
        }
    };
    let limit = Duration::from_millis(HEARTBEAT_INTERVAL_MS) + LONG;
    timeout(limit, heartbeat).await.expect("a heartbeat");
    (pings, began.elapsed())
}

#[tokio::test]
async fn t7_a_quiet_client_is_pinged_each_30_s_and_gets_a_heartbeat_each_60_s() {
    assert_eq!((PING_INTERVAL_MS, HEARTBEAT_INTERVAL_MS), (30_000, 60_000));
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let (native, compatible) = (format!("/ws/sessions/{id}"), format!("/ws/terminal/{id}"));
    let (native, compatible) = tokio::join!(heard(&server, &native), heard(&server, &compatible));
    for (pings, took) in [native, compatible] {
        assert!((1..=3).contains(&pings), "{pings} pings");
        assert!(took >= Duration::from_millis(HEARTBEAT_INTERVAL_MS), "{took:?}");
    }
}
