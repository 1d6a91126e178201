//! Where a server listens, and who can connect there.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use serde_json::json;

use crate::harness::{Call, Setup};

#[tokio::test]
async fn a_unix_socket_serves_its_owner_and_nobody_else() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let path = temp.path().join("s");
    let mut server = Setup::new()
        .listen(format!("unix:{}", path.display()))
        .listen("127.0.0.1:0")
        .start();
    let metadata = fs::metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let list = Call::get("/api/v1/sessions");
    assert_eq!(list.clone().bearer("wrong").send_unix(&path).await.status, 401);
    let answer = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"] }));
    assert_eq!(
        answer.send_unix(&path).await.status,
        201,
        "its owner needs no token"
    );
    let list = list.bearer(&server.token());
    assert_eq!(
        list.send_unix(&path).await.body,
        list.send(server.address()).await.body
    );
    assert_eq!(
        list.clone()
            .header("host", "evil.example")
            .send_unix(&path)
            .await
            .status,
        421
    );
    server.stop();
    assert!(!path.exists(), "a stopped server leaves no socket");
    server.start_again();
    server.kill();
    assert!(path.exists());
    server.start_again();
    assert_eq!(
        list.send_unix(&path).await.status,
        200,
        "a dead socket is replaced"
    );
}

#[tokio::test]
async fn a_unix_socket_that_answers_is_not_taken_away() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let path = temp.path().join("s");
    let address = format!("unix:{}", path.display());
    let _first = Setup::new().listen(&address).start();
    let (_, said) = Setup::new().listen(&address).fails(&temp.path().join("data"));
    assert!(said.contains(&address), "{said}");
    assert_eq!(Call::get("/api/v1/sessions").send_unix(&path).await.status, 200);
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_not_removed() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let path = temp.path().join("precious");
    fs::write(&path, "text").unwrap();
    let (_, said) = Setup::new()
        .listen(format!("unix:{}", path.display()))
        .fails(&temp.path().join("data"));
    assert!(said.contains(path.to_str().unwrap()), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "text");
}

#[test]
fn without_authentication_only_this_machine_may_connect() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let setup = Setup::new()
            .listen("127.0.0.1:0")
            .listen(address)
            .arg("--no-auth");
        let (status, said) = setup.fails(&temp.path().join("data"));
        assert_eq!(status.code(), Some(1));
        assert!(said.contains(address) && said.contains("--no-auth"), "{said}");
    }
    let both = Setup::new().arg("--no-auth").arg("--token-file").arg("/x");
    let (status, said) = both.fails(&temp.path().join("data"));
    assert_eq!(status.code(), Some(2), "{said}");
}

#[tokio::test]
async fn without_authentication_the_server_says_who_can_type() {
    let server = Setup::new().arg("--no-auth").start();
    assert!(
        server.stdout().contains("every user of this machine"),
        "{}",
        server.stdout()
    );
    assert_eq!(
        Call::get("/api/v1/sessions").send(server.address()).await.status,
        200
    );
}

#[tokio::test]
async fn addresses_come_from_the_environment_too() {
    let server = Setup::new().env("SEMPRE_LOG_FORMAT", "json").start();
    server.create(json!({ "cmd": ["true"] })).await;
    let log = server.log();
    let line = log.lines().next().unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
}

#[test]
fn an_address_that_is_none_is_told() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    for address in ["8084", "unix:", "127.0.0.1:99999", "no such host:1"] {
        let (status, said) = Setup::new().listen(address).fails(&temp.path().join("data"));
        assert_eq!(status.code(), Some(2));
        assert!(said.contains(address), "{said}");
    }
}
