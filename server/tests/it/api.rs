//! The HTTP API as other programs see it: rows T1 to T4, restart, and the events of the list.

use std::time::{SystemTime, UNIX_EPOCH};

use sempre_protocol::api::{CreatedSession, SessionInfo, SessionState, Shells};
use sempre_protocol::texts::ExitStatus;
use serde_json::{Value, json};

use crate::harness::{Call, Setup, eventually, is_alive};

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn t1_health_counts_sessions_and_says_what_was_looked_at() {
    let server = Setup::new().start();
    let health = server.get("/api/v1/health").await;
    assert_eq!(health.status, 200);
    let health = health.value();
    assert!(
        ["ok", "degraded"].contains(&health["status"].as_str().unwrap()),
        "{health}"
    );
    assert_eq!(health["active_sessions"], 0);
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(health["uptime"].is_u64(), "{health}");
    for check in health["checks"].as_array().unwrap() {
        assert!(
            check["name"].is_string() && check["status"].is_string(),
            "{check}"
        );
        assert!(!check["message"].as_str().unwrap().is_empty(), "{check}");
    }
    let id = server.script("cat").await;
    assert_eq!(server.get("/api/v1/health").await.value()["active_sessions"], 1);
    server.delete(id).await;
    assert_eq!(server.get("/api/v1/health").await.value()["active_sessions"], 0);
}

#[tokio::test]
async fn t2_the_name_of_a_shell_is_all_a_session_needs() {
    let server = Setup::new().start();
    let answer = server.try_create(&json!({ "shell": "bash" })).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let created: Value = answer.value();
    let id = created["session_id"].as_str().unwrap();
    assert!(
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    assert_eq!(created["websocket_url"], format!("/ws/terminal/{id}"));
    assert_eq!(created["attach_url"], format!("/ws/sessions/{id}"));
    assert_eq!(created["page_url"], format!("/t/{id}"));
    assert_eq!(
        (&created["shell"], &created["state"]),
        (&json!("bash"), &json!("active"))
    );
    assert_eq!((&created["rows"], &created["cols"]), (&json!(24), &json!(80)));
    let mut viewer = server.attach(id.parse().unwrap(), "").await;
    viewer.run("echo $((6*7))").await;
}

#[tokio::test]
async fn t2_size_labels_group_and_user_are_kept() {
    let server = Setup::new().start();
    let request = json!({
        "cmd": ["cat"], "rows": 33, "cols": 99, "cwd": "/", "user_id": "ada", "group": "crew",
        "labels": { "story": "S-7", "branch": "feature/x" }, "env": { "A": "secret-value" },
    });
    let created = server.try_create(&request).await;
    assert!(
        !created.text().contains("secret-value"),
        "requested values are never shown"
    );
    let info = created.json::<CreatedSession>().session;
    assert_eq!((info.rows, info.cols, info.cwd.as_str()), (33, 99, "/"));
    assert_eq!(
        (info.shell.as_str(), info.cmd.as_slice()),
        ("cat", &["cat".to_owned()][..])
    );
    assert_eq!(
        (info.user_id.as_deref(), info.group.as_deref()),
        (Some("ada"), Some("crew"))
    );
    assert_eq!(info.labels["story"], "S-7");
    assert_eq!(info.labels["branch"], "feature/x");
}

#[tokio::test]
async fn t2_an_unknown_shell_is_refused_with_those_installed() {
    let server = Setup::new().start();
    let answer = server.try_create(&json!({ "shell": "nosuchshell" })).await;
    let problem = answer.problem(422);
    assert_eq!(problem.code, "shell_not_installed");
    assert!(problem.detail.contains("nosuchshell"), "{}", problem.detail);
    let shells: Shells = server.get("/api/v1/shells").await.json();
    assert!(shells.installed.contains(&"sh".to_owned()));
    for shell in &shells.installed {
        assert!(problem.detail.contains(shell), "{shell} in {}", problem.detail);
    }
    assert!(server.list().await.is_empty());
}

#[tokio::test]
async fn t3_a_session_is_listed_with_its_process_until_that_is_gone() {
    let server = Setup::new().start();
    let started = now_s();
    let id = server.script("read line; exit 5").await;
    let raw = server.get(&format!("/api/v1/sessions/{id}")).await.value();
    for field in [
        "session_id",
        "shell",
        "pid",
        "rows",
        "cols",
        "uptime",
        "last_activity",
    ] {
        assert!(!raw[field].is_null(), "{field} in {raw}");
    }
    let info: SessionInfo = serde_json::from_value(raw.clone()).unwrap();
    assert!(is_alive(info.pid.unwrap()));
    assert!((started..=now_s()).contains(&info.last_activity), "{raw}");
    assert!(info.uptime <= now_s() - started);
    assert_eq!(
        server.get("/api/v1/sessions").await.value()[0]["session_id"],
        raw["session_id"]
    );

    server.attach(id, "").await.type_in("\r").await;
    server.ended(id).await;
    let raw = server.get(&format!("/api/v1/sessions/{id}")).await.value();
    assert!(raw.get("pid").is_none(), "{raw}");
    assert_eq!(
        (&raw["state"], &raw["exit"]),
        (&json!("completed"), &json!({ "code": 5 }))
    );
    assert_eq!(raw["end_reason"], "exited");
    assert!(raw["ended_at"].as_str().unwrap() >= raw["started_at"].as_str().unwrap());
    eventually("the end of the process", || async {
        (!is_alive(info.pid.unwrap())).then_some(())
    })
    .await;
}

#[tokio::test]
async fn t3_the_newest_session_is_listed_first() {
    let server = Setup::new().start();
    let first = server.script("cat").await;
    let begun = server.info(first).await.started_at;
    eventually("another millisecond", || async {
        let id = server.script("cat").await;
        (server.info(id).await.started_at > begun).then_some(())
    })
    .await;
    assert_eq!(server.list().await.last().unwrap().session_id, first);
}

#[tokio::test]
async fn t4_a_resize_reaches_the_program_and_counts_as_activity() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let before = server.info(id).await.last_activity;
    eventually("the next second", || async { (now_s() > before).then_some(()) }).await;
    let path = format!("/api/v1/sessions/{id}/resize");
    let resize = |rows: u16, cols: u16| Call::new("PUT", &path).json(&json!({ "rows": rows, "cols": cols }));
    let answer = server.ask(resize(41, 132)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let info = server
        .until(id, "the new size", |info| (info.rows, info.cols) == (41, 132))
        .await;
    assert!(info.last_activity > before);
    let mut viewer = server.attach(id, "").await;
    viewer.type_in("stty size\r").await;
    viewer.until_output("41 132\r\n").await;

    assert_eq!(server.ask(resize(0, 10)).await.problem(422).code, "invalid_field");
    assert_eq!(server.ask(resize(2000, 10)).await.status, 200);
    server
        .until(id, "the clamped size", |info| info.rows == 1000)
        .await;
}

#[tokio::test]
async fn t4_delete_ends_a_session_and_then_removes_it() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let pid = server.info(id).await.pid.unwrap();
    server.delete(id).await;
    let info = server.info(id).await;
    assert_eq!(
        (info.state, info.end_reason.as_deref()),
        (SessionState::Completed, Some("ended"))
    );
    assert!(!is_alive(pid));
    server.delete(id).await;
    let gone = server.get(&format!("/api/v1/sessions/{id}")).await;
    assert_eq!(gone.problem(404).code, "session_not_found");
    assert!(!server.session_dir(id).exists());
    assert!(server.list().await.is_empty());
}

#[tokio::test]
async fn t4_delete_with_a_condition_does_the_one_or_nothing() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let delete = |only: &str| Call::delete(&format!("/api/v1/sessions/{id}?only={only}"));
    let refused = server.ask(delete("ended")).await.problem(409);
    assert_eq!(refused.code, "session_running");
    assert!(server.info(id).await.pid.is_some(), "it runs on");
    assert_eq!(server.ask(delete("running")).await.status, 204);
    let refused = server.ask(delete("running")).await.problem(409);
    assert_eq!(refused.code, "session_ended");
    assert!(server.session_dir(id).exists(), "its output stays");
    assert_eq!(server.ask(delete("any")).await.status, 400);
    assert_eq!(server.ask(delete("ended")).await.status, 204);
    assert_eq!(
        server.ask(delete("ended")).await.problem(404).code,
        "session_not_found"
    );
}

#[tokio::test]
async fn t4_delete_ends_what_ignores_being_asked() {
    let server = Setup::new().start();
    let id = server
        .script("trap '' HUP TERM INT; echo ready; while :; do sleep 1000; done")
        .await;
    server.attach(id, "").await.until_output("ready").await;
    server.delete(id).await;
    assert_eq!(server.info(id).await.exit, Some(ExitStatus::Signal(9)));
}

#[tokio::test]
async fn a_restart_is_a_new_session_with_the_same_command() {
    let server = Setup::new().start();
    let request = json!({
        "cmd": ["sh", "-c", "echo $A $(pwd); stty size"], "cwd": "/", "rows": 30, "cols": 90,
        "env": { "A": "from-the-request" }, "labels": { "story": "S-1" }, "group": "crew",
    });
    let first = server.create(request).await;
    let first = server.ended(first).await;
    let restart = format!("/api/v1/sessions/{}/restart", first.session_id);
    let answer = server.ask(Call::post(&restart)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let second = answer.json::<CreatedSession>().session;
    assert_eq!(second.restarted_from, Some(first.session_id));
    assert_ne!((second.session_id, second.run), (first.session_id, first.run));
    assert_eq!(
        (&second.cmd, &second.cwd, &second.labels),
        (&first.cmd, &first.cwd, &first.labels)
    );
    assert_eq!((second.group, second.rows, second.cols), (first.group, 30, 90));
    server.ended(second.session_id).await;
    for id in [first.session_id, second.session_id] {
        assert_eq!(server.output_text(id).await, "from-the-request /\r\n30 90\r\n");
    }
}

#[tokio::test]
async fn a_restart_repeats_a_command_without_arguments_too() {
    let server = Setup::new().start();
    for cmd in [json!(["true"]), json!(["/bin/sh"])] {
        let id = server.create(json!({ "cmd": cmd })).await;
        if cmd == json!(["/bin/sh"]) {
            server.delete(id).await;
        }
        let first = server.ended(id).await;
        let answer = server
            .ask(Call::post(&format!("/api/v1/sessions/{id}/restart")))
            .await;
        let second = answer.json::<CreatedSession>().session;
        assert_eq!((&second.cmd, &second.shell), (&first.cmd, &first.shell));
        if cmd == json!(["/bin/sh"]) {
            let mut viewer = server.attach(second.session_id, "").await;
            viewer.type_in("echo \"[$0]\"\r").await;
            viewer.until_output("[/bin/sh]\r\n").await;
        }
    }
}

#[tokio::test]
async fn a_running_session_is_not_restarted() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let answer = server
        .ask(Call::post(&format!("/api/v1/sessions/{id}/restart")))
        .await;
    assert_eq!(answer.problem(409).code, "session_running");
    assert_eq!(server.list().await.len(), 1);
}

#[tokio::test]
async fn events_tell_of_sessions_that_begin_end_and_go() {
    let server = Setup::new().start();
    let (address, token) = (server.address(), server.token());
    let events = tokio::spawn(async move {
        let events = Call::get("/api/v1/events").bearer(&token);
        events.stream_until(address, "event: session_removed").await
    });
    // The stream counts from its start: new sessions until one is told of.
    eventually("the stream to tell of a session", || async {
        let id = server.script("exit 0").await;
        server.ended(id).await;
        server.delete(id).await;
        events.is_finished().then_some(())
    })
    .await;
    let events = events.await.unwrap();
    assert!(
        events.contains("event: resync"),
        "who connects has to look once: {events}"
    );
    assert!(events.contains("\"state\":\"completed\""), "{events}");
}

#[tokio::test]
async fn output_is_served_from_any_offset_with_its_bounds() {
    let server = Setup::new().start();
    let id = server.script("printf 0123456789").await;
    server.ended(id).await;
    let answer = server.get(&format!("/api/v1/sessions/{id}/output?from=4")).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "456789"));
    assert_eq!(answer.header("sempre-from"), Some("4"));
    assert_eq!(answer.header("sempre-to"), Some("10"));
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(
        server.get(&format!("/api/v1/sessions/{id}/output")).await.text(),
        "0123456789"
    );
    assert_eq!(server.output(id, 10).await, b"");
    let beyond = server.get(&format!("/api/v1/sessions/{id}/output?from=11")).await;
    let problem = beyond.problem(416);
    assert_eq!(problem.code, "output_out_of_range");
    assert!(problem.detail.contains("11"), "{}", problem.detail);
}
