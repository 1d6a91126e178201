//! Nothing in a URL is run, and no name becomes an option or a command.

use serde_json::json;

use crate::harness::{Call, Setup};

#[tokio::test]
async fn no_url_starts_anything() {
    let server = Setup::new().start();
    for target in [
        "/t/new?cmd=touch%20pwned",
        "/t/new?arg=-c&arg=touch%20pwned",
        "/?arg=touch%20pwned",
        "/t/new?shell=sh&story=$(touch%20pwned)",
        "/api/v1/sessions?cmd=touch%20pwned",
    ] {
        let answer = server.ask(Call::get(target).page()).await;
        assert!(answer.status < 600);
    }
    // Nor does the query of a request that starts something.
    let create = Call::post("/api/v1/sessions?cmd=touch&arg=pwned").json(&json!({ "cmd": ["cat"] }));
    assert_eq!(server.ask(create).await.status, 201);
    let sessions = server.list().await;
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].cmd, ["cat"]);
    assert!(!server.home().join("pwned").exists());
}

#[tokio::test]
async fn a_name_is_no_option_and_no_command() {
    let server = Setup::new().start();
    for shell in [
        "-c",
        "--",
        "sh -c id",
        "sh;id",
        "$(id)",
        "`id`",
        "../../bin/sh",
        "a\nb",
        "",
    ] {
        let answer = server.try_create(&json!({ "shell": shell })).await;
        assert_eq!(answer.status, 422, "{shell:?}: {}", answer.text());
    }
    // What is an argument stays one, whatever it holds.
    let args = ["--", "-n", "$(id)", "`id`", "a;b", "*", "a b", "\u{1b}[31m"];
    let mut cmd = vec!["sh", "-c", "for arg; do printf '<%s>' \"$arg\"; done; cat", "sh"];
    cmd.extend(args);
    let id = server.create(json!({ "cmd": cmd })).await;
    let expected: String = args.iter().map(|arg| format!("<{arg}>")).collect();
    server.attach(id, "").await.until_output(&expected).await;
    for (field, value) in [
        ("labels", json!({ "a": "x\u{1b}[2J" })),
        ("group", json!("a\nb")),
        ("user_id", json!("\u{7}")),
    ] {
        let answer = server.try_create(&json!({ "cmd": ["cat"], field: value })).await;
        let problem = answer.problem(422);
        assert!(!problem.detail.contains(['\n', '\u{1b}', '\u{7}']), "{problem:?}");
    }
}
