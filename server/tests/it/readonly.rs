//! A data directory that became read-only: what runs goes on, what cannot be made is told, and health says so.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sempre_protocol::SessionId;
use sempre_protocol::texts::{ClientText, ErrorCode, ExitStatus, ServerText};
use serde_json::json;

use crate::harness::{Server, Setup};

/// Sets the mode of the data directory and of all directories in it.
fn set_modes(path: &Path, mode: u32) {
    // In this order, so that those below can be reached.
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for entry in fs::read_dir(path).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            set_modes(&entry.path(), mode);
        }
    }
}

async fn data_directory_health(server: &Server) -> (String, String) {
    let health = server.get("/api/v1/health").await.value();
    let checks = health["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|check| check["name"] == "data_directory")
        .unwrap();
    let text = |name: &str| check[name].as_str().unwrap().to_owned();
    assert!(
        text("status") == "ok" || health["status"] == "degraded",
        "{health}"
    );
    (text("status"), text("message"))
}

/// Sessions that were made before.
async fn shells(server: &Server) -> [SessionId; 2] {
    let shell = json!({ "shell": "sh" });
    let ids = [server.create(shell.clone()).await, server.create(shell).await];
    for id in ids {
        server.attach(id, "").await.run("echo before").await;
    }
    ids
}

#[tokio::test]
async fn on_a_read_only_directory_what_runs_goes_on_and_nothing_new_begins() {
    let server = Setup::new().stopped_by_modes().start();
    let [id, other] = shells(&server).await;
    let data = server.dir().data();
    set_modes(&data, 0o500);

    let (status, message) = data_directory_health(&server).await;
    assert_eq!(status, "degraded", "{message}");
    assert!(
        message.contains("Permission denied") && message.contains(data.to_str().unwrap()),
        "{message}"
    );
    let sessions = server.list().await.len();
    let problem = server.try_create(&json!({ "shell": "sh" })).await.problem(503);
    assert!(
        problem.detail.contains("Permission denied") && problem.detail.contains("sessions/"),
        "{}",
        problem.detail
    );
    assert_eq!(server.list().await.len(), sessions);

    let mut viewer = server.attach_screen(id, "").await;
    viewer.run("echo still here").await;
    viewer.say(&ClientText::Resize { cols: 91, rows: 31 }).await;
    let resized = |text: &ServerText| matches!(text, ServerText::Resized { cols: 91, .. }).then_some(());
    viewer.until_text("the new size", resized).await;
    viewer.type_in("stty size\r").await;
    viewer.until_output("31 91\r\n").await;
    viewer.type_in("exit 4\r").await;
    assert_eq!(viewer.until_exit().await.status, Some(ExitStatus::Code(4)));
    assert_eq!(server.ended(id).await.exit, Some(ExitStatus::Code(4)));

    set_modes(&data, 0o700);
    let (status, message) = data_directory_health(&server).await;
    assert!(!message.contains("cannot write"), "{status} {message}");
    server.create(json!({ "shell": "sh" })).await;
    server.attach(other, "").await.run("true").await;
}

#[tokio::test]
async fn output_that_needs_a_new_file_in_a_read_only_directory_stays_in_memory_until_it_can_be_written() {
    let server = Setup::new().stopped_by_modes().start();
    let [id, other] = shells(&server).await;
    set_modes(&server.dir().data(), 0o500);
    let mut viewer = server.attach_screen(id, "").await;
    viewer.type_in("seq 1 1500000; echo e''nd\r").await;
    let info = server
        .until(id, "the problem", |info| info.problem.is_some())
        .await;
    let problem = info.problem.unwrap();
    assert!(problem.contains("Permission denied"), "{problem}");
    server.attach(other, "").await.run("true").await;
    // Who cannot follow is told that output is missing, and attaches again.
    loop {
        viewer = server.attach_screen(id, "").await;
        viewer
            .until("the end of the flood or of the connection", |viewer| {
                viewer.closed.is_some() || viewer.screen_text().contains("\nend\n")
            })
            .await;
        if viewer.closed.is_none() {
            break;
        }
        assert_eq!(viewer.last_error(), Some(ErrorCode::OutputTrimmed));
    }
    viewer.run("echo usable").await;
    set_modes(&server.dir().data(), 0o700);
    server
        .until(id, "the end of the problem", |info| info.problem.is_none())
        .await;
    viewer.run("echo on disk again").await;
}
