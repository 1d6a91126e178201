//! Verbs that make, show and end sessions.

use serde_json::json;

use crate::harness::Setup;
use crate::program::{Sempre, at_once, sempre};

#[tokio::test]
async fn d1_a_session_is_made_listed_shown_stopped_started_again_and_removed() {
    let server = Setup::new().start();
    let made = sempre(
        &server,
        &[
            "new",
            "--label",
            "story=S-7",
            "--group",
            "crew",
            "--size",
            "100x30",
            "--env",
            "WHO=me",
            "--json",
            "--",
            "sh",
            "-c",
            "echo $WHO; pwd; exec cat",
        ],
    );
    let made = made.json();
    let id = made["session_id"].as_str().unwrap();
    assert_eq!(
        (&made["cols"], &made["labels"]["story"]),
        (&json!(100), &json!("S-7"))
    );
    assert!(
        made["ttl"].is_null(),
        "what the command line starts does not expire: {made}"
    );
    sempre(&server, &["wait", id, "--text", "\n", "--from", "0"]).ok();
    let home = server.home().canonicalize().unwrap();
    let said = sempre(
        &server,
        &["wait", id, "--regex", "me\n(/.*)\n", "--from", "0", "--json"],
    )
    .json();
    assert_eq!(
        said["groups"][0],
        home.to_str().unwrap(),
        "it starts where it was asked for"
    );
    let listed = sempre(&server, &["list", "--group", "crew"]);
    let listed = listed.ok();
    assert!(
        listed.starts_with("ID ") && listed.contains(&id[..8]) && listed.contains("story=S-7"),
        "{listed}"
    );
    assert_eq!(
        sempre(&server, &["list", "--group", "other", "--json"]).ok(),
        "[]"
    );
    let shown = sempre(&server, &["show", &id[..8]]);
    assert!(shown.ok().contains("state          active"), "{shown:?}");
    let said = sempre(&server, &["rm", id]);
    assert!(said.failed(1).contains("--force"), "{said:?}");
    let stopped = sempre(&server, &["stop", id]);
    assert!(stopped.ok().contains("signal 1"), "{stopped:?}");
    assert!(sempre(&server, &["stop", id]).failed(6).contains("sempre rm"));
    let again = sempre(&server, &["restart", id]);
    let again = again.ok();
    assert_eq!(
        sempre(&server, &["show", again, "--json"]).json()["restarted_from"],
        id
    );
    sempre(&server, &["rm", id]).ok();
    sempre(&server, &["rm", "--force", again]).ok();
    assert_eq!(sempre(&server, &["list", "--json"]).ok(), "[]");
    sempre(&server, &["show", id]).failed(4);
    sempre(&server, &["show", "nonsense"]).failed(4);
}

#[tokio::test]
async fn an_id_may_be_shortened_as_long_as_it_is_one() {
    let server = Setup::new().start();
    let mut first = Vec::new();
    // Of 17 ids two begin with the same digit.
    for _ in 0..17 {
        let id = server.create(json!({ "cmd": ["true"] })).await.to_string();
        first.push(id);
    }
    first.sort();
    let twice = first
        .windows(2)
        .find(|pair| pair[0][..1] == pair[1][..1])
        .unwrap();
    let said = sempre(&server, &["show", &twice[0][..1]]);
    assert!(said.failed(4).contains(&twice[1]), "{said:?}");
    sempre(&server, &["show", &twice[0][..16]]).ok();
}

#[tokio::test]
async fn d5_what_ends_at_once_is_told_with_its_code_and_last_lines() {
    let server = Setup::new().start();
    let script = "seq 1 30; printf '\\033[31mno such agent\\033[0m\\n'; exit 3";
    let early = |words: &[&str]| at_once(|| sempre(&server, words), |said| said.code != 0);
    let said = early(&["new", "--", "sh", "-c", script]);
    let text = said.failed(1);
    assert!(
        text.contains("exited immediately (exit code: 3). Last output:\n12\n"),
        "{text}"
    );
    assert!(text.trim_end().ends_with("\nno such agent"), "{text}");
    assert!(said.stdout.is_empty());
    let said = early(&["new", "--", "true"]);
    assert!(said.failed(1).contains("exit code: 0"), "{said:?}");
    let said = sempre(&server, &["new", "--", "/no/such/program"]);
    assert!(said.failed(1).contains("/no/such/program"), "{said:?}");
}

#[tokio::test]
async fn the_list_is_watched_without_asking_again() {
    let mut server = Setup::new().start();
    let mut watch = Sempre::of(&server, &["list", "--watch"]).start();
    watch.until("ID ");
    let id = server.script("exec cat").await.to_string();
    watch.until(&id[..8]);
    server.stop();
    server.start_again();
    sempre(&server, &["stop", &id]).ok();
    watch.until("signal 1");
}

#[tokio::test]
async fn what_programs_chose_does_not_reach_this_terminal_as_sequences() {
    let server = Setup::new().start();
    let id = server
        .script("printf '\\033]2;a\\342\\200\\256b\\007'; exec cat # \u{1b}]2;x\u{7}\u{9b}2J")
        .await;
    server.until(id, "a title", |info| info.title.is_some()).await;
    let cwd = server.home().join("\u{1b}[31mred");
    std::fs::create_dir(&cwd).unwrap();
    server.create(json!({ "cmd": ["cat"], "cwd": cwd })).await;
    let said = sempre(&server, &["list"]);
    assert!(
        said.ok().contains("a\u{fffd}b") && said.ok().contains("\u{fffd}[31mred"),
        "{said:?}"
    );
    let more = sempre(&server, &["show", &id.to_string()]);
    assert!(more.ok().contains("exec cat # \u{fffd}]2;x\u{fffd}"), "{more:?}");
    for said in [said, more] {
        let harmless = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
        assert!(said.ok().chars().all(harmless), "{said:?}");
    }
}

#[tokio::test]
async fn l6_statistics_count_sessions() {
    let server = Setup::new().start();
    server.script("exec cat").await;
    let done = server.script("true").await;
    server.ended(done).await;
    let stats = sempre(&server, &["stats", "--json"]).json();
    assert_eq!(
        stats["by_status"],
        json!({ "active": 1, "completed": 1, "archived": 0 })
    );
    assert!(sempre(&server, &["stats"]).ok().contains("active     1\n"));
}
