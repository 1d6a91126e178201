//! The API for programs: run, type, wait, follow, on a session a person may watch (issue rows T8 and the like).

use sempre_protocol::SessionId;
use sempre_protocol::programs::{InputTaken, RunResult, WaitResult};
use serde_json::{Value, json};

use crate::harness::{Answer, Call, Server, Setup};

async fn post(server: &Server, id: SessionId, what: &str, body: Value) -> Answer {
    let call = Call::post(&format!("/api/v1/sessions/{id}/{what}")).json(&body);
    server.ask(call).await
}

async fn run(server: &Server, id: SessionId, command: &str) -> RunResult {
    let answer = post(server, id, "run", json!({ "command": command })).await;
    assert_eq!(answer.status, 200, "{command:?}: {}", answer.text());
    answer.json()
}

async fn waited(server: &Server, id: SessionId, body: Value) -> WaitResult {
    let answer = post(server, id, "wait", body.clone()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.json()
}

async fn shell(server: &Server, shell: &str) -> SessionId {
    server.create(json!({ "shell": shell })).await
}

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

#[tokio::test]
async fn shells_are_left_as_they_are_where_that_is_asked_for() {
    let server = Setup::new().start();
    let plain = server
        .create(json!({ "shell": "bash", "shell_integration": false }))
        .await;
    let command = server.script("cat").await;
    for id in [plain, command] {
        let refused = post(&server, id, "run", json!({ "command": "true" })).await;
        assert_eq!(refused.problem(409).code, "no_shell_integration");
    }
    post(
        &server,
        plain,
        "input",
        json!({ "data": "echo [$ENV$SEMPRE_SHELL_AID]", "enter": true }),
    )
    .await;
    waited(
        &server,
        plain,
        json!({ "for": "text", "value": "\n[]\n", "from": 0 }),
    )
    .await;
    let server = Setup::new().arg("--no-shell-integration").start();
    let off = shell(&server, "bash").await;
    assert_eq!(
        post(&server, off, "run", json!({ "command": "true" }))
            .await
            .problem(409)
            .code,
        "no_shell_integration"
    );
    let on = server
        .create(json!({ "shell": "bash", "shell_integration": true }))
        .await;
    assert_eq!(run(&server, on, "echo on").await.output, "on");
}

#[tokio::test]
async fn the_users_own_files_are_read_as_a_login_shell_does() {
    let server = Setup::new().start();
    let write = |name: &str, text: &str| {
        let path = server.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        ".bash_profile",
        "FROM=profile; export ENV=mine; PROMPT_COMMAND='LAST=$?'; PS1='mine> '\n",
    );
    write(".bash_logout", "echo logged-out\n");
    write(".zshenv", "FROM=env\n");
    write(".zprofile", "FROM=$FROM-profile\n");
    write(
        ".zshrc",
        "FROM=$FROM-rc; PROMPT='mine> '; zle-line-init() { SEEN=1 }; zle -N zle-line-init\n",
    );
    write(".zlogin", "FROM=$FROM-login\n");
    write(
        ".config/fish/config.fish",
        "set FROM config\nfunction fish_prompt; echo -n 'mine> '; end\n",
    );
    let bash = shell(&server, "bash").await;
    let said = run(
        &server,
        bash,
        "(exit 3)\necho $FROM $ENV $LAST; shopt -q login_shell && echo login; set -o | grep posix",
    )
    .await;
    let lines: Vec<_> = said
        .output
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(lines, ["profile mine 0", "login", "posix off"]);
    let zsh = shell(&server, "zsh").await;
    let said = run(
        &server,
        zsh,
        "echo \"$FROM $SEEN [$ZDOTDIR]\"; [[ -o login ]] && echo login",
    )
    .await;
    assert_eq!(said.output, "env-profile-rc-login 1 []\nlogin");
    let fish = shell(&server, "fish").await;
    let said = run(&server, fish, "echo $FROM; status is-login; and echo login").await;
    assert_eq!(said.output, "config\nlogin");
    for id in [bash, zsh, fish] {
        let screen = server.get(&format!("/api/v1/sessions/{id}/screen")).await.text();
        assert!(screen.contains("mine> "), "{screen}");
    }
    let left = run(&server, bash, "exit").await;
    assert!(left.output.contains("logged-out"), "{left:?}");
    assert_eq!(
        std::fs::read_to_string(server.home().join(".zshenv")).unwrap(),
        "FROM=env\n"
    );
}

#[tokio::test]
async fn a_restarted_session_tells_again() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    run(&server, id, "exit").await;
    server.ended(id).await;
    let again = server
        .ask(Call::post(&format!("/api/v1/sessions/{id}/restart")))
        .await
        .value();
    let again: SessionId = again["session_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(run(&server, again, "echo again").await.output, "again");
    let info = server.get(&format!("/api/v1/sessions/{again}")).await.value();
    assert_eq!(
        info["cmd"].as_array().unwrap().len(),
        1,
        "what is Sempre's is not shown: {info}"
    );
}

#[tokio::test]
async fn t8_input_of_programs_and_people_goes_to_one_session() {
    let server = Setup::new().start();
    let id = server.script("stty raw -echo; echo ready; cat -v").await;
    waited(&server, id, json!({ "for": "text", "value": "ready", "from": 0 })).await;
    let mut viewer = server.attach(id, "").await;
    let bytes = json!({ "data_b64": "AQKA/w==" });
    let taken: InputTaken = post(&server, id, "input", bytes).await.json();
    assert_eq!((taken.written, taken.held), (4, 0));
    viewer.until_output("^A^BM-^@M-^?").await;
    for n in 0..20 {
        post(&server, id, "input", json!({ "data": format!("<{n}>") })).await;
    }
    viewer
        .until_output("<0><1><2><3><4><5><6><7><8><9><10><11><12><13><14><15><16><17><18><19>")
        .await;
    for wrong in [
        json!({}),
        json!({ "data": "a", "data_b64": "YQ==" }),
        json!({ "data_b64": "?" }),
        json!({ "data": "x".repeat(300_000) }),
    ] {
        let refused = post(&server, id, "input", wrong).await;
        assert_eq!(refused.problem(422).code, "invalid_field");
    }
    let unknown = post(&server, id, "input", json!({ "text": "a" })).await;
    assert_eq!(unknown.problem(422).code, "bad_body");
}

#[tokio::test]
async fn input_nobody_reads_is_held() {
    let server = Setup::new().start();
    let id = server.script("stty raw -echo; echo ready; sleep 1000").await;
    waited(&server, id, json!({ "for": "text", "value": "ready", "from": 0 })).await;
    let taken: InputTaken = post(&server, id, "input", json!({ "data": "y".repeat(200_000) }))
        .await
        .json();
    assert_eq!(taken.written + taken.held, 200_000);
    assert!(taken.held > 0, "{taken:?}");
}

#[tokio::test]
async fn a_signal_reaches_what_is_in_front() {
    let server = Setup::new().start();
    let id = server
        .script("trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done")
        .await;
    waited(&server, id, json!({ "for": "text", "value": "ready", "from": 0 })).await;
    let sent = post(&server, id, "signal", json!({ "signal": "INT" })).await;
    assert_eq!(sent.status, 204, "{}", sent.text());
    let exit = waited(&server, id, json!({ "for": "exit" })).await;
    assert_eq!(serde_json::to_value(exit.exit).unwrap(), json!({ "code": 5 }));
    assert_eq!(
        post(&server, id, "signal", json!({ "signal": "STOP" }))
            .await
            .problem(422)
            .code,
        "bad_body"
    );
}

#[tokio::test]
async fn what_is_waited_for_is_found() {
    let server = Setup::new().start();
    let id = server
        .script("printf 'port \\033[1m80'; printf '81\\033[m open\\n'; read line; echo got $line; cat")
        .await;
    let pattern = json!({ "for": "regex", "value": "^port (\\d+) ", "from": 0 });
    let found = waited(&server, id, pattern).await;
    assert_eq!(found.groups, [Some("8081".to_owned())]);
    let waiting = waited(
        &server,
        id,
        json!({ "for": "text", "value": "got it", "from": found.offset }),
    );
    let typing = post(&server, id, "input", json!({ "data": "it", "enter": true }));
    let (found, _) = tokio::join!(waiting, typing);
    let after = server.output(id, found.offset.0).await;
    assert!(after.starts_with(b"\r\n"), "{}", after.escape_ascii());
    let quiet = waited(&server, id, json!({ "for": "silence", "value": 200 })).await;
    assert_eq!(quiet.offset, server.info(id).await.offset);
}

#[tokio::test]
async fn what_does_not_happen_is_told() {
    let server = Setup::new().start();
    let id = server.script("echo a; read line; exit 2").await;
    let late = post(
        &server,
        id,
        "wait",
        json!({ "for": "text", "value": "never", "timeout_ms": 50 }),
    )
    .await;
    assert_eq!(late.problem(504).code, "timed_out");
    assert_eq!(
        post(&server, id, "wait", json!({ "for": "prompt" }))
            .await
            .problem(409)
            .code,
        "no_shell_integration"
    );
    for wrong in [
        json!({ "for": "regex", "value": "(" }),
        json!({ "for": "regex", "value": "(\\w{500}){500}" }),
        json!({ "for": "text" }),
        json!({ "for": "silence", "value": "x" }),
        json!({ "for": "exit", "timeout_ms": 0 }),
    ] {
        assert_eq!(
            post(&server, id, "wait", wrong.clone()).await.problem(422).code,
            "invalid_field",
            "{wrong}"
        );
    }
    let waiting = post(
        &server,
        id,
        "wait",
        json!({ "for": "text", "value": "never", "from": 0 }),
    );
    let ending = post(&server, id, "input", json!({ "enter": true }));
    let (over, _) = tokio::join!(waiting, ending);
    assert_eq!(over.problem(409).code, "session_ended");
}

#[tokio::test]
async fn what_happens_is_told_in_order_and_again_after_a_reconnect() {
    let server = Setup::new().start();
    let id = shell(&server, "bash").await;
    waited(&server, id, json!({ "for": "prompt" })).await;
    let before = server.info(id).await.offset;
    let target = format!("/api/v1/sessions/{id}/events");
    let following = Call::get(&target).bearer(&server.token());
    let stream = following.stream_until(server.address(), "\"exit_code\":3");
    let telling = run(
        &server,
        id,
        "printf '\\033]2;a title\\007\\a\\033]9;note\\007\\033]9;4;1;40\\007\\033]7;file:///srv\\007'; (exit 3)",
    );
    let (told, _) = tokio::join!(stream, telling);
    let events = events_of(&told);
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "state",
            "command_started",
            "title",
            "bell",
            "notification",
            "progress",
            "cwd",
            "command_ended"
        ]
    );
    assert_eq!(
        (&events[0].1["at_prompt"], &events[0].1["state"]),
        (&json!(true), &json!("active"))
    );
    assert_eq!(
        (&events[2].1["title"], &events[4].1["message"]),
        (&json!("a title"), &json!("note"))
    );
    assert_eq!(
        (&events[5].1["percent"], &events[6].1["cwd"]),
        (&json!(40), &json!("/srv"))
    );
    assert!(events[7].1["duration_ms"].is_u64(), "{}", events[7].1);
    let again = Call::get(&target)
        .bearer(&server.token())
        .header("last-event-id", events[5].1["offset"].to_string());
    let told = again.stream_until(server.address(), "command_ended").await;
    let names: Vec<_> = events_of(&told).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["state", "cwd", "command_ended"], "from {before}");
    run(&server, id, "exit").await;
    server.ended(id).await;
    let over = server.get(&target).await;
    let last = events_of(&over.text()).pop().unwrap();
    assert_eq!(
        (last.0.as_str(), &last.1["state"]),
        ("state", &json!("completed"))
    );
    let stay_away = server.ask(Call::get(&target).header("last-event-id", "1")).await;
    assert_eq!(stay_away.status, 204);
}

/// Names and data of the events in a stream; the id is the offset.
fn events_of(stream: &str) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    let (mut name, mut event_id) = (String::new(), String::new());
    for line in stream.lines() {
        if let Some(given) = line.strip_prefix("event: ") {
            given.clone_into(&mut name);
        } else if let Some(given) = line.strip_prefix("id: ") {
            given.clone_into(&mut event_id);
        } else if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data).unwrap();
            events.push((name.clone(), data));
        }
    }
    events
}
