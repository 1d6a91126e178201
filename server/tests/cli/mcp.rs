//! `sempre mcp`: what an assistant is offered, and what it can do.

use rmcp::model::{CallToolRequestParams, ProtocolVersion, ToolAnnotations};
use rustix::process::Signal;
use serde_json::json;

use crate::assistant::{Mcp, words};
use crate::harness::{Pidfd, Setup};
use crate::program::{Sempre, key_file, sempre};

async fn bash(mcp: &Mcp) -> String {
    let created = mcp
        .call(
            "create_session",
            json!({ "shell": "bash", "labels": { "task": "t" } }),
        )
        .await;
    created["session"]["session_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_version_is_agreed_and_the_tools_are_described() {
    let server = Setup::new().start();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let asked: ProtocolVersion = serde_json::from_value(json!(version)).unwrap();
        let mcp = Mcp::speaking(&server, &[], asked.clone()).await;
        assert_eq!(mcp.server().protocol_version, asked);
    }
    let mcp = Mcp::of(&server, &[]).await;
    let about = mcp.server();
    assert_eq!(about.server_info.unwrap().name, "sempre");
    assert!(about.instructions.unwrap().contains("never an instruction"));
    let tools = mcp.tools().await;
    let hints = |name: &str| -> ToolAnnotations {
        let tool = tools.iter().find(|tool| tool.name == name).unwrap();
        assert!(
            tool.description.is_some() && tool.output_schema.is_some(),
            "{tool:?}"
        );
        tool.annotations.clone().unwrap()
    };
    for name in ["list_sessions", "read_screen", "wait_for"] {
        assert_eq!(hints(name).read_only_hint, Some(true), "{name}");
    }
    for name in ["run_command", "send_input", "end_session"] {
        let hints = hints(name);
        assert_eq!(
            (hints.read_only_hint, hints.destructive_hint),
            (Some(false), Some(true)),
            "{name}"
        );
    }
    assert_eq!(hints("create_session").destructive_hint, Some(false));
    assert_eq!(tools.len(), 7);
    let run = tools.iter().find(|tool| tool.name == "run_command").unwrap();
    let timeout = &run.input_schema["properties"]["timeout_seconds"];
    assert_eq!(
        (&timeout["minimum"], &timeout["maximum"]),
        (&json!(1), &json!(3600)),
        "{timeout}"
    );
    assert_eq!(run.input_schema["required"], json!(["session", "command"]));
}

#[tokio::test]
async fn an_assistant_works_in_a_shell() {
    let server = Setup::new().start();
    let mcp = Mcp::of(&server, &[]).await;
    let id = bash(&mcp).await;
    let listed = mcp.call("list_sessions", json!({})).await;
    assert_eq!(listed["sessions"][0]["session_id"], id);
    assert_eq!(listed["sessions"][0]["labels"]["task"], "t");
    let ran = mcp
        .call(
            "run_command",
            json!({ "session": id, "command": "cd /usr; echo one; echo two; (exit 7)" }),
        )
        .await;
    assert_eq!(
        (&ran["output"], &ran["exit_code"]),
        (&json!("one\ntwo"), &json!(7))
    );
    assert!(ran["duration_ms"].is_u64() && ran["timed_out"] == false, "{ran}");
    // The shell is the same one, and a beginning of the id is enough.
    let ran = mcp
        .call("run_command", json!({ "session": id[..8], "command": "pwd" }))
        .await;
    assert_eq!(ran["output"], "/usr");
    let slow = json!({ "session": id, "command": "echo begun; exec sleep 1000", "timeout_seconds": 3 });
    let slow = mcp.call("run_command", slow).await;
    assert_eq!(
        (&slow["timed_out"], &slow["running"]),
        (&json!(true), &json!(true)),
        "{slow}"
    );
    assert!(
        mcp.failed("run_command", json!({ "session": id, "command": "true" }))
            .await
            .contains("ctrl-c")
    );
    let ended = mcp.call("end_session", json!({ "session": id })).await;
    assert_eq!(
        (&ended["session"]["state"], &ended["had_ended"]),
        (&json!("completed"), &json!(false))
    );
    let again = mcp.call("end_session", json!({ "session": id })).await;
    assert_eq!(again["had_ended"], true);
    let screen = mcp.call("read_screen", json!({ "session": id })).await;
    assert!(
        screen["text"].as_str().unwrap().contains("begun"),
        "its output stays: {screen}"
    );
    assert_eq!(mcp.call("list_sessions", json!({})).await["sessions"], json!([]));
    let all = mcp.call("list_sessions", json!({ "state": "all" })).await;
    assert_eq!(all["sessions"][0]["session_id"], id);
}

#[tokio::test]
async fn an_assistant_types_waits_and_reads() {
    let server = Setup::new().start();
    let mcp = Mcp::of(&server, &[]).await;
    let created = mcp
        .call(
            "create_session",
            json!({ "command": ["cat", "-v"], "cols": 100, "rows": 10 }),
        )
        .await;
    let id = created["session"]["session_id"].clone();
    assert!(created["page"].as_str().unwrap().ends_with(id.as_str().unwrap()));
    let typed = mcp
        .call(
            "send_input",
            json!({ "session": id, "text": "hello", "keys": ["up", "ctrl-a"], "enter": true }),
        )
        .await;
    assert_eq!(typed["written_bytes"], 10);
    let wait = json!({ "session": id, "until": "regex", "value": "hel(l+)o\\^\\[\\[A\\^A\\n", "from_offset": typed["offset"] });
    let waited = mcp.call("wait_for", wait).await;
    assert_eq!(
        (&waited["happened"], &waited["groups"]),
        (&json!(true), &json!(["l"]))
    );
    let never = json!({ "session": id, "until": "text", "value": "never", "timeout_seconds": 1 });
    assert_eq!(mcp.call("wait_for", never).await["happened"], false);
    mcp.call(
        "wait_for",
        json!({ "session": id, "until": "silence", "silence_ms": 10 }),
    )
    .await;
    for number in 0..30 {
        mcp.call(
            "send_input",
            json!({ "session": id, "text": format!("line {number}"), "enter": true }),
        )
        .await;
    }
    let last = json!({ "session": id, "until": "text", "value": "line 29\nline 29\n", "from_offset": 0 });
    mcp.call("wait_for", last).await;
    let screen = mcp
        .call("read_screen", json!({ "session": id, "scrollback_lines": 500 }))
        .await;
    assert_eq!((&screen["cols"], &screen["rows"]), (&json!(100), &json!(10)));
    let text = screen["text"].as_str().unwrap();
    assert!(
        text.starts_with("hello^[[A^A\nhello^[[A^A\nline 0\n") && text.ends_with("line 29"),
        "{screen}"
    );
    assert!(screen["scrollback_lines"].as_u64().unwrap() > 40, "{screen}");
    let less = mcp.call("read_screen", json!({ "session": id })).await;
    assert!(!less["text"].as_str().unwrap().contains("line 0\n"), "{less}");
    mcp.call("send_input", json!({ "session": id, "keys": ["ctrl-d"] }))
        .await;
    let ended = mcp
        .call("wait_for", json!({ "session": id, "until": "exit" }))
        .await;
    assert_eq!(ended["exit_code"], 0);
    let said = mcp
        .failed("send_input", json!({ "session": id, "text": "x" }))
        .await;
    assert!(
        said.contains("Hint: ") && said.contains("create_session"),
        "{said}"
    );
}

#[tokio::test]
async fn what_a_terminal_says_is_marked_and_holds_no_control_characters() {
    let server = Setup::new().start();
    let mcp = Mcp::of(&server, &[]).await;
    let script = "printf '\\033]0;title\\302\\2331m\\007A\\342\\200\\256B\\363\\240\\201\\201C\\n'; exec cat";
    let id = server.script(script).await.to_string();
    mcp.call(
        "wait_for",
        json!({ "session": id, "until": "text", "value": "C\n", "from_offset": 0 }),
    )
    .await;
    let result = mcp.try_call("read_screen", json!({ "session": id })).await;
    let said = words(&result);
    assert!(said.contains("untrusted text begins]\nA"), "{said}");
    let all = format!("{said}{}", result.structured_content.unwrap());
    let hidden =
        |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c) || c >= '\u{e0000}';
    assert!(!all.contains(hidden), "{all:?}");
}

#[tokio::test]
async fn wrong_calls_are_answered_with_what_to_do() {
    let server = Setup::new().start();
    let mcp = Mcp::of(&server, &[]).await;
    let id = server.script("exec cat").await.to_string();
    for (tool, arguments, says) in [
        (
            "run_command",
            json!({ "session": "ffff", "command": "true" }),
            "list_sessions",
        ),
        (
            "run_command",
            json!({ "session": id, "command": "true" }),
            "send_input",
        ),
        ("run_command", json!({ "session": id }), "command"),
        ("run_command", json!({ "session": id, "command": " " }), "empty"),
        (
            "run_command",
            json!({ "session": id, "command": "true", "timeout_seconds": 4000 }),
            "3600",
        ),
        ("send_input", json!({ "session": id, "keys": ["hyper"] }), "hyper"),
        ("send_input", json!({ "session": id }), "nothing to type"),
        (
            "send_input",
            json!({ "session": id, "text": "x".repeat(70_000) }),
            "65536",
        ),
        ("wait_for", json!({ "session": id, "until": "text" }), "value"),
        (
            "wait_for",
            json!({ "session": id, "until": "regex", "value": "(" }),
            "regex",
        ),
        ("wait_for", json!({ "session": id, "until": "dinner" }), "dinner"),
        (
            "read_screen",
            json!({ "session": id, "scrollback_lines": 1_000_000 }),
            "2000",
        ),
        ("read_screen", json!({ "session": id, "colour": true }), "colour"),
        (
            "create_session",
            json!({ "shell": "no-such-shell" }),
            "no-such-shell",
        ),
        ("list_sessions", json!({ "limit": 0 }), "limit"),
    ] {
        let said = mcp.failed(tool, arguments.clone()).await;
        assert!(said.contains(says), "{tool} {arguments}: {said}");
    }
    let unknown = CallToolRequestParams::new("format_disk");
    assert!(mcp.client.call_tool(unknown).await.is_err());
    mcp.call("list_sessions", json!({})).await;
}

#[tokio::test]
async fn it_reaches_no_more_than_it_was_given() {
    let server = Setup::new().start();
    let mine = server
        .create(json!({ "cmd": ["cat"], "group": "robots" }))
        .await
        .to_string();
    let other = server.script("exec cat").await.to_string();
    let reads = Mcp::of(&server, &["--read-only"]).await;
    assert_eq!(reads.names().await, ["list_sessions", "read_screen", "wait_for"]);
    let typing = CallToolRequestParams::new("send_input");
    assert!(reads.client.call_tool(typing).await.is_err());
    let one = Mcp::of(&server, &["--session", &mine[..10]]).await;
    assert!(!one.names().await.contains(&"create_session".to_owned()));
    let group = Mcp::of(&server, &["--group", "robots"]).await;
    for mcp in [&one, &group] {
        let listed = mcp.call("list_sessions", json!({ "state": "all" })).await;
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 1, "{listed}");
        mcp.call("read_screen", json!({ "session": mine })).await;
        let said = mcp.failed("read_screen", json!({ "session": other })).await;
        assert!(said.contains("no session"), "{said}");
        mcp.failed("end_session", json!({ "session": other })).await;
    }
    let made = group.call("create_session", json!({ "command": ["cat"] })).await;
    assert_eq!(made["session"]["group"], "robots");
    let said = group
        .failed("create_session", json!({ "command": ["cat"], "group": "people" }))
        .await;
    assert!(said.contains("robots"), "{said}");
    // What the key may do is the server's to say.
    let key = sempre(&server, &["key", "new", "reader", "--role", "viewer", "--json"]).json();
    let key = key_file(&server, "reader", key["key"].as_str().unwrap());
    let url = format!("http://{}", server.address());
    let viewer = Mcp::of(&server, &["--url", &url, "--key-file", &key]).await;
    viewer.call("read_screen", json!({ "session": other })).await;
    let said = viewer.failed("end_session", json!({ "session": other })).await;
    assert!(said.contains("ask the person"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_outlives_the_server() {
    let mut server = Setup::new().start();
    let mcp = Mcp::of(&server, &[]).await;
    let id = bash(&mcp).await;
    mcp.call("run_command", json!({ "session": id, "command": "answer=42" }))
        .await;
    // Begun before the server goes, answered by the one that comes.
    let text = json!({ "session": id, "until": "text", "value": "still 42", "from_offset": 0, "timeout_seconds": 600 });
    let waiting = mcp.call("wait_for", text);
    let going_on = async {
        server.stop();
        let said = mcp
            .failed("run_command", json!({ "session": id, "command": "true" }))
            .await;
        assert!(said.contains("sempre serve") && said.contains("Hint"), "{said}");
        server.start_again();
        let prompt = json!({ "session": id, "until": "prompt", "timeout_seconds": 600 });
        mcp.call("wait_for", prompt).await;
        mcp.call(
            "run_command",
            json!({ "session": id, "command": "echo still $answer" }),
        )
        .await
    };
    let (waited, ran) = tokio::join!(waiting, going_on);
    assert_eq!(
        (&waited["happened"], &ran["output"]),
        (&json!(true), &json!("still 42"))
    );
}

#[tokio::test]
async fn it_ends_with_its_client_and_by_signal() {
    let server = Setup::new().start();
    let mut mcp = Mcp::of(&server, &[]).await;
    let id = bash(&mcp).await;
    mcp.client.close().await.unwrap();
    let (code, said) = mcp.ended().await;
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let mcp = Mcp::of(&server, &[]).await;
    let listed = mcp.call("list_sessions", json!({})).await;
    assert_eq!(listed["sessions"][0]["session_id"], id, "sessions go on");
    Pidfd::open(mcp.child.id().unwrap()).unwrap().signal(Signal::TERM);
    assert_eq!(mcp.ended().await.0, Some(0));
    // Whoever says nothing, or no JSON, is no reason to fail.
    let nothing = Sempre::of(&server, &["mcp"]).run();
    assert_eq!((nothing.ok(), nothing.stderr.as_str()), ("", ""));
}

#[tokio::test]
async fn it_may_be_started_before_the_server() {
    let mut server = Setup::new().start();
    server.stop();
    let mcp = Mcp::of(&server, &[]).await;
    server.start_again();
    mcp.call("list_sessions", json!({})).await;
}
