//! The fourth document: a daemon that holds PTYs, asked by JSON lines (rows D2, D3, D5). Its client's functions are in
//! the fixtures; what they take for granted is here.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Ipc, LONG, Server, Setup, eventually, random_id};
use crate::site::{OPENING, Site};

/// The document's functions, word for word.
#[allow(
    clippy::all,
    clippy::pedantic,
    unreachable_pub,
    reason = "the document's own code"
)]
mod client {
    use std::time::Duration;

    use super::{DaemonClientError, connect, send_request};

    include!("fixtures/003/client.txt");
}

/// What the document's functions fail with.
#[derive(Debug)]
enum DaemonClientError {
    NotRunning {},
    DaemonError { message: String },
    Io(io::Error),
}

impl From<io::Error> for DaemonClientError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

thread_local! {
    static SOCKET: RefCell<PathBuf> = const { RefCell::new(PathBuf::new()) };
}

/// Where the document's functions find the daemon.
pub(crate) fn socket_path() -> PathBuf {
    SOCKET.with_borrow(Clone::clone)
}

fn connect(path: &Path) -> Result<UnixStream, DaemonClientError> {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    UnixStream::connect(path).map_err(|error| match error.kind() {
        ConnectionRefused | NotFound => DaemonClientError::NotRunning {},
        _ => error.into(),
    })
}

fn send_request(stream: &mut UnixStream, request: Value) -> Result<Value, DaemonClientError> {
    writeln!(stream, "{request}")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let response: Value = serde_json::from_str(&line).map_err(io::Error::other)?;
    let text = |name: &str| response[name].as_str().unwrap_or_default().to_owned();
    match response["type"].as_str() {
        Some("error") => Err(DaemonClientError::DaemonError {
            message: format!("{}: {}", text("code"), text("message")),
        }),
        _ => Ok(response),
    }
}

/// Asks as the document's client does. It waits for two seconds; a busy machine may take longer, so it asks again.
async fn ask<T: Send + 'static>(
    server: &Server,
    question: impl Fn() -> Result<T, DaemonClientError> + Send + 'static,
) -> T {
    let (directory, path) = Ipc::socket(server.dir());
    let asked = tokio::task::spawn_blocking(move || {
        SOCKET.set(path);
        let deadline = Instant::now() + LONG;
        let answer = loop {
            match question() {
                Err(DaemonClientError::Io(error)) if Instant::now() < deadline => drop(error),
                answer => break answer.unwrap(),
            }
        };
        drop(directory);
        answer
    });
    asked.await.unwrap()
}

async fn info(server: &Server, session: &str) -> Option<(String, Option<i32>)> {
    let session = session.to_owned();
    ask(server, move || client::get_session_info(&session)).await
}

async fn scrollback(server: &Server, session: &str) -> Option<Vec<u8>> {
    let session = session.to_owned();
    ask(server, move || client::read_scrollback(&session)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_the_documents_client_learns_how_a_session_ended_and_what_it_wrote() {
    for door in OPENING {
        let mut site = Site::start(door);
        let script = "printf 'no such \\351gent\\n'; read line; exit 1";
        let session = site.session(&json!({ "cmd": ["sh", "-c", script] })).await;
        let id = session.session_id.to_string();
        let server = &site.server;
        assert_eq!(info(server, &id).await, Some(("running".to_owned(), None)));
        eventually("its words", || async {
            let wrote = scrollback(server, &id).await.unwrap();
            // Bytes, not text.
            (wrote == b"no such \xe9gent\r\n").then_some(())
        })
        .await;
        let mut typist = Ipc::connect(server).await;
        let attach = json!({ "id": "1", "type": "attach", "session_id": id });
        assert_eq!(typist.ask(&attach).await, json!({ "id": "1", "type": "ack" }));
        let enter = json!({ "id": "2", "type": "write_stdin", "data": STANDARD.encode("\r") });
        typist.send(format!("{enter}\n").as_bytes()).await;
        let stopped = Some(("stopped".to_owned(), Some(1)));
        eventually("the end", || async {
            (info(server, &id).await == stopped).then_some(())
        })
        .await;
        // A name no session has, and an id.
        for unknown in ["app_feature", &random_id()] {
            assert_eq!(info(server, unknown).await, None);
            assert_eq!(scrollback(server, unknown).await, None);
        }
        site.server.stop();
        assert_eq!(info(&site.server, &id).await, None, "no daemon runs");
        site.server.start_again();
        assert_eq!(info(&site.server, &id).await, stopped);
    }
}

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Creates a session as the document's command line does, under a name of its own, which ends by a signal after a line.
async fn create_app(ipc: &mut Ipc) -> Value {
    let create = json!({
        "id": "req-1", "type": "create_session", "session_id": "app_feature", "working_directory": "/tmp",
        "command": "sh", "args": ["-c", "stty size; echo $WHO; read line; kill -9 $$"],
        "env_vars": { "WHO": "me" }, "rows": 20, "cols": 70, "use_login_shell": false,
    });
    ipc.ask(&create).await
}

fn of_app(kind: &str) -> Value {
    json!({ "id": kind, "type": kind, "session_id": "app_feature" })
}

#[tokio::test]
async fn d2_a_session_is_shown_with_what_is_known_of_it_and_no_more() {
    let server = Setup::new().start();
    let mut ipc = Ipc::connect(&server).await;
    let created = create_app(&mut ipc).await;
    assert_eq!(
        (&created["type"], &created["id"]),
        (&json!("session_created"), &json!("req-1")),
        "{created}"
    );
    let session = &created["session"];
    let always = ["command", "created_at", "id", "status", "working_directory"];
    let with = |more: &[&'static str]| {
        let mut keys = [&always[..], more].concat();
        keys.sort_unstable();
        keys
    };
    assert_eq!(keys(session), with(&["client_count", "pty_pid"]));
    assert_eq!(session["working_directory"], "/tmp");
    assert!(
        session["command"].as_str().unwrap().starts_with("sh -c stty"),
        "{session}"
    );
    // The name the client gave it, taken as long as it runs.
    assert_eq!(create_app(&mut ipc).await["code"], "session_already_exists");
    let shown = ipc.ask(&of_app("get_session")).await;
    assert_eq!(
        (&shown["type"], &shown["session"]["id"]),
        (&json!("session_info"), &session["id"])
    );
    let listed = ipc.ask(&of_app("list_sessions")).await;
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1, "{listed}");
    let info = server.list().await.remove(0);
    assert_eq!(info.ttl, None, "what somebody starts here does not expire");
    server.delete(info.session_id).await;
    let shown = ipc.ask(&of_app("get_session")).await;
    let session = &shown["session"];
    assert_eq!(keys(session), with(&["client_count", "exit_code"]));
    assert_eq!(
        (&session["status"], &session["exit_code"]),
        (&json!("stopped"), &json!(129))
    );
    assert_eq!(
        create_app(&mut ipc).await["type"],
        "session_created",
        "the name is free"
    );
}

#[tokio::test]
async fn d3_a_viewer_gets_the_output_types_and_hears_the_end() {
    let server = Setup::new().start();
    let mut ipc = Ipc::connect(&server).await;
    let created = create_app(&mut ipc).await;
    let id = &created["session"]["id"];
    let mut viewer = Ipc::connect(&server).await;
    viewer.ask(&of_app("attach")).await;
    let mut wrote = Vec::new();
    while !String::from_utf8_lossy(&wrote).contains("20 70\r\nme") {
        let line = viewer.line().await.unwrap();
        assert_eq!(
            (&line["type"], &line["session_id"]),
            (&json!("pty_output"), id),
            "{line}"
        );
        wrote.extend(STANDARD.decode(line["data"].as_str().unwrap()).unwrap());
    }
    let refused = viewer.ask(&of_app("list_sessions")).await;
    assert_eq!(
        (&refused["id"], &refused["code"]),
        (&json!("list_sessions"), &json!("attached"))
    );
    let enter = json!({ "id": "6", "type": "write_stdin", "data": STANDARD.encode("\r") });
    viewer.send(format!("{enter}\n").as_bytes()).await;
    let event = loop {
        let line = viewer.line().await.unwrap();
        if line["type"] == "session_event" {
            break line;
        }
    };
    assert_eq!(
        (&event["event"], &event["details"]["code"]),
        (&json!("stopped"), &json!(137))
    );
    assert!(viewer.is_closed().await);
    // D6: who wants to attach now is told why not.
    let told = ipc.ask(&of_app("attach")).await;
    assert_eq!(told["code"], "session_ended");
    assert!(
        told["message"].as_str().unwrap().contains("killed by signal 9"),
        "{told}"
    );
}

#[tokio::test]
async fn d3_what_was_destroyed_is_not_found() {
    let server = Setup::new().start();
    let mut ipc = Ipc::connect(&server).await;
    let created = create_app(&mut ipc).await;
    let mut destroy = of_app("destroy_session");
    destroy["force"] = json!(true);
    let done = json!({ "id": "destroy_session", "type": "ack" });
    assert_eq!(ipc.ask(&destroy).await, done);
    for (name, code) in [
        (json!("app_feature"), "unknown_session"),
        (created["session"]["id"].clone(), "session_not_found"),
    ] {
        for kind in ["get_session", "read_scrollback", "attach", "destroy"] {
            let ask = json!({ "id": "x", "type": kind, "session_id": name });
            let answer = ipc.ask(&ask).await;
            assert_eq!(
                (&answer["type"], &answer["code"]),
                (&json!("error"), &json!(code)),
                "{kind}: {answer}"
            );
        }
    }
    assert!(server.list().await.is_empty());
}

#[tokio::test]
async fn d5_what_ends_at_once_is_told_with_its_code_and_last_lines_and_removed() {
    let server = Setup::new().start();
    let mut ipc = Ipc::connect(&server).await;
    for (script, how) in [
        ("seq 1 30; echo no such agent; exit 3", "exit code: 3"),
        ("seq 1 30; echo no such agent", "exit code: 0"),
    ] {
        let create = json!({ "id": "1", "type": "create", "command": "sh", "args": ["-c", script] });
        let deadline = Instant::now() + LONG;
        let told = loop {
            let told = ipc.ask(&create).await;
            if told["type"] == "error" || Instant::now() > deadline {
                break told;
            }
            // A busy machine took longer than an early exit may: that one stays until it is destroyed.
            let session = &told["session"]["id"];
            ipc.ask(&json!({ "id": "2", "type": "destroy", "session_id": session }))
                .await;
        };
        assert_eq!(
            (&told["id"], &told["code"]),
            (&json!("1"), &json!("DAEMON_PTY_EXITED_EARLY")),
            "{told}"
        );
        let lines: Vec<_> = (12..=30).map(|line| line.to_string()).collect();
        let text = format!(
            "Daemon PTY exited immediately ({how}). Last output:\n{}\nno such agent",
            lines.join("\n")
        );
        assert_eq!(told["message"], text);
        assert!(server.list().await.is_empty(), "it is removed");
    }
    let missing = json!({ "id": "3", "type": "create", "command": "/no/such/agent" });
    assert_eq!(ipc.ask(&missing).await["code"], "program_not_startable");
    let destroyed =
        json!({ "id": "4", "type": "create", "use_login_shell": true, "command": "/no/such/agent" });
    let shell = ipc.ask(&destroyed).await;
    assert_eq!(shell["type"], "session_created", "a bare shell: {shell}");
    let destroy = json!({ "id": "5", "type": "destroy", "session_id": shell["session"]["id"] });
    assert_eq!(
        ipc.ask(&destroy).await["type"],
        "ack",
        "it runs, and is ended first"
    );
    assert!(server.list().await.is_empty());
}

#[tokio::test]
async fn d3_who_is_attached_may_leave_and_the_session_stays() {
    let server = Setup::new().start();
    let id = server.script("exec cat").await;
    let mut viewer = Ipc::connect(&server).await;
    for kind in ["write_stdin", "resize_pty", "detach"] {
        let early = json!({ "id": "0", "type": kind, "data": "", "rows": 5, "cols": 5 });
        assert_eq!(viewer.ask(&early).await["code"], "not_attached", "{kind}");
    }
    viewer
        .ask(&json!({ "id": "1", "type": "attach", "session_id": id }))
        .await;
    let size = json!({ "id": "2", "type": "resize_pty", "rows": 11, "cols": 33 });
    assert_eq!(viewer.ask(&size).await["type"], "ack");
    server
        .until(id, "its size", |info| (info.rows, info.cols) == (11, 33))
        .await;
    let mut words = String::new();
    for id in 0..20 {
        let typed = json!({ "id": format!("t{id}"), "type": "write_stdin", "data": STANDARD.encode("x") });
        words.push_str(&format!("{typed}\n"));
    }
    words.push_str("{\"id\":\"last\",\"type\":\"detach\"}\n");
    viewer.send(words.as_bytes()).await;
    let mut acks = Vec::new();
    while let Some(line) = viewer.line().await {
        if line["type"] == "ack" {
            acks.push(line["id"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(
        (acks.len(), acks.last().map(String::as_str)),
        (21, Some("last")),
        "{acks:?}"
    );
    server.until(id, "nobody watches", |info| info.viewers == 0).await;
    assert!(server.info(id).await.pid.is_some());
}
