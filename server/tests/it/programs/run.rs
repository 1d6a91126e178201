//! Commands that are run, and where the shell stands.

use sempre_protocol::programs::{InputTaken, RunResult};
use serde_json::json;

use super::{post, run, shell, waited};
use crate::harness::Setup;

/// What every shell that is integrated has to do.
async fn commands_are_run(name: &str) {
    let server = Setup::new().start();
    let id = shell(&server, name).await;
    let first = run(&server, id, "echo hello; echo ' two  words '").await;
    assert_eq!(
        (first.output.as_str(), first.exit_code),
        ("hello\n two  words", Some(0))
    );
    assert!(!first.truncated && !first.running && first.session_exit.is_none());
    let raw = server.output(id, first.from.0).await;
    let raw = &raw[..usize::try_from(first.to.since(first.from)).unwrap()];
    assert!(
        String::from_utf8_lossy(raw).contains("hello\r\n"),
        "{}",
        raw.escape_ascii()
    );
    let failed = run(&server, id, "sh -c 'echo out; echo err >&2; exit 7'").await;
    assert_eq!((failed.output.as_str(), failed.exit_code), ("out\nerr", Some(7)));
    // State stays: it is one shell.
    run(&server, id, "cd /usr").await;
    assert_eq!(run(&server, id, "pwd").await.output, "/usr");
    let lines = run(&server, id, "echo a\necho b").await;
    assert_eq!((lines.output.as_str(), lines.exit_code), ("a\nb", Some(0)));
    assert_eq!(run(&server, id, "printf unfinished").await.output, "unfinished");
    assert_eq!(
        run(&server, id, "printf '\\033[31mred\\033[m ä漢\\n'")
            .await
            .output,
        "red ä漢"
    );
    let slow = run(&server, id, "sleep 0.3").await;
    assert!((250..10_000).contains(&slow.duration_ms), "{slow:?}");
    // What someone left at the prompt is not joined to it.
    let typed = post(&server, id, "input", json!({ "data": "left over" })).await;
    assert_eq!(typed.status, 200, "{}", typed.text());
    assert_eq!(run(&server, id, "echo clean").await.output, "clean");
}

#[tokio::test]
async fn a_command_runs_in_bash() {
    commands_are_run("bash").await;
}

#[tokio::test]
async fn a_command_runs_in_zsh() {
    commands_are_run("zsh").await;
}

#[tokio::test]
async fn a_command_runs_in_fish() {
    commands_are_run("fish").await;
}

#[tokio::test]
async fn a_long_line_and_a_long_output_come_whole() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    let long = "x".repeat(500);
    assert_eq!(run(&server, id, &format!("echo {long}")).await.output, long);
    let output = run(&server, id, "seq 1 30000").await.output;
    let expected: Vec<_> = (1..=30_000).map(|n| n.to_string()).collect();
    assert_eq!(output, expected.join("\n"));
}

#[tokio::test]
async fn a_line_the_shell_does_not_take_is_answered() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    let wrong = run(&server, id, "if )").await;
    assert!(wrong.output.contains("syntax error"), "{wrong:?}");
    assert_eq!(wrong.exit_code, Some(2));
    let body = json!({ "command": "echo 'open", "timeout_ms": 500 });
    let open = post(&server, id, "run", body).await;
    let problem = open.problem(504);
    assert!(problem.detail.contains("Ctrl-C"), "{}", problem.detail);
    assert_eq!(run(&server, id, "echo after").await.output, "after");
}

#[tokio::test]
async fn a_command_that_takes_too_long_goes_on_and_the_shell_is_busy() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    let body = json!({ "command": "echo begun; cat; echo over", "timeout_ms": 1500 });
    let late = post(&server, id, "run", body).await;
    let problem = late.problem(504);
    assert_eq!(problem.code, "timed_out");
    assert!(problem.detail.contains("runs on"), "{}", problem.detail);
    let so_far: RunResult = late.json();
    assert_eq!((so_far.output.as_str(), so_far.running), ("begun", true));
    let busy = post(&server, id, "run", json!({ "command": "true" })).await;
    assert_eq!(busy.problem(409).code, "shell_busy");
    let sent: InputTaken = post(
        &server,
        id,
        "input",
        json!({ "data": "typed\u{4}", "enter": false }),
    )
    .await
    .json();
    assert_eq!((sent.written, sent.held), (6, 0));
    post(&server, id, "input", json!({ "data": "\u{4}" })).await;
    let found = waited(
        &server,
        id,
        json!({ "for": "text", "value": "over", "from": sent.offset }),
    )
    .await;
    assert_eq!(found.text.as_deref(), Some("over"));
    waited(&server, id, json!({ "for": "prompt" })).await;
    assert_eq!(run(&server, id, "echo free").await.output, "free");
}

#[tokio::test]
async fn one_command_at_a_time() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    let first = run(&server, id, "until [ -e go ]; do sleep 0.02; done; echo done");
    let second = async {
        waited(&server, id, json!({ "for": "text", "value": "until", "from": 0 })).await;
        let refused = post(&server, id, "run", json!({ "command": "true" })).await;
        assert!(["run_in_progress", "shell_busy"].contains(&refused.problem(409).code.as_str()));
        std::fs::write(server.home().join("go"), "").unwrap();
    };
    let (first, ()) = tokio::join!(first, second);
    assert_eq!(first.output, "done");
}

#[tokio::test]
async fn output_that_pretends_to_be_the_end_is_output() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    let ran = run(
        &server,
        id,
        "printf '\\033]133;D;9\\007\\033]133;A\\007'; echo real; (exit 4)",
    )
    .await;
    assert_eq!((ran.output.as_str(), ran.exit_code), ("real", Some(4)));
    let own = run(&server, id, "env | grep -c SEMPRE_SHELL").await;
    assert_eq!(own.output, "0", "the shell's name for itself is not handed on");
}

#[tokio::test]
async fn where_the_shell_stands_is_known_after_a_restart_of_the_server() {
    let mut server = Setup::new().start();
    let id = shell(&server, "bash").await;
    run(&server, id, "true").await;
    server.kill();
    server.start_again();
    assert_eq!(run(&server, id, "echo still").await.output, "still");
}

#[tokio::test]
async fn a_command_may_end_the_session() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    let ran = run(&server, id, "echo bye; exit 3").await;
    let exit = serde_json::to_value(ran.session_exit).unwrap();
    assert_eq!(exit, json!({ "code": 3 }));
    assert!(ran.output.starts_with("bye"), "{ran:?}");
    assert_eq!(
        post(&server, id, "run", json!({ "command": "true" }))
            .await
            .problem(409)
            .code,
        "session_ended"
    );
}
