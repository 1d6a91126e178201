//! `sempre heartbeat` (row K4) against a real server with workers, and against one that fails.

use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{LONG, Pidfd, Setup, Verb, eventually, find};

/// A heartbeat for `url` that asks once.
fn once(url: &str) -> Verb {
    Verb::new(["heartbeat", "--once", "--retry-delay", "10ms", "--url", url])
}

/// One for the server of the directory `data`.
fn once_local(data: &Path) -> Verb {
    Verb::new(["heartbeat", "--once", "--retry-delay", "10ms", "--data-dir"]).arg(data)
}

/// A server that reads one request a connection and answers with the next of `statuses`, the last one for ever;
/// what it was asked comes back.
async fn moody(statuses: &'static [u16]) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut statuses = statuses.iter();
        let mut status = *statuses.next().unwrap();
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            let body = r#"{"type":"pong","response":"pong"}"#;
            let answer = format!(
                "HTTP/1.1 {status} Mood\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            // Status 0: hang up without a word.
            if status > 0 {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            let _ = tell.send(request);
            status = statuses.next().copied().unwrap_or(status);
        }
    });
    (url, asked)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n", 0) {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return String::from_utf8(bytes).unwrap();
            }
        }
        assert_ne!(
            stream.read_buf(&mut bytes).await.unwrap(),
            0,
            "a whole request came"
        );
    }
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn k4_a_server_with_workers_is_asked_with_story_and_context_and_each_step_is_shown() {
    let server = Setup::new()
        .arg("--worker-command")
        .arg("python3 -q -i")
        .args(["--worker-ready", "^>>> $", "--workers", "1"])
        .start();
    let data = server.dir().data();
    let ready = || async {
        let answer = once_local(&data).arg("--json").run().await.json();
        (answer["answer"]["workers"]["ready"] == 1).then_some(())
    };
    eventually("a worker that waits", ready).await;
    let ran = once_local(&data)
        .arg("--trace")
        .args(["--story", "S-7", "--context", "branch=main", "--context", "pr=5"])
        .run()
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("of 1 workers 1 wait"), "{ran:?}");
    let payload = r#"{"type":"ping","storyId":"S-7","context":{"branch":"main","pr":"5"}}"#;
    for part in [
        "1. payload constructed: ",
        payload,
        "2. dispatched at 20",
        "http.sock:/kiro/chat",
        "3. round trip: ",
        "4. raw response length: ",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
    assert!(!ran.stderr.contains(&server.token()), "{ran:?}");
    let mut server = server;
    server.stop_if_running();
}

#[tokio::test]
async fn k4_without_the_token_it_is_told_at_once_and_fails() {
    let server = Setup::new().start();
    let ran = once(&format!("http://{}", server.address())).run().await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stdout.contains("401") && ran.stdout.contains("--token-file") && !ran.stderr.contains("next try"),
        "{ran:?}"
    );
    // What the token is, a file says.
    let token = server.dir().data().join("token");
    let with = once(&format!("http://{}", server.address())).env("SEMPRE_TOKEN_FILE", token);
    let ran = with.arg("--json").run().await;
    let line = ran.json();
    assert_eq!((ran.code, &line["status"]), (Some(0), &json!("answered")));
    assert_eq!(line["answer"]["type"], "pong");
    assert!(line["response_bytes"].as_u64().unwrap() > 0 && line["round_trip_ms"].is_u64());
}

#[tokio::test]
async fn k4_who_listens_on_the_port_gets_no_token() {
    let mut server = Setup::new().start();
    let data = server.dir().data();
    let (url, mut asked) = moody(&[200]).await;
    let by_url = once(&url).arg("--data-dir").arg(&data).run().await;
    assert_eq!(by_url.code, Some(0), "{by_url:?}");
    let port = url.rsplit(':').next().unwrap();
    let own = once_local(&data).env("KIRO_PORT", port).arg("--json").run().await;
    assert_eq!(
        own.json()["answer"]["workers"]["size"],
        0,
        "the server itself: {own:?}"
    );
    server.stop();
    let by_port = once_local(&data).env("KIRO_PORT", port).run().await;
    assert_eq!(by_port.code, Some(0), "{by_port:?}");
    for _ in 0..2 {
        let request = asked.recv().await.unwrap().to_ascii_lowercase();
        assert!(!request.contains("authorization"), "{request}");
        assert!(!request.contains(&server.token()), "{request}");
    }
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn k4_a_server_that_fails_and_then_works_is_asked_until_it_answers() {
    let (url, mut asked) = moody(&[0, 500, 503, 200]).await;
    let ran = once(&url).arg("--json").args(["--story", "S-1"]).run().await;
    let line = ran.json();
    assert_eq!((ran.code, &line["attempts"]), (Some(0), &json!(4)), "{ran:?}");
    assert_eq!(ran.stderr.matches("next try in").count(), 3, "{ran:?}");
    for _ in 0..4 {
        let request = asked.recv().await.unwrap();
        assert!(request.starts_with("POST /kiro/chat HTTP/1.1\r\n"), "{request}");
        assert!(
            !request.to_ascii_lowercase().contains("authorization"),
            "{request}"
        );
        assert_eq!(body(&request), json!({ "type": "ping", "storyId": "S-1" }));
    }
}

#[tokio::test]
async fn k4_a_server_that_goes_on_failing_sets_the_exit_code() {
    let (url, mut asked) = moody(&[500]).await;
    let ran = once(&url).args(["--retries", "2"]).run().await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stdout.starts_with("lost: ") && ran.stdout.contains("500"),
        "{ran:?}"
    );
    for _ in 0..3 {
        asked.try_recv().unwrap();
    }
    assert!(asked.try_recv().is_err(), "one try and two more");
    // Nobody there at all.
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let ran = once(&format!("http://{free}"))
        .args(["--retries", "1"])
        .run()
        .await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("no answer from"), "{ran:?}");
}

#[tokio::test]
async fn k4_a_dry_run_sends_nothing() {
    let (url, mut asked) = moody(&[200]).await;
    let dry = || once(&url).arg("--dry-run").args(["--story", "S-1", "--trace"]);
    let ran = dry().run().await;
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "{\"type\":\"ping\",\"storyId\":\"S-1\"}\n")
    );
    assert!(ran.stderr.contains("not sent"), "{ran:?}");
    let line = dry().arg("--json").run().await.json();
    assert_eq!(line["payload"], json!({ "type": "ping", "storyId": "S-1" }));
    // It would have come before this one.
    assert_eq!(once(&url).run().await.code, Some(0));
    assert_eq!(body(&asked.recv().await.unwrap()), json!({ "type": "ping" }));
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn k4_it_goes_on_until_a_signal_and_tells_how_the_last_one_went() {
    let (url, mut asked) = moody(&[200, 500]).await;
    let verb = Verb::new(["heartbeat", "--interval", "20ms", "--retries", "0", "--url", &url]);
    let mut child = verb.spawn();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    assert!(first.contains("answered 200"), "{first}");
    let second = lines.next_line().await.unwrap().unwrap();
    assert!(second.starts_with("lost: "), "{second}");
    lines.next_line().await.unwrap().unwrap();
    Pidfd::open(child.id().unwrap()).unwrap().signal(Signal::TERM);
    let status = tokio::time::timeout(LONG, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1), "the last one was lost");
    assert!(asked.recv().await.is_some());
}

#[tokio::test]
async fn k1_k4_the_port_of_the_environment_is_asked() {
    let (url, mut asked) = moody(&[200]).await;
    let port = url.rsplit(':').next().unwrap();
    let ran = Verb::new(["heartbeat", "--once"])
        .env("KIRO_PORT", port)
        .run()
        .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(asked.recv().await.is_some());
    let ran = Verb::new(["heartbeat", "--once", "--url", "nowhere"]).run().await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("\"nowhere\""), "{ran:?}");
}
