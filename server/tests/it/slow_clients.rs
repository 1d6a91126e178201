//! Clients that take their time: they are shown out, and nobody else notices.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Authority, Call, LONG, Server, Setup, eventually, find};

const LIMIT_MS: &str = "600";
/// Between two bytes of a client that drips: less than any limit.
const DRIP: Duration = Duration::from_millis(20);

fn impatient() -> Setup {
    let flags = ["--head-timeout-ms", LIMIT_MS, "--body-timeout-ms", LIMIT_MS];
    flags
        .into_iter()
        .fold(Setup::new(), |setup, flag| setup.arg(flag))
}

/// What the server says until it closes the connection.
async fn to_the_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A connection that is reset has ended, too.
    let reading = async { while stream.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {} };
    tokio::time::timeout(LONG, reading)
        .await
        .expect("the server closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn say(server: &Server, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// Sends a byte now and then until the server has closed the connection; what it said.
async fn drip(stream: TcpStream) -> String {
    let (mut reader, mut writer) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(DRIP).await;
        }
    });
    let said = to_the_end(&mut reader).await;
    dripping.abort();
    said
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection_while_others_are_served() {
    let server = impatient().start();
    let mut silent = say(&server, "").await;
    let mut half = say(&server, "GET / HTTP/1.1\r\nhost: localhost\r\n").await;
    let dripping = say(&server, "GET / HTTP/1.1\r\nhost: localhost\r\nx: ").await;
    let others = async {
        for _ in 0..3 {
            assert_eq!(server.get("/api/v1/health").await.status, 200);
        }
    };
    let (silent, half, dripped, ()) = tokio::join!(
        to_the_end(&mut silent),
        to_the_end(&mut half),
        drip(dripping),
        others
    );
    for said in [silent, half, dripped] {
        assert!(!said.contains("HTTP/1.1 200"), "{said}");
    }
}

#[tokio::test]
async fn a_connection_kept_alive_for_nothing_is_closed() {
    let server = impatient().start();
    let token = server.token();
    let request =
        format!("GET /api/v1/health HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    let mut stream = say(&server, &request).await;
    assert!(to_the_end(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_body_that_drips_is_answered_408_and_one_that_is_too_large_413() {
    let server = impatient().start();
    let head = format!(
        "POST /api/v1/sessions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\n",
        server.token()
    );
    let dripping = say(&server, &format!("{head}content-length: 100000\r\n\r\n")).await;
    let (said, health) = tokio::join!(drip(dripping), server.get("/api/v1/health"));
    assert!(
        said.starts_with("HTTP/1.1 408") && said.contains("body_too_slow"),
        "{said}"
    );
    assert_eq!(health.status, 200);
    let large = json!({ "env": { "A": "x".repeat(2_000_000) } });
    let answer = server.try_create(&large).await;
    assert_eq!(answer.problem(413).code, "body_too_large");
    assert!(server.list().await.is_empty());
}

#[tokio::test]
async fn a_tls_handshake_that_does_not_come_ends_the_connection() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let (certificate, key) = (temp.path().join("cert.pem"), temp.path().join("key.pem"));
    let authority = Authority::new();
    authority.certify(&certificate, &key);
    let server = impatient()
        .arg("--tls-cert")
        .arg(certificate)
        .arg("--tls-key")
        .arg(key)
        .start();
    let mut silent = say(&server, "").await;
    // The start of a record that says it is longer.
    let mut half = say(&server, "\u{16}\u{3}\u{1}\u{1}").await;
    let mut plain = say(&server, "GET / HTTP/1.1\r\n\r\n").await;
    let secured = authority.connect(server.address()).await.unwrap();
    let health = Call::get("/api/v1/health").bearer(&server.token());
    assert_eq!(health.exchange(secured, "localhost").await.status, 200);
    let (silent, half, plain) = tokio::join!(
        to_the_end(&mut silent),
        to_the_end(&mut half),
        to_the_end(&mut plain)
    );
    assert_eq!((silent.as_str(), half.as_str()), ("", ""));
    assert!(!plain.contains("HTTP/1.1 200"), "{plain}");
}

#[tokio::test]
async fn a_websocket_outlives_the_limits() {
    let server = impatient().start();
    let id = server.create(json!({ "cmd": ["cat"] })).await;
    let mut viewer = server.attach(id, "").await;
    // As long as the limit is.
    let mut silent = say(&server, "").await;
    to_the_end(&mut silent).await;
    viewer.type_in("still here\n").await;
    viewer.until_output("still here").await;
}

/// More than sockets hold on both sides.
const LARGE: u64 = 24 * 1024 * 1024;

/// Whether the server's end of a connection is still open, by the kernel's table.
fn is_held(server: SocketAddr, client: SocketAddr) -> bool {
    let ends = format!(":{:04X} 0100007F:{:04X} 01 ", server.port(), client.port());
    std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&ends)
}

#[tokio::test]
async fn who_stops_reading_an_answer_is_shown_out_and_who_has_nothing_to_read_is_not() {
    let server = Setup::new().arg("--send-timeout-ms").arg(LIMIT_MS).start();
    let id = server
        .script(&format!("head -c {LARGE} /dev/zero | tr '\\0' x; cat"))
        .await;
    server
        .until(id, "the output", |info| info.offset.0 >= LARGE)
        .await;
    let mut idle = server.attach(id, &format!("from={LARGE}")).await;
    let token = server.token();
    let request = |path: &str| {
        format!("GET /api/v1/{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n")
    };
    let mut events = say(&server, &request("events")).await;
    let mut said = Vec::new();
    while find(&said, b"resync", 0).is_none() {
        assert!(
            events.read_buf(&mut said).await.unwrap() > 0,
            "the stream goes on"
        );
    }
    let mut stuck = say(&server, &request(&format!("sessions/{id}/output"))).await;
    stuck.read_exact(&mut [0; 12]).await.unwrap();
    let client = stuck.local_addr().unwrap();
    let gone = || async { (!is_held(server.address(), client)).then_some(()) };
    eventually("the end of the connection", gone).await;
    let rest = to_the_end(&mut stuck).await.len() as u64;
    assert!(rest < LARGE, "it got everything");
    // Silent for longer than the limit, both.
    idle.type_in("still here\n").await;
    idle.until_output("still here").await;
    server.delete(id).await;
    while find(&said, b"event: session", 0).is_none() {
        let read = tokio::time::timeout(LONG, events.read_buf(&mut said)).await;
        assert!(read.unwrap().unwrap() > 0, "the stream was cut");
    }
}
