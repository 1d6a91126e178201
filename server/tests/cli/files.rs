//! Verbs that write files: recordings, pictures, completions, manual pages; and the one that cleans up.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::Setup;
use crate::program::{Sempre, command, sempre};

#[tokio::test]
async fn t8_a_session_is_exported_in_each_format() {
    let server = Setup::new().start();
    let script = "printf '\\033[31mred <&> \\342\\202\\254\\033[0m\\n'; exit 3";
    let id = server.script(script).await;
    server.ended(id).await;
    let id = &id.to_string();
    let cast = sempre(&server, &["export", id]);
    let mut lines = cast
        .ok()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(
        (&header["version"], &header["width"], &header["height"]),
        (&json!(2), &json!(80), &json!(24))
    );
    let output: String = lines
        .filter(|event| event[1] == "o")
        .map(|event| event[2].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(output, "\u{1b}[31mred <&> \u{20ac}\u{1b}[0m\r\n");
    let v3 = sempre(&server, &["export", id, "--format", "asciicast-v3"]);
    let last: Value = serde_json::from_str(v3.ok().lines().last().unwrap()).unwrap();
    assert_eq!((&last[1], &last[2]), (&json!("x"), &json!("3")));
    assert_eq!(
        sempre(&server, &["export", id, "-f", "text"]).stdout,
        "red <&> \u{20ac}\n"
    );
    assert_eq!(sempre(&server, &["export", id, "-f", "raw"]).stdout, output);
    assert!(
        sempre(&server, &["export", id, "-f", "html"])
            .ok()
            .contains("red &lt;&amp;&gt;")
    );
    let path = server.home().join("screen.svg");
    let words = ["export", id, "-f", "svg", "-o", path.to_str().unwrap(), "--json"];
    let said = sempre(&server, &words).json();
    let svg = fs::read_to_string(&path).unwrap();
    assert_eq!(said["bytes"], svg.len());
    assert!(
        svg.starts_with("<svg ") && svg.contains("red &lt;&amp;&gt; \u{20ac}</text>"),
        "{svg}"
    );
}

#[tokio::test]
async fn l4_unused_sessions_are_ended_after_asking() {
    let server = Setup::new().start();
    let used = server.script("exec cat").await;
    let _viewer = server.attach(used, "").await;
    let unused = server.script("exec cat").await.to_string();
    let young = sempre(&server, &["cleanup-sessions", "--dry-run"]);
    assert_eq!(young.ok(), "nothing to end", "an hour is not over");
    let all = ["cleanup-sessions", "--older-than", "0"];
    let with = |more: &[&str]| sempre(&server, &[&all[..], more].concat());
    let planned = with(&["--dry-run", "--json"]).json();
    assert_eq!(planned["would_end"], json!([unused]));
    assert!(with(&["--dry-run"]).ok().contains("1 session would be ended"));
    let nobody = Sempre::of(&server, &all).stdin("y\n").run();
    assert!(
        nobody.failed(1).contains("--force"),
        "a pipe is nobody: {nobody:?}"
    );
    assert_eq!(with(&["--force", "--json"]).json()["ended"], json!([unused]));
    let state = |id: &str| sempre(&server, &["show", id, "--json"]).json()["state"].clone();
    assert_eq!(
        (state(&unused), state(&used.to_string())),
        (json!("completed"), json!("active"))
    );
    assert!(with(&["--older-than", "-1"]).code == 2);
}

#[test]
fn completions_are_scripts_their_shells_read() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    for (shell, word) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef sempre"),
        ("fish", "complete -c sempre"),
    ] {
        let output = command(temp.path())
            .args(["completions", shell])
            .output()
            .unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && script.contains(word) && script.contains("cleanup-sessions"),
            "{shell}"
        );
        let path = temp.path().join(shell);
        fs::write(&path, script).unwrap();
        // Not every machine has every shell.
        if let Ok(checked) = Command::new(shell).arg("-n").arg(&path).output() {
            assert!(checked.status.success(), "{shell}: {checked:?}");
        }
    }
}

#[test]
fn every_verb_has_a_page_in_the_manual() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let directory = temp.path().join("man");
    let output = command(temp.path()).arg("man").arg(&directory).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    for page in [
        "sempre.1",
        "sempre-attach.1",
        "sempre-serve.1",
        "sempre-key-new.1",
    ] {
        let text = fs::read_to_string(directory.join(page)).unwrap();
        assert!(text.contains(".SH NAME"), "{page}");
    }
}
