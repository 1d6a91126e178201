//! Verbs that type, wait and read.

use serde_json::json;

use crate::harness::{Server, Setup};
use crate::program::{Sempre, sempre};

async fn shell(server: &Server) -> String {
    server.create(json!({ "shell": "bash" })).await.to_string()
}

#[tokio::test]
async fn a_command_runs_and_its_exit_code_becomes_that_of_the_program() {
    let server = Setup::new().start();
    let id = &shell(&server).await;
    let ran = sempre(&server, &["run", id, "cd", "/usr", "&&", "ls", "-d", "bin"]);
    assert_eq!(ran.ok(), "bin");
    let ran = sempre(&server, &["run", id, "pwd; (exit 7)"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (7, "/usr\n"), "{ran:?}");
    let ran = sempre(&server, &["run", "--json", id, "false"]);
    assert_eq!(ran.code, 1);
    let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(result["exit_code"], 1);
    let ran = sempre(&server, &["run", "--timeout", "3s", id, "echo begun; sleep 1000"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (124, "begun\n"), "{ran:?}");
    sempre(&server, &["run", id, "true"]).failed(125);
    sempre(&server, &["send", id, "--key", "ctrl-c"]).ok();
    sempre(&server, &["wait", id, "--prompt"]).ok();
    assert_eq!(
        sempre(&server, &["run", id, "exit 9"]).code,
        9,
        "the shell's own end"
    );
    sempre(&server, &["run", id, "true"]).failed(125);
    sempre(&server, &["run", "ffff", "true"]).failed(125);
}

#[tokio::test]
async fn text_keys_and_standard_input_are_typed() {
    let server = Setup::new().start();
    let id = &server.script("exec cat -v").await.to_string();
    let taken = sempre(&server, &["send", id, "hello", "you", "--enter", "--json"]).json();
    assert_eq!(taken["written"], 10);
    let from = taken["offset"].to_string();
    sempre(&server, &["wait", id, "--text", "hello you\n", "--from", &from]).ok();
    let keys = [
        "send", id, "--key", "up", "--key", "ctrl-a", "--key", "alt-x", "-e",
    ];
    assert_eq!(sempre(&server, &keys).ok(), "");
    sempre(&server, &["wait", id, "--text", "^[[A^A^[x\n", "--from", &from]).ok();
    let piped = Sempre::of(&server, &["send", id, "-"]).stdin("piped \u{e4}\n".as_bytes());
    piped.run().ok();
    sempre(
        &server,
        &["wait", id, "--text", "piped M-CM-$\n", "--from", &from],
    )
    .ok();
    assert!(
        sempre(&server, &["send", id, "--key", "hyper"])
            .failed(2)
            .contains("hyper")
    );
    sempre(&server, &["send", id]).failed(1);
}

#[tokio::test]
async fn waiting_ends_with_what_was_waited_for_or_in_time() {
    let server = Setup::new().start();
    let id = &server
        .script("printf 'ready 42\\n'; read x; exit 5")
        .await
        .to_string();
    sempre(&server, &["wait", id, "--text", "ready", "--from", "0"]).ok();
    let found = sempre(
        &server,
        &["wait", id, "--regex", "ready (\\d+)\\n", "--from", "0", "--json"],
    );
    assert_eq!(found.json()["groups"], json!(["42"]));
    sempre(&server, &["wait", id, "--silence", "50ms"]).ok();
    let late = sempre(&server, &["wait", id, "--text", "never", "--timeout", "50ms"]);
    late.failed(124);
    let mut exit = Sempre::of(&server, &["wait", id, "--exit"]).start();
    sempre(&server, &["send", id, "-e"]).ok();
    exit.until("exited with code 5");
    assert_eq!(exit.end().code, 0);
    sempre(&server, &["wait", id, "--text", "never"]).failed(6);
    sempre(&server, &["send", id, "x"]).failed(6);
    sempre(&server, &["wait", id]).failed(2);
}

#[tokio::test]
async fn the_screen_is_shown_in_each_format() {
    let server = Setup::new().start();
    let id = &server
        .script("printf '\\033[31mred <&>\\033[0m\\n'; exec cat")
        .await
        .to_string();
    sempre(&server, &["wait", id, "--text", "red", "--from", "0"]).ok();
    assert_eq!(
        sempre(&server, &["screen", id]).stdout.lines().next(),
        Some("red <&>")
    );
    assert!(
        sempre(&server, &["screen", id, "--format", "html"])
            .ok()
            .contains("red &lt;&amp;&gt;")
    );
    assert!(
        sempre(&server, &["screen", id, "--format", "ansi"])
            .ok()
            .contains("\u{1b}[")
    );
    let json = sempre(&server, &["screen", id, "--json"]).json();
    assert_eq!(json["lines"][0]["runs"][0]["text"], "red <&>");
}

#[tokio::test]
async fn t8_logs_are_text_or_every_byte_and_go_on_over_a_restart_of_the_server() {
    let mut server = Setup::new().start();
    let script = "printf '\\033[31mone\\033[0m\\n'; while read x; do echo \"got $x\"; done";
    let id = &server.script(script).await.to_string();
    sempre(&server, &["wait", id, "--text", "one\n", "--from", "0"]).ok();
    assert_eq!(sempre(&server, &["logs", id]).stdout, "one\n");
    let raw = sempre(&server, &["logs", "--raw", id]).stdout;
    assert_eq!(raw, "\u{1b}[31mone\u{1b}[0m\r\n");
    assert_eq!(
        sempre(&server, &["logs", "--raw", "--from", "5", id]).stdout,
        raw[5..]
    );
    assert!(
        sempre(&server, &["logs", "--from", "999", id])
            .failed(1)
            .contains("999")
    );
    let mut follow = Sempre::of(&server, &["logs", "--follow", "--raw", id]).start();
    follow.until("one");
    server.kill();
    server.start_again();
    sempre(&server, &["send", id, "--enter", "two"]).ok();
    follow.until("got two");
    sempre(&server, &["send", id, "--key", "ctrl-d"]).ok();
    let ran = follow.end();
    assert_eq!(ran.ok().matches("one").count(), 1, "{ran:?}");
    assert_eq!(
        ran.stdout,
        sempre(&server, &["logs", "--raw", id]).stdout,
        "no byte twice, none missing"
    );
}
