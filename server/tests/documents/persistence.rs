//! The second document: PTYs with snapshots and a stream (rows P1 to P5).

use sempre_protocol::SessionId;
use serde_json::Value;

use crate::harness::eventually;
use crate::site::{Door, OPENING, Site};

const HOST: &str = "localhost:3000";

/// The document's four curl lines.
fn lines(site: &Site) -> Vec<String> {
    let text = site.document("002/curl.sh", HOST);
    let lines: Vec<_> = text.split("\n\n").map(str::to_owned).collect();
    assert_eq!(lines.len(), 4);
    lines
}

fn put_in(line: &str, pty: &str) -> String {
    line.replace("{ptyID}", pty)
}

#[tokio::test]
async fn p1_p4_the_documents_curl_lines_make_a_pty_type_look_and_listen() {
    for door in OPENING {
        let site = Site::start(door);
        let lines = lines(&site);
        let created = site.curl(&lines[0]).await.json();
        let pty = created["ptyID"].as_str().unwrap().to_owned();
        assert_eq!((&created["cols"], &created["rows"]), (&80.into(), &24.into()));
        site.curl(&put_in(&lines[1], &pty)).await.json();
        let shown = || async {
            let shown = site.curl(&put_in(&lines[2], &pty)).await.json();
            let data = shown["data"].as_str().unwrap().to_owned();
            // Once as it was typed, once as it was answered.
            (data.matches("hello").count() >= 2).then_some(data)
        };
        eventually("the answer in the snapshot", shown).await;
        let line = lines[3].split_once('\n').unwrap().1;
        let mut stream = site.curl_on(&put_in(line, &pty));
        stream.until("the snapshot", |text| text.contains("\n\n")).await;
        let first = stream.printed.clone();
        assert!(
            first.contains("event: snapshot\n") && first.contains("hello"),
            "{first}"
        );
        site.curl(&put_in(&lines[1], &pty).replace("echo hello", "echo more; exit 7"))
            .await
            .json();
        stream
            .until("the end", |text| text.contains("data: {\"code\":7}\n\n"))
            .await;
        let said = &stream.printed;
        assert!(
            said.contains("event: data\n") && said.contains("more") && said.contains("event: exit\n"),
            "{said}"
        );
        stream.stop().await;
    }
}

#[tokio::test]
async fn p1_p4_without_the_token_the_curl_lines_change_nothing() {
    let site = Site::start(Door::Stranger);
    let lines = lines(&site);
    assert_eq!(site.curl(&lines[0]).await.status, 401);
    assert!(site.sessions().await.is_empty());
    let request = serde_json::json!({ "cmd": ["cat"], "group": "test" });
    let session = site.session(&request).await;
    for line in &lines[1..] {
        let fetched = site.curl(&put_in(line, &session.session_id.to_string())).await;
        assert_eq!(fetched.status, 401, "{line}");
        assert!(!fetched.body.contains("snapshot"), "{fetched:?}");
    }
    let after = site.sessions().await;
    assert_eq!((after.len(), after[0].offset), (1, session.offset));
    assert_eq!(site.output(session.session_id).await, b"");
}

#[tokio::test]
async fn p5_the_documents_tests_pass() {
    for door in OPENING {
        let site = Site::start(door);
        for name in ["snapshot.ts", "reconnect.ts", "directory.ts", "cycles.ts"] {
            let (passed, said) = site.script(name, None).end().await;
            assert!(passed && said.contains("passed: should"), "{name}: {said}");
        }
    }
}

#[tokio::test]
async fn p5_without_the_token_the_documents_tests_make_nothing() {
    let site = Site::start(Door::Stranger);
    let (passed, said) = site.script("snapshot.ts", None).end().await;
    assert!(!passed && said.contains("HTTP 401"), "{said}");
    assert!(site.sessions().await.is_empty());
}

#[tokio::test]
async fn p4_the_documents_page_shows_the_screen_and_what_follows() {
    for door in OPENING {
        let site = Site::start(door);
        let lines = lines(&site);
        let created: Value = site.curl(&lines[0]).await.json();
        let pty: SessionId = created["ptyID"].as_str().unwrap().parse().unwrap();
        site.curl(&put_in(&lines[1], &pty.to_string())).await.json();
        let mut page = site.script("client.ts", Some(pty));
        page.until("what was there", |text| text.contains("hello")).await;
        let line = put_in(&lines[1], &pty.to_string());
        site.curl(&line.replace("echo hello", "printf later-%d 42"))
            .await
            .json();
        page.until("what follows", |text| text.contains("later-42")).await;
        page.stop().await;
    }
}
