//! Ending and removing while a session ends by itself: nothing is removed that was to be ended, nothing ended that was to
//! be removed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::harness::Setup;
use crate::program::{Sempre, sempre};

/// A server whose session has always just ended when something is done to it, and runs whenever it is looked at first.
struct Late {
    url: String,
    serving: JoinHandle<Vec<String>>,
}

impl Late {
    /// Answers `answers` requests.
    fn start(session: Value, answers: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serving = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for _ in 0..answers {
                let (stream, _) = listener.accept().unwrap();
                asked.push(answer(stream, &session, asked.len()));
            }
            asked
        });
        Self { url, serving }
    }
}

/// Answers one request; its first line.
fn answer(mut stream: TcpStream, session: &Value, before: usize) -> String {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    lines
        .by_ref()
        .map(Result::unwrap)
        .take_while(|line| !line.is_empty())
        .for_each(drop);
    let (status, body) = if first.starts_with("DELETE") {
        let problem = json!({ "type": "about:blank", "title": "Conflict", "status": 409, "code": "session_ended",
            "detail": "it has ended" });
        ("409 Conflict", problem)
    } else {
        let mut session = session.clone();
        if before > 0 {
            session["state"] = json!("completed");
            session["exit"] = json!({ "code": 7 });
        }
        ("200 OK", session)
    };
    let body = body.to_string();
    let kind = if status.starts_with("200") {
        "application/json"
    } else {
        "application/problem+json"
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    // Until the client has it.
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read(&mut [0]);
    first
}

#[tokio::test]
async fn d1_a_session_that_ends_as_it_is_stopped_keeps_its_output() {
    let server = Setup::new().start();
    let id = server.script("exec cat").await;
    let running: Value = server.get(&format!("/api/v1/sessions/{id}")).await.json();
    let late = Late::start(running, 3);
    let stop = Sempre::of(&server, &["stop", &id.to_string()]).env("SEMPRE_URL", &late.url);
    let said = stop.run();
    assert!(said.failed(6).contains("exited with code 7"), "{said:?}");
    let asked = late.serving.join().unwrap();
    assert_eq!(
        asked[1],
        format!("DELETE /api/v1/sessions/{id}?only=running HTTP/1.1"),
        "an ended session is not removed: {asked:?}"
    );
}

#[tokio::test]
async fn d1_only_ended_sessions_are_removed_unless_forced() {
    let server = Setup::new().start();
    let id = server.script("exec cat").await.to_string();
    let said = sempre(&server, &["rm", &id]);
    assert!(said.failed(1).contains("--force"), "{said:?}");
    assert_eq!(
        sempre(&server, &["show", &id, "--json"]).json()["state"],
        "active"
    );
    sempre(&server, &["rm", "--force", &id]).ok();
    sempre(&server, &["show", &id]).failed(4);
    let ended = server.script("exit 3").await;
    server.ended(ended).await;
    let said = sempre(&server, &["stop", &ended.to_string()]);
    assert!(said.failed(6).contains("exited with code 3"), "{said:?}");
    assert!(server.session_dir(ended).exists());
    sempre(&server, &["rm", "--force", &ended.to_string()]).ok();
    assert!(!server.session_dir(ended).exists());
}
