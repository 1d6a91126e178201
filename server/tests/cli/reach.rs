//! How the server is found and what is shown to it.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use serde_json::json;

use crate::harness::{Authority, Server, Setup};
use crate::program::{Sempre, command, key_file, sempre};

fn socket(server: &Server) -> std::path::PathBuf {
    server.dir().data().join("http.sock")
}

#[tokio::test]
async fn the_data_directory_has_a_socket_for_its_owner() {
    let mut server = Setup::new().start();
    let path = socket(&server);
    assert!(path.as_os_str().len() > 108, "longer than an address may be");
    let metadata = fs::symlink_metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let id = server.create(json!({ "cmd": ["cat"] })).await;
    assert!(sempre(&server, &["list"]).ok().contains(&id.to_string()[..8]));
    server.stop();
    assert!(!path.exists(), "a stopped server leaves no socket");
    let said = sempre(&server, &["list"]);
    assert!(said.failed(3).contains("sempre serve"), "{said:?}");
    server.start_again();
    server.kill();
    assert!(path.exists());
    sempre(&server, &["list"]).failed(3);
    server.start_again();
    sempre(&server, &["list"]).ok();
}

#[test]
fn without_a_server_it_says_where_it_looked() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let output = command(temp.path()).arg("list").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains(".local/state/sempre/http.sock") && said.contains("sempre serve"),
        "{said}"
    );
}

#[tokio::test]
async fn a_remote_server_is_shown_a_key_from_a_file() {
    let server = Setup::new().arg("--base-path").arg("/sempre").start();
    let id = server.create(json!({ "cmd": ["cat"] })).await;
    let url = format!("http://{}/sempre/", server.address());
    let remote = |words: &[&str]| Sempre::of(&server, words).env("SEMPRE_URL", &url);
    let said = remote(&["list"]).run();
    assert!(said.failed(5).contains("token"), "{said:?}");
    let file = key_file(&server, "key", &server.token());
    let listed = remote(&["list", "--json", "--key-file", &file]).run().json();
    assert_eq!(listed[0]["session_id"], id.to_string());
    let shown = remote(&["show", &id.to_string()[..6]])
        .env("SEMPRE_KEY_FILE", &file)
        .run();
    assert!(shown.ok().contains(&id.to_string()));
    let wrong = key_file(&server, "wrong", "sempre_nonsense");
    remote(&["list", "--key-file", &wrong]).run().failed(5);
    let said = remote(&["list", "--key-file", "/nonexistent"]).run();
    assert!(said.failed(1).contains("/nonexistent"), "{said:?}");
    let local = sempre(&server, &["list", "--json"]).json();
    let which = |list: &serde_json::Value| (list[0]["session_id"].clone(), list[1].clone());
    assert_eq!(
        which(&local),
        which(&listed),
        "the same without base path by the socket"
    );
}

#[tokio::test]
async fn a_token_on_the_command_line_is_refused() {
    let server = Setup::new().start();
    let url = format!("http://{}/?token={}", server.address(), server.token());
    let said = sempre(&server, &["list", "--url", &url]);
    assert!(said.failed(1).contains("--key-file"), "{said:?}");
    assert!(!said.stderr.contains(&server.token()), "{said:?}");
}

#[tokio::test]
async fn from_inside_a_session_only_that_session_is_reached() {
    let server = Setup::new().start();
    let other = server.script("exec cat").await;
    let (program, data_dir) = (env!("CARGO_BIN_EXE_sempre"), server.dir().data());
    // Known to the server, before it asks something of it.
    let script = "read x; exec >\"$HOME/out\" 2>&1; \"$0\" list --json --data-dir \"$1\"";
    let request = json!({ "cmd": ["sh", "-c", script, program, data_dir] });
    let inside = server.create(request).await;
    sempre(&server, &["send", &inside.to_string(), "--enter"]).ok();
    server.ended(inside).await;
    let said = fs::read_to_string(server.home().join("out")).unwrap();
    assert!(
        said.contains(&inside.to_string()) && !said.contains(&other.to_string()),
        "{said}"
    );
}

#[tokio::test]
async fn by_tls_the_system_or_a_file_says_whom_to_trust() {
    let authority = Authority::new();
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let (certificate, key) = (temp.path().join("cert.pem"), temp.path().join("key.pem"));
    authority.certify(&certificate, &key);
    let server = Setup::new()
        .arg("--tls-cert")
        .arg(&certificate)
        .arg("--tls-key")
        .arg(&key)
        .start();
    let file = key_file(&server, "key", &server.token());
    let url = format!("https://localhost:{}/", server.address().port());
    let remote = |words: &[&str]| {
        let sempre = Sempre::of(&server, words);
        sempre.env("SEMPRE_URL", &url).env("SEMPRE_KEY_FILE", &file)
    };
    let id = sempre(&server, &["new", "--", "sh", "-c", "echo by tls; exec cat"]);
    let id = id.ok();
    remote(&["show", id]).run().failed(3);
    let root = authority.write_root(temp.path());
    remote(&["show", id]).env("SSL_CERT_FILE", &root).run().ok();
    let mut logs = remote(&["logs", "--follow", id])
        .env("SSL_CERT_FILE", &root)
        .start();
    logs.until("by tls");
    sempre(&server, &["stop", id]).ok();
    assert_eq!(logs.end().code, 0);
}
