//! Verbs about who comes in.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Call, Setup};
use crate::program::sempre;

#[tokio::test]
async fn t10_keys_are_made_listed_and_taken_back() {
    let server = Setup::new().start();
    let made = sempre(&server, &["key", "new", "ci", "--group", "builds", "--json"]).json();
    let (key, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert_eq!(
        (&made["role"], &made["scope"]["group"]),
        (&"operator".into(), &"builds".into())
    );
    let list = Call::get("/api/v1/sessions").bearer(key);
    assert_eq!(list.clone().send(server.address()).await.status, 200);
    let listed = sempre(&server, &["key", "list"]);
    assert!(
        listed.ok().contains("group builds") && !listed.stdout.contains(key),
        "{listed:?}"
    );
    sempre(&server, &["key", "revoke", id]).ok();
    assert_eq!(list.send(server.address()).await.status, 401);
    let path = server.dir().root().join("ci.key");
    let words = [
        "key",
        "new",
        "ci",
        "--role",
        "viewer",
        "--output",
        path.to_str().unwrap(),
    ];
    let made = sempre(&server, &words);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!made.ok().contains("sempre_"), "it is only in the file: {made:?}");
    let url = format!("http://{}", server.address());
    let words = ["list", "--url", &url, "--key-file", path.to_str().unwrap()];
    sempre(&server, &words).ok();
    let words = [&["new"][..], &words[1..], &["--", "cat"]].concat();
    sempre(&server, &words).failed(5);
}

#[tokio::test]
async fn t10_share_links_are_made_listed_and_taken_back() {
    let server = Setup::new().start();
    let id = &server.script("exec cat").await.to_string();
    let link = sempre(&server, &["share", id, "--expires-in", "1h"]);
    let link = link.ok();
    assert!(link.starts_with("/share/"), "{link}");
    assert_eq!(Call::get(link).page().send(server.address()).await.status, 200);
    let listed = sempre(&server, &["share", id, "--list", "--json"]).json();
    let share = listed[0]["id"].as_str().unwrap();
    sempre(&server, &["share", id, "--revoke", share]).ok();
    assert_eq!(Call::get(link).page().send(server.address()).await.status, 404);
    let said = sempre(&server, &["share", id, "--role", "operator"]);
    assert!(said.failed(5).contains("--allow-shared-uid"), "{said:?}");
}
