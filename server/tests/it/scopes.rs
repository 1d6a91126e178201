//! A scope of systemd for each holder (row K7), without systemd: a real bus, and on it a manager of the test's own.

mod bus;

use std::io::ErrorKind;
use std::os::unix::net::UnixListener;
use std::path::Path;

use sempre_protocol::SessionId;
use serde_json::Value;

use self::bus::{Asked, Bus, FakeManager, Refusal};
use crate::harness::{Server, Setup, Verb, children};

/// A server that believes that systemd started it, and finds the buses at one place.
fn under_systemd(bus: &Path) -> Setup {
    let address = format!("unix:path={}", bus.display());
    Setup::new()
        .env("NOTIFY_SOCKET", bus.with_file_name("nobody").to_str().unwrap())
        .env("DBUS_SYSTEM_BUS_ADDRESS", &address)
        .env("DBUS_SESSION_BUS_ADDRESS", &address)
}

fn directory() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap()
}

/// The check of the server's health.
async fn health(server: &Server) -> (String, String) {
    let health = server.get("/api/v1/health").await.value();
    let checks = health["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|check| check["name"] == "holder_scopes")
        .unwrap();
    let text = |name: &str| check[name].as_str().unwrap().to_owned();
    (text("status"), text("message"))
}

/// The line of the doctor about scopes.
async fn doctors_word(server: &Server) -> Value {
    let doctor = Verb::new(["doctor", "--json", "--ports", "1", "--data-dir"]).arg(server.dir().data());
    let report = doctor.run().await.json();
    let supervision = report["steps"].as_array().unwrap().last().unwrap().clone();
    let checks = supervision["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["name"] == "scopes")
        .unwrap()
        .clone()
}

/// It runs and answers, whatever became of its scope.
async fn lives(server: &Server, id: SessionId) {
    let mut viewer = server.attach(id, "").await;
    viewer.type_in("here\r").await;
    viewer.until_output("got here").await;
}

const ECHO: &str = "read line; echo \"got $line\"; cat";

#[tokio::test]
async fn k7_systemd_is_asked_for_a_scope_before_the_shell_begins() {
    let dir = directory();
    let bus = Bus::start(dir.path());
    let mut manager = FakeManager::start(&bus, Refusal::None).await;
    let server = under_systemd(bus.path()).start();
    assert!(health(&server).await.1.contains("none was asked for yet"));
    let id = server.script(ECHO).await;
    let asked: Asked = manager.asked().await;
    assert_eq!(asked.name, format!("sempre-holder-{id}.scope"));
    assert_eq!(asked.mode, "fail");
    assert_eq!(asked.pids, [server.holder(id)]);
    assert_eq!(
        asked.children, 0,
        "the holder has started nothing before it is in its scope"
    );
    assert_eq!(children(server.holder(id)).len(), 1);
    let expected = [
        ("CollectMode", "\"inactive-or-failed\""),
        ("Delegate", "true"),
        ("KillMode", "\"control-group\""),
        ("OOMPolicy", "\"continue\""),
        ("SendSIGHUP", "true"),
        ("TasksMax", "18446744073709551615"),
    ];
    for (name, value) in expected {
        assert_eq!(
            asked.properties.get(name).map(String::as_str),
            Some(value),
            "{name}"
        );
    }
    assert!(asked.properties["Description"].contains(&id.to_string()));
    lives(&server, id).await;
    assert_eq!(health(&server).await.0, "ok");
    assert!(
        doctors_word(&server).await["message"]
            .as_str()
            .unwrap()
            .contains("in a scope")
    );
}

#[tokio::test]
async fn k7_an_older_systemd_is_asked_without_what_it_does_not_know() {
    let dir = directory();
    let bus = Bus::start(dir.path());
    let mut manager = FakeManager::start(&bus, Refusal::OomPolicy).await;
    let server = under_systemd(bus.path()).start();
    let id = server.script(ECHO).await;
    assert!(manager.asked().await.properties.contains_key("OOMPolicy"));
    let again = manager.asked().await;
    assert_eq!(again.pids, [server.holder(id)]);
    assert!(!again.properties.contains_key("OOMPolicy"));
    assert!(again.properties.contains_key("Delegate"));
    assert_eq!(health(&server).await.0, "ok");
}

#[tokio::test]
async fn k7_a_manager_that_refuses_is_told_once_and_sessions_start_all_the_same() {
    for (refusal, status, why) in [
        (Refusal::NotAllowed, "ok", "does not allow it"),
        (Refusal::JobFails, "degraded", "the job ended as failed"),
    ] {
        let dir = directory();
        let bus = Bus::start(dir.path());
        let mut manager = FakeManager::start(&bus, refusal).await;
        let server = under_systemd(bus.path()).start();
        let id = server.script(ECHO).await;
        manager.asked().await;
        lives(&server, id).await;
        // Not asked again for every session.
        let id = server.script(ECHO).await;
        lives(&server, id).await;
        assert!(manager.is_left_alone());
        let (found, message) = health(&server).await;
        assert_eq!(found, status, "{message}");
        assert!(
            message.contains(why) && message.contains("holder_scope"),
            "{message}"
        );
        let word = doctors_word(&server).await;
        assert!(word["message"].as_str().unwrap().contains(why), "{word}");
        assert_eq!(word["status"] == "warning", status == "degraded", "{word}");
        let log = server.log();
        let warnings = log.matches("without a scope of its own").count();
        assert_eq!(warnings, 1, "{log}");
        assert!(log.contains(why), "{log}");
    }
}

#[tokio::test]
async fn k7_a_bus_that_never_answers_delays_one_session_and_no_more() {
    let dir = directory();
    let path = dir.path().join("bus");
    // It takes connections and says nothing.
    let silent = UnixListener::bind(&path).unwrap();
    silent.set_nonblocking(true).unwrap();
    let server = under_systemd(&path).start();
    let id = server.script(ECHO).await;
    lives(&server, id).await;
    let (status, message) = health(&server).await;
    assert_eq!(status, "degraded");
    assert!(message.contains("did not answer"), "{message}");
    assert_eq!(doctors_word(&server).await["status"], "warning");
    silent.accept().expect("it was asked");
    let id = server.script(ECHO).await;
    lives(&server, id).await;
    let again = silent.accept().map_err(|error| error.kind());
    assert_eq!(again.err(), Some(ErrorKind::WouldBlock), "it was asked again");
}

#[tokio::test]
async fn k7_without_a_bus_sessions_start_and_it_is_told() {
    let dir = directory();
    let server = under_systemd(&dir.path().join("bus")).start();
    let id = server.script(ECHO).await;
    lives(&server, id).await;
    let (status, message) = health(&server).await;
    assert_eq!(status, "degraded");
    assert!(message.contains("cannot be asked"), "{message}");
}

#[tokio::test]
async fn k7_a_server_without_systemd_or_told_so_asks_no_bus() {
    let dir = directory();
    let path = dir.path().join("bus");
    let bus = UnixListener::bind(&path).unwrap();
    bus.set_nonblocking(true).unwrap();
    let by_hand = under_systemd(&path).env("NOTIFY_SOCKET", "").start();
    let told = under_systemd(&path).arg("--holder-scope=never").start();
    for (server, why) in [(by_hand, "did not start this server"), (told, "never")] {
        let id = server.script(ECHO).await;
        lives(&server, id).await;
        let (status, message) = health(&server).await;
        assert_eq!(status, "ok");
        assert!(message.contains(why), "{message}");
    }
    let asked = bus.accept().map_err(|error| error.kind());
    assert_eq!(asked.err(), Some(ErrorKind::WouldBlock));
    // And one that is told to asks, whoever started it.
    let insists = under_systemd(&path)
        .env("NOTIFY_SOCKET", "")
        .arg("--holder-scope=always")
        .start();
    insists.script(ECHO).await;
    bus.accept().expect("it was asked");
}
