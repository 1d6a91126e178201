//! The log (row K6): one line per event without control bytes, rotated by size, opened again and changed at SIGHUP.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Call, Server, Setup, eventually};

fn directory() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap()
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    PathBuf::from(format!("{}.{number}", path.display()))
}

async fn run(server: &Server, word: &str) {
    let id = server.create(json!({ "cmd": ["sh", "-c", ":", word] })).await;
    server.ended(id).await;
}

async fn holds(path: &Path, part: &str) {
    eventually(&format!("{part:?} in {}", path.display()), || async {
        fs::read_to_string(path)
            .is_ok_and(|text| text.contains(part))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn k6_a_log_file_is_rotated_by_its_size_and_never_holds_control_bytes() {
    const MAX_BYTES: u64 = 1500;
    let dir = directory();
    let path = dir.path().join("sempre.log");
    let server = Setup::new()
        .args(["--log-format", "json", "--log-keep", "2"])
        .args(["--log-max-bytes", &MAX_BYTES.to_string()])
        .arg("--log-file")
        .arg(&path)
        .start();
    let evil = "\u{1b}[2J\u{7}\nforged";
    server
        .try_create(&json!({ "cmd": [format!("/bin/{evil}")] }))
        .await;
    let mut count = 0;
    while !numbered(&path, 2).exists() {
        run(&server, evil).await;
        count += 1;
        assert!(count < 200, "it is rotated");
    }
    for path in [path.clone(), numbered(&path, 1), numbered(&path, 2)] {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.len() as u64 <= MAX_BYTES,
            "{} has {} bytes",
            path.display(),
            text.len()
        );
        assert!(
            !text.chars().any(|char| char.is_control() && char != '\n'),
            "{text:?}"
        );
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            for field in ["timestamp", "level", "target", "fields"] {
                assert!(!line[field].is_null(), "{line}");
            }
        }
    }
    assert!(!numbered(&path, 3).exists());
    assert_eq!(server.log(), "", "nothing is on standard error");
}

#[tokio::test]
async fn k6_sighup_opens_the_log_again_and_changes_the_levels_of_rooms() {
    let dir = directory();
    let (path, config) = (dir.path().join("sempre.log"), dir.path().join("sempre.toml"));
    let configure = |level: &str| fs::write(&config, format!("[log]\nlevel = \"{level}\"\n")).unwrap();
    configure("off,cli=info");
    let server = Setup::new()
        .arg("--log-file")
        .arg(&path)
        .arg("--config")
        .arg(&config)
        .start();
    run(&server, "x").await;
    assert_eq!(fs::read_to_string(&path).unwrap(), "", "sessions are not told of");
    let moved = dir.path().join("moved.log");
    fs::rename(&path, &moved).unwrap();
    configure("info");
    server.signal(Signal::HUP);
    holds(&path, "log.level").await;
    run(&server, "x").await;
    holds(&path, "session ended").await;
    assert_eq!(fs::read_to_string(&moved).unwrap(), "");
}

#[tokio::test]
async fn k6_levels_are_changed_by_request_until_the_configuration_says_another() {
    const PATH: &str = "/api/v1/log-level";
    let dir = directory();
    let (path, config) = (dir.path().join("sempre.log"), dir.path().join("sempre.toml"));
    let configure = |level: &str| fs::write(&config, format!("[log]\nlevel = \"{level}\"\n")).unwrap();
    configure("error,cli=info");
    let server = Setup::new()
        .arg("--config")
        .arg(&config)
        .arg("--log-file")
        .arg(&path)
        .start();
    let configured: Value = json!({ "level": "error", "rooms": { "cli": "info" } });
    assert_eq!(server.get(PATH).await.value(), configured);
    run(&server, "x").await;
    assert!(!fs::read_to_string(&path).unwrap().contains("session ended"));
    let put = |levels: &Value| Call::new("PUT", PATH).json(levels);
    let wanted = json!({ "level": "error", "rooms": { "sessions": "info", "cli": "info" } });
    assert_eq!(server.ask(put(&wanted)).await.value(), wanted);
    run(&server, "x").await;
    holds(&path, "session ended").await;
    for wrong in [
        json!({ "level": "loud" }),
        json!({ "level": "info", "rooms": { "kitchen": "info" } }),
        json!({ "level": "info", "rooms": { "http": "5" } }),
    ] {
        let refused = server.ask(put(&wrong)).await.problem(422);
        assert_eq!(refused.code, "invalid_field", "{wrong}");
    }
    assert_eq!(server.get(PATH).await.value(), wanted);
    let key = json!({ "name": "ci", "role": "operator" });
    let key = server.ask(Call::post("/api/v1/keys").json(&key)).await.value();
    let key = key["key"].as_str().unwrap();
    for call in [Call::get(PATH), put(&configured)] {
        call.bearer(key).send(server.address()).await.problem(403);
    }
    let log: Value = server.get("/api/v1/audit").await.value();
    let changes = log.as_array().unwrap().iter();
    let changes: Vec<_> = changes
        .filter(|entry| entry["action"] == "log_level_set")
        .collect();
    assert_eq!(changes.len(), 1, "{log}");
    assert_eq!(changes[0]["detail"], "error,cli=info,sessions=info");
    // As logrotate does it: nothing of the configuration is new.
    fs::rename(&path, dir.path().join("sempre.log.1")).unwrap();
    server.signal(Signal::HUP);
    holds(&path, "configuration was read again").await;
    assert_eq!(server.get(PATH).await.value(), wanted);
    configure("error,cli=info,http=warn");
    server.signal(Signal::HUP);
    holds(&path, "log.level").await;
    let configured: Value = json!({ "level": "error", "rooms": { "cli": "info", "http": "warn" } });
    assert_eq!(server.get(PATH).await.value(), configured);
}
