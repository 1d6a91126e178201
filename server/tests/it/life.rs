//! How a server starts, refuses to start, and stops.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use sempre_protocol::api::SessionState;
use sempre_protocol::texts::ServerText;
use serde_json::json;

use crate::harness::{Setup, is_alive};

/// A stop takes less, with room for a busy machine.
const STOP_LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_second_server_on_the_same_data_directory_is_told_the_pid_of_the_first() {
    let server = Setup::new().start();
    let (status, said) = Setup::new().fails(&server.dir().data());
    assert_eq!(status.code(), Some(1));
    assert!(said.contains(&format!("pid {}", server.pid())), "{said}");
    assert!(said.contains(server.dir().data().to_str().unwrap()), "{said}");
    assert_eq!(
        server.get("/api/v1/health").await.status,
        200,
        "the first goes on"
    );
}

#[test]
fn a_taken_port_is_told_with_the_program_that_has_it() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, said) = Setup::new().listen(&address).fails(temp.path());
    assert_eq!(status.code(), Some(1));
    assert!(said.contains(&address), "{said}");
    assert!(said.contains(&format!("pid {}", std::process::id())), "{said}");
    let comm = fs::read_to_string("/proc/self/comm").unwrap();
    assert!(said.contains(comm.trim()), "{said}");
}

#[test]
fn a_data_directory_that_cannot_be_made_is_told() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let file = temp.path().join("file");
    fs::write(&file, "").unwrap();
    let (status, said) = Setup::new().fails(&file.join("data"));
    assert_eq!(status.code(), Some(1));
    assert!(
        said.contains(file.to_str().unwrap()) && said.contains("Not a directory"),
        "{said}"
    );
    assert!(said.contains("--data-dir"), "it says what to do: {said}");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_told() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let data = temp.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o500)).unwrap();
    let (status, said) = Setup::new().stopped_by_modes().fails(&data);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains(data.to_str().unwrap()) && said.contains("Permission denied"),
        "{said}"
    );
}

#[test]
fn a_default_shell_or_a_holder_that_is_not_there_is_told_at_the_start() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let (_, said) = Setup::new()
        .arg("--shell")
        .arg("nosuchshell")
        .fails(&temp.path().join("a"));
    assert!(said.contains("nosuchshell") && said.contains("sh"), "{said}");
    let (_, said) = Setup::new()
        .env("SEMPRE_HOLDER", "/no/holder")
        .fails(&temp.path().join("b"));
    assert!(said.contains("/no/holder"), "{said}");
}

#[tokio::test]
async fn sigterm_and_sigint_tell_viewers_and_leave_sessions() {
    let mut server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let pid = server.info(id).await.pid;
    for signal in [Signal::TERM, Signal::INT] {
        let mut viewer = server.attach(id, "").await;
        let started = Instant::now();
        server.signal(signal);
        viewer
            .until("the goodbye", |viewer| {
                viewer.texts.contains(&ServerText::Draining)
            })
            .await;
        viewer.until_closed().await;
        assert_eq!(server.wait().code(), Some(0));
        assert!(started.elapsed() < STOP_LIMIT, "{:?}", started.elapsed());
        assert!(is_alive(pid.unwrap()));
        server.start_again();
        let info = server.until(id, "the holder", |info| info.pid.is_some()).await;
        assert_eq!((info.pid, info.state), (pid, SessionState::Active));
    }
    server.attach(id, "").await.run("true").await;
}

#[tokio::test]
async fn clients_that_never_finish_do_not_hold_up_a_stop() {
    let mut server = Setup::new().start();
    let id = server.script("stty -opost; head -c 33554432 /dev/zero").await;
    server.ended(id).await;
    let token = server.token();
    let mut open = Vec::new();
    for start in [
        // Silent, in the middle of a request, in the middle of a body, reading nothing, listening for ever.
        String::new(),
        "GET / HT".to_owned(),
        "POST /api/v1/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{".to_owned(),
        format!(
            "GET /api/v1/sessions/{id}/output HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
        ),
        format!("GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"),
    ] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
        open.push(stream);
    }
    server.list().await;
    let started = Instant::now();
    assert_eq!(server.stop().code(), Some(0));
    assert!(started.elapsed() < STOP_LIMIT, "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_a_client_names_cannot_forge_lines_of_the_log() {
    let server = Setup::new().env("SEMPRE_LOG_LEVEL", "trace").start();
    let evil = "\u{1b}[2J\n2026-01-01T00:00:00Z  INFO forged";
    let program = server.home().join(evil);
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let id = server.create(json!({ "cmd": [program.to_str().unwrap()] })).await;
    server.ended(id).await;
    server.try_create(&json!({ "shell": evil })).await.problem(422);
    server
        .try_create(&json!({ "cwd": format!("/{evil}") }))
        .await
        .problem(422);
    let log = server.log();
    assert!(!log.contains('\u{1b}'), "{log}");
    assert!(!log.lines().any(|line| line.ends_with("INFO forged")), "{log}");
}

#[tokio::test]
async fn a_stop_can_end_the_sessions_too() {
    let mut server = Setup::new().arg("--end-sessions").start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let pid = server.info(id).await.pid.unwrap();
    assert_eq!(server.stop().code(), Some(0));
    assert!(!is_alive(pid));
    server.start_again();
    let info = server.info(id).await;
    assert_eq!(
        (info.state, info.end_reason.as_deref()),
        (SessionState::Completed, Some("shutdown"))
    );
}

#[tokio::test]
async fn signals_to_the_servers_process_group_do_not_reach_shells() {
    let mut server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let pid = server.info(id).await.pid.unwrap();
    let holder = server.holder(id);
    for signal in [Signal::INT, Signal::HUP, Signal::QUIT, Signal::TERM, Signal::KILL] {
        server.signal_group(signal);
        // It may have been started to ignore some of them.
        server.kill();
        assert!(is_alive(holder) && is_alive(pid), "{signal:?}");
        server.start_again();
        server.attach(id, "").await.run("true").await;
    }
    assert_eq!(server.info(id).await.pid, Some(pid));
}

#[tokio::test]
async fn a_server_starts_again_on_the_same_port_at_once_though_shells_run() {
    // Below the range from which the system gives ports away, so that nobody else takes it meanwhile.
    let port = (0..100)
        .map(|_| 10_000 + u16::from_be_bytes(crate::harness::random_bytes(2).try_into().unwrap()) % 20_000)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .unwrap();
    let mut server = Setup::new().listen(format!("127.0.0.1:{port}")).start();
    let id = server.create(json!({ "shell": "sh" })).await;
    for _ in 0..3 {
        let mut viewer = server.attach(id, "").await;
        viewer.run("true").await;
        server.kill();
        server.start_again();
        assert_eq!(server.address().port(), port);
    }
    server.attach(id, "").await.run("true").await;
}

#[tokio::test]
async fn the_default_shell_is_the_one_the_server_was_told() {
    let server = Setup::new()
        .arg("--shell")
        .arg("dash")
        .env("SHELL", "/bin/bash")
        .start();
    let id = server.create(json!({})).await;
    assert_eq!(server.info(id).await.shell, "dash");
    let mut viewer = server.attach(id, "").await;
    viewer.type_in("echo [$0]\r").await;
    viewer.until_output("[-dash]").await;
}
