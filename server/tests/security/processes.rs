//! A Unix socket by peer uid: its owner outside of sessions; inside one, that session and no other.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::harness::{Call, Server, Setup, eventually, holder_program};

/// Where [`asks_as_a_process_of_a_session`] connects.
const SOCKET: &str = "DOOR_TEST_SOCKET";

/// No test by itself: what the others run inside a session. Says what the server answers to a process there.
#[test]
fn asks_as_a_process_of_a_session() {
    let (Ok(socket), Ok(other)) = (std::env::var(SOCKET), std::env::var("DOOR_TEST_OTHER")) else {
        return;
    };
    let own = std::env::var("SEMPRE_SESSION").unwrap_or_default();
    for (name, method, path) in [
        ("own", "GET", format!("/api/v1/sessions/{own}")),
        ("other", "GET", format!("/api/v1/sessions/{other}")),
        ("end other", "DELETE", format!("/api/v1/sessions/{other}")),
        ("keys", "GET", "/api/v1/keys".to_owned()),
    ] {
        let mut stream = UnixStream::connect(Path::new(&socket)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        println!("door {name} {};", answer.split(' ').nth(1).unwrap_or_default());
    }
}

async fn asked_from(server: &Server, socket: &str, script: &str) -> String {
    let other = server.script("cat").await;
    let program = std::env::current_exe().unwrap();
    let id = server
        .create(json!({
            "cmd": ["sh", "-c", script, "sh", program, "--exact", "processes::asks_as_a_process_of_a_session", "--nocapture"],
            "env": { SOCKET: socket, "DOOR_TEST_OTHER": other.to_string() },
        }))
        .await;
    let said = eventually("the answers", || async {
        let output = server.output_text(id).await;
        output.contains("door keys").then_some(output)
    });
    let said = said.await;
    assert!(server.info(other).await.pid.is_some());
    said
}

#[tokio::test]
async fn t10_a_process_inside_a_session_has_that_session_only() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let socket = temp.path().join("s").display().to_string();
    let server = Setup::new()
        .listen(format!("unix:{socket}"))
        .listen("127.0.0.1:0")
        .start();
    // A child; one that has left the session's process tree.
    for script in ["\"$@\"; cat", "(setsid \"$@\" &); cat"] {
        let said = asked_from(&server, &socket, script).await;
        for line in [
            "door own 200",
            "door other 404",
            "door end other 404",
            "door keys 403",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
    }
    let keys = Call::get("/api/v1/keys").send_unix(Path::new(&socket)).await;
    assert_eq!(keys.status, 200, "outside: {}", keys.text());
}

#[tokio::test]
async fn what_came_through_a_proxy_is_nobody_by_its_process() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let socket = temp.path().join("s");
    let address = format!("unix:{}", socket.display());
    let server = Setup::new().listen(&address).start();
    for header in [
        "x-forwarded-for",
        "forwarded",
        "via",
        "x-real-ip",
        "cookie",
        "sec-fetch-site",
    ] {
        let call = Call::get("/api/v1/sessions").header(header, "a=b");
        assert_eq!(call.send_unix(&socket).await.status, 401, "{header}");
    }
    drop(server);
    let server = Setup::new()
        .listen(&address)
        .arg("--trusted-proxy")
        .arg("unix")
        .start();
    assert_eq!(Call::get("/api/v1/sessions").send_unix(&socket).await.status, 401);
    drop(server);
}

/// The file that says that [`asks_before_its_session_is_known`] has asked.
const ASKED: &str = "DOOR_TEST_ASKED";

/// No test by itself: the program of a session whose holder reports its start only after this has asked.
#[test]
fn asks_before_its_session_is_known() {
    let (Ok(socket), Ok(asked)) = (std::env::var(SOCKET), std::env::var(ASKED)) else {
        return;
    };
    let own = std::env::var("SEMPRE_SESSION").unwrap_or_default();
    let mut stream = UnixStream::connect(Path::new(&socket)).unwrap();
    write!(
        stream,
        "GET /api/v1/sessions/{own} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    // A right answer cannot come yet: this is time for a wrong one.
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut answer = vec![0; 64];
    let early = stream.read(&mut answer).unwrap_or_default();
    answer.truncate(early);
    fs::write(asked, "").unwrap();
    stream.set_read_timeout(None).unwrap();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    println!("door first {};", answer.split(' ').nth(1).unwrap_or_default());
}

#[tokio::test]
async fn t10_a_program_that_asks_before_its_session_is_known_is_of_that_session() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let path = |name: &str| temp.path().join(name).display().to_string();
    let (socket, asked, holder) = (path("s"), path("asked"), path("holder"));
    let script = format!(
        "#!/bin/sh\nexec 3<&0 4>&1 >/dev/null\n\
         '{}' \"$@\" <&3 3<&- 4>&- | {{ while [ -d '{}' ] && [ ! -e '{asked}' ]; do sleep 0.02; done; cat >&4; }} &\n\
         exec 3<&- 4>&-\nwait\n",
        holder_program().display(),
        temp.path().display(),
    );
    fs::write(&holder, script).unwrap();
    fs::set_permissions(&holder, fs::Permissions::from_mode(0o700)).unwrap();
    let server = Setup::new()
        .listen(format!("unix:{socket}"))
        .listen("127.0.0.1:0")
        .env("SEMPRE_HOLDER", holder)
        .start();
    let program = std::env::current_exe().unwrap();
    let id = server
        .create(json!({
            "cmd": [program, "--exact", "processes::asks_before_its_session_is_known", "--nocapture"],
            "env": { SOCKET: socket, ASKED: asked },
        }))
        .await;
    server.ended(id).await;
    let said = server.output_text(id).await;
    assert!(said.contains("door first 200"), "{said}");
}
