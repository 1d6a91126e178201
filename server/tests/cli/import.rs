//! `sempre import`: recordings come back as sessions, and broken ones leave nothing.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Call, Server, Setup};
use crate::program::{Sempre, sempre};

/// Real output of a real shell, with a change of the size, at times of its own.
async fn recorded(server: &Server) -> String {
    let script =
        "printf '\\033[31mred \\342\\202\\254\\033[0m\\n'; read x; seq 1 300; read x; stty size; exit 3";
    let id = server
        .create(json!({ "cmd": ["sh", "-c", script], "cols": 90, "rows": 20 }))
        .await;
    let id = id.to_string();
    let wait = |text: &'static str| {
        sempre(server, &["wait", &id, "--text", text, "--from", "0"])
            .ok()
            .to_owned()
    };
    wait("red");
    sempre(server, &["send", &id, "--enter"]).ok();
    wait("300\n");
    let resize = Call::new("PUT", &format!("/api/v1/sessions/{id}/resize"));
    let resized = server.ask(resize.json(&json!({ "rows": 30, "cols": 100 }))).await;
    assert_eq!(resized.status, 200);
    sempre(server, &["send", &id, "--enter"]).ok();
    server.ended(id.parse().unwrap()).await;
    assert!(sempre(server, &["logs", &id]).ok().contains("30 100"));
    id
}

fn exported(server: &Server, id: &str, format: &str) -> String {
    sempre(server, &["export", id, "-f", format]).ok().to_owned()
}

/// Header and events, without what a version does not tell: when it began, to the millisecond.
fn lines(cast: &str) -> Vec<Value> {
    cast.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn t8_a_recording_comes_back_as_it_was() {
    let mut server = Setup::new().start();
    let id = recorded(&server).await;
    let raw = exported(&server, &id, "raw");
    for format in ["asciicast-v2", "asciicast-v3"] {
        let path = server.home().join("session.cast");
        fs::write(&path, exported(&server, &id, format)).unwrap();
        let words = ["import", path.to_str().unwrap(), "--json", "--group", "records"];
        let imported = sempre(&server, &words).json();
        assert_eq!(
            (&imported["state"], &imported["group"]),
            (&json!("completed"), &json!("records"))
        );
        assert_eq!(imported["end_reason"], "imported");
        let copy = imported["session_id"].as_str().unwrap();
        let again = exported(&server, copy, format);
        assert_eq!(
            lines(&again),
            lines(&exported(&server, &id, format)),
            "{format}: times, sizes, bytes"
        );
        assert!(again.contains("\"100x30\"") && again.contains("90"), "{again}");
        assert_eq!(exported(&server, copy, "raw"), raw, "{format}");
        let began = |id: &str| {
            sempre(&server, &["show", id, "--json"]).json()["started_at"]
                .as_str()
                .unwrap()[..19]
                .to_owned()
        };
        assert_eq!(began(copy), began(&id), "to the second, as recordings tell it");
    }
    // As any other: its screen, its history, a search, and after a restart of the server.
    let from_pipe = Sempre::of(&server, &["import", "-"])
        .stdin(exported(&server, &id, "asciicast-v3"))
        .run();
    let copy = from_pipe.ok();
    let screen = |id: &str| sempre(&server, &["screen", id, "--lines", "400"]).ok().to_owned();
    assert_eq!(screen(copy), screen(&id));
    let found = server
        .get(&format!("/api/v1/sessions/{copy}/history/search?q=red"))
        .await;
    assert_eq!(found.value()["matches"].as_array().unwrap().len(), 1);
    let shown = sempre(&server, &["show", copy, "--json"]).json();
    assert_eq!(
        shown["exit"],
        sempre(&server, &["show", &id, "--json"]).json()["exit"]
    );
    server.stop();
    server.start_again();
    assert_eq!(sempre(&server, &["show", copy, "--json"]).json(), shown);
    assert_eq!(exported(&server, copy, "raw"), raw);
    sempre(&server, &["rm", copy]).ok();
    sempre(&server, &["show", copy]).failed(4);
}

#[tokio::test]
async fn the_page_of_a_recording_offers_no_restart() {
    let server = Setup::new().start();
    let cast = "{\"version\": 2, \"width\": 40, \"height\": 10}\n[0.1, \"o\", \"one\"]\n";
    let imported = Sempre::of(&server, &["import", "-"]).stdin(cast).run();
    let ran = server.script("exit 3").await;
    server.ended(ran).await;
    for (id, offered) in [(imported.ok(), false), (ran.to_string().as_str(), true)] {
        let page = server.ask(Call::get(&format!("/s/{id}")).page()).await.text();
        assert!(page.contains("Remove"), "{page}");
        assert_eq!(page.contains(">Restart<"), offered, "{page}");
    }
}

#[tokio::test]
async fn a_recording_of_another_program_is_taken_in() {
    let server = Setup::new().start();
    let cast = "{\"version\": 2, \"width\": 40, \"height\": 10, \"timestamp\": 1000000000, \"title\": \"a demo\", \"command\": \"rm -rf x\"}\n\
                [0.000001, \"o\", \"one\\r\\n\"]\n[0.004, \"o\", \"two\\r\\n\"]\n[0.5, \"i\", \"q\"]\n[1.5, \"r\", \"50x12\"]\n[2, \"o\", \"three\"]\n";
    let id = Sempre::of(&server, &["import", "-"]).stdin(cast).run();
    let id = id.ok();
    let shown = sempre(&server, &["show", id, "--json"]).json();
    assert_eq!(
        (&shown["labels"]["title"], &shown["cols"]),
        (&json!("a demo"), &json!(50))
    );
    assert_eq!(shown["started_at"], "2001-09-09T01:46:40.000Z");
    // Old as it is, it is kept as long as one that ended just now.
    let expires = shown["expires_at"].as_str().unwrap();
    assert!(expires > "2026-", "{expires}");
    assert_eq!(
        lines(&exported(&server, id, "asciicast-v2"))[1..],
        [
            json!([0.0, "o", "one\r\n"]),
            json!([0.004, "o", "two\r\n"]),
            json!([1.5, "r", "50x12"]),
            json!([2.0, "o", "three"])
        ]
    );
    // What stands in a file from elsewhere is not run here.
    let said = sempre(&server, &["restart", id]);
    assert!(said.failed(1).contains("imported"), "{said:?}");
    assert_eq!(
        sempre(&server, &["list", "--state", "active", "--json"]).json(),
        json!([])
    );
    let log = server.get("/api/v1/audit").await;
    assert!(log.text().contains("\"session_import\""), "{}", log.text());
}

#[tokio::test]
async fn a_broken_recording_is_refused_with_its_line_and_leaves_nothing() {
    let server = Setup::new().start();
    let sessions = server.dir().data().join("sessions");
    for (cast, says) in [
        ("", "line 1"),
        ("#!/bin/sh\n", "line 1"),
        (
            "{\"version\": 1, \"width\": 80, \"height\": 24, \"stdout\": []}",
            "version 1",
        ),
        (
            "{\"version\": 2, \"width\": 80, \"height\": 24}\n[0, \"o\", \"a\"]\n[1, \"o\", \"cut",
            "line 3",
        ),
        (
            "{\"version\": 3, \"term\": {\"cols\": 80, \"rows\": 24}}\n[0, \"r\", \"9000x1\"]\n",
            "line 2",
        ),
    ] {
        let said = Sempre::of(&server, &["import", "-"]).stdin(cast).run();
        assert!(said.failed(1).contains(says), "{cast:?}: {said:?}");
    }
    let said = sempre(&server, &["import", "/nonexistent.cast"]);
    assert!(said.failed(1).contains("/nonexistent.cast"), "{said:?}");
    assert_eq!(fs::read_dir(&sessions).unwrap().count(), 0);
    assert_eq!(sempre(&server, &["list", "--json"]).json(), json!([]));
    let key = sempre(&server, &["key", "new", "reader", "--role", "viewer", "--json"]).json();
    let call = Call::post("/api/v1/sessions/import").body("application/x-asciicast", "{}");
    let refused = call
        .bearer(key["key"].as_str().unwrap())
        .send(server.address())
        .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn what_a_killed_server_left_is_removed_by_the_next() {
    let mut server = Setup::new().start();
    let left = server
        .dir()
        .data()
        .join("sessions/.import-00000000000000000000000000000001");
    server.kill();
    fs::create_dir(&left).unwrap();
    fs::write(left.join("import.cast"), "x").unwrap();
    server.start_again();
    assert!(!left.exists());
}
