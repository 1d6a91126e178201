//! Files: no name to guess, no mode that lets others in, nothing followed that someone put there.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::people::{key_for, share, user};
use crate::harness::{Call, Setup, data_dir_modes};

#[tokio::test]
async fn everything_of_the_door_is_private() {
    let setup = Setup::new().after("umask 0");
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let file = temp.path().join("audit.jsonl");
    let server = setup.arg("--audit-file").arg(&file).start();
    let id = server.script("cat").await;
    key_for(&server, "ci", "viewer").await;
    user(&server, "ada", "viewer", "correct horse").await;
    share(&server, id, json!({ "role": "viewer" })).await;
    let open = data_dir_modes(&server.dir().data());
    assert!(open.is_empty(), "others may read {open:?}");
    let open = data_dir_modes(&file);
    assert!(open.is_empty(), "others may read {open:?}");
}

#[tokio::test]
async fn nothing_is_written_where_everyone_may_write() {
    let shared = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let path = shared.path().to_str().unwrap();
    let server = Setup::new().env("TMPDIR", path).start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach(id, "").await;
    viewer.run("echo x").await;
    server.get(&format!("/api/v1/sessions/{id}/snapshot")).await;
    user(&server, "ada", "viewer", "correct horse").await;
    let left: Vec<_> = fs::read_dir(shared.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_link_in_the_place_of_a_new_file_is_not_followed() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let precious = temp.path().join("precious");
    fs::write(&precious, "text").unwrap();
    let mut server = Setup::new().start();
    server.stop();
    let data = server.dir().data();
    for name in ["token", "share-key"] {
        fs::remove_file(data.join(name)).unwrap();
        symlink(&precious, data.join(name).with_extension("new")).unwrap();
    }
    server.start_again();
    assert_eq!(fs::read_to_string(&precious).unwrap(), "text");
    let list = Call::get("/api/v1/sessions").bearer(&server.token());
    assert_eq!(list.send(server.address()).await.status, 200);
}
