//! Sessions end by themselves when their time is over, when they are idle, and never when someone uses them.

use rustix::process::Signal;
use sempre_protocol::api::SessionState;
use serde_json::json;

use crate::harness::{Call, Pidfd, Server, Setup, eventually};

/// A server that looks often at what is due.
fn quick() -> Setup {
    Setup::new().arg("--check-interval").arg("100ms")
}

/// Waits until the server has looked at what is due `count` times after now: until sessions that were created one
/// after the other, each with a second to live, have gone.
async fn checks_pass(server: &Server, count: usize) {
    for _ in 0..count {
        let id = server.create(json!({ "cmd": ["cat"], "ttl": 1 })).await;
        server.ended(id).await;
    }
}

#[tokio::test]
async fn t7_a_session_ends_when_nothing_happened_for_its_time_to_live() {
    let server = quick().start();
    let immortal = server.create(json!({ "shell": "sh", "ttl": 0 })).await;
    let long_lived = server.create(json!({ "shell": "sh", "ttl": 3600 })).await;
    let mortal = server.create(json!({ "shell": "sh", "ttl": 1 })).await;
    let info = server.info(long_lived).await;
    assert_eq!((info.ttl, info.expires_by.as_deref()), (Some(3600), Some("ttl")));
    assert!(info.expires_at.unwrap() > info.started_at);
    let ended = server.ended(mortal).await;
    assert_eq!(ended.end_reason.as_deref(), Some("ttl"));
    assert!(ended.exit.is_some(), "how it ended is known: {ended:?}");
    assert_eq!(server.info(long_lived).await.state, SessionState::Active);
    let kept = server.info(immortal).await;
    assert_eq!(
        (kept.state, kept.ttl, kept.expires_at),
        (SessionState::Active, None, None)
    );
}

#[tokio::test]
async fn t7_the_default_time_to_live_comes_from_the_environment_or_dot_env() {
    let from_environment = quick().env("SESSION_TTL_SECONDS", "1").start();
    let id = from_environment.create(json!({ "cmd": ["cat"] })).await;
    assert_eq!(
        from_environment.ended(id).await.end_reason.as_deref(),
        Some("ttl")
    );

    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    std::fs::write(temp.path().join(".env"), "SESSION_TTL_SECONDS=86400\n").unwrap();
    let from_file = Setup::new()
        .after(&format!("cd {}", temp.path().display()))
        .start();
    let id = from_file.create(json!({ "cmd": ["cat"] })).await;
    assert_eq!(from_file.info(id).await.ttl, Some(86_400));

    let usual = Setup::new().start();
    let id = usual.create(json!({ "cmd": ["cat"] })).await;
    assert_eq!(usual.info(id).await.ttl, Some(3600));
}

#[tokio::test]
async fn activity_of_each_kind_keeps_a_session_alive() {
    let server = quick().start();
    let ttl = |cmd: &str| json!({ "cmd": ["sh", "-c", cmd], "ttl": 3 });
    let talks = server.create(ttl("while :; do echo on; sleep 0.2; done")).await;
    let watched = server.create(ttl("exec cat")).await;
    let resized = server.create(ttl("exec cat")).await;
    let silent = server.create(ttl("exec cat")).await;
    let viewer = server.attach(watched, "").await;
    assert_eq!(
        server.info(watched).await.expires_at,
        None,
        "not while someone is there"
    );
    eventually("the end of the silent one", || async {
        let call = Call::new("PUT", &format!("/api/v1/sessions/{resized}/resize"));
        let answer = server.ask(call.json(&json!({ "rows": 30, "cols": 90 }))).await;
        assert_eq!(
            answer.status,
            200,
            "T4: a resize extends its life: {}",
            answer.text()
        );
        (server.info(silent).await.state == SessionState::Completed).then_some(())
    })
    .await;
    for id in [talks, watched, resized] {
        assert_eq!(server.info(id).await.state, SessionState::Active);
    }
    viewer.close().await;
    assert_eq!(server.ended(watched).await.end_reason.as_deref(), Some("ttl"));
    assert_eq!(server.ended(resized).await.end_reason.as_deref(), Some("ttl"));
    assert_eq!(server.info(talks).await.state, SessionState::Active);
}

#[tokio::test]
async fn l2_an_idle_shell_ends_and_one_with_work_does_not() {
    let server = quick().start();
    let idle = |shell: &str| json!({ "shell": shell, "ttl": 0, "idle": 2 });
    let waiting = server.create(idle("bash")).await;
    let info = server.info(waiting).await;
    assert_eq!((info.idle, info.expires_by.as_deref()), (Some(2), Some("idle")));
    let with_job = server.create(idle("sh")).await;
    let in_front = server.create(idle("bash")).await;
    let no_shell = server
        .create(json!({ "cmd": ["cat"], "ttl": 0, "idle": 2 }))
        .await;
    let watched = server.create(idle("bash")).await;
    let viewer = server.attach(watched, "").await;
    for (id, command) in [(with_job, "sleep 600 &\r"), (in_front, "sleep 600\r")] {
        let mut typist = server.attach(id, "").await;
        typist.type_in(command).await;
        typist.until_output("sleep 600").await;
        let pid = server.info(id).await.pid.unwrap();
        eventually("the job", || async {
            (!crate::harness::children(pid).is_empty()).then_some(())
        })
        .await;
        typist.close().await;
    }
    assert_eq!(server.ended(waiting).await.end_reason.as_deref(), Some("idle"));
    checks_pass(&server, 2).await;
    for id in [with_job, in_front, no_shell, watched] {
        assert_eq!(server.info(id).await.state, SessionState::Active);
    }
    viewer.close().await;
    assert_eq!(server.ended(watched).await.end_reason.as_deref(), Some("idle"));
    // A shell of this kind does not take its jobs along.
    let pid = server.info(with_job).await.pid.unwrap();
    let mut typist = server.attach(with_job, "").await;
    typist.type_in("kill $!; wait\r").await;
    eventually("the job to be gone", || async {
        crate::harness::children(pid).is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_program_that_ignores_the_hangup_is_killed() {
    let server = quick().start();
    let script = "trap '' HUP TERM; echo deaf; while :; do read -r line; done";
    let id = server
        .create(json!({ "cmd": ["sh", "-c", script], "ttl": 1 }))
        .await;
    let ended = server.ended(id).await;
    assert_eq!(ended.end_reason.as_deref(), Some("ttl"));
    assert_eq!(ended.exit, Some(sempre_protocol::texts::ExitStatus::Signal(9)));
}

#[tokio::test]
async fn the_time_to_live_goes_on_over_a_restart_of_the_server() {
    let mut server = quick().start();
    let long = server.create(json!({ "cmd": ["cat"], "ttl": 3600 })).await;
    let short = server.create(json!({ "cmd": ["cat"], "ttl": 2 })).await;
    let before = server.info(long).await;
    server.kill();
    server.start_again();
    let after = server.until(long, "the holder", |info| info.pid.is_some()).await;
    assert_eq!(after.ttl, Some(3600));
    assert!(
        after.last_activity <= before.last_activity + 1,
        "being adopted is no activity: {after:?}"
    );
    assert_eq!(server.ended(short).await.end_reason.as_deref(), Some("ttl"));
}

#[tokio::test]
async fn a_holder_that_does_not_answer_is_never_reaped() {
    let server = quick().start();
    let id = server.create(json!({ "cmd": ["cat"], "ttl": 1 })).await;
    let holder = Pidfd::open(server.holder(id)).unwrap();
    holder.signal(Signal::STOP);
    checks_pass(&server, 1).await;
    assert_eq!(server.info(id).await.state, SessionState::Active);
    holder.signal(Signal::CONT);
    assert_eq!(server.ended(id).await.end_reason.as_deref(), Some("ttl"));
}

#[tokio::test]
async fn a_restart_has_the_limits_of_the_session_it_repeats() {
    let server = Setup::new().start();
    let id = server
        .create(json!({ "cmd": ["true"], "ttl": 7, "idle": 9, "env": { "A": "b" } }))
        .await;
    server.ended(id).await;
    let restart = Call::post(&format!("/api/v1/sessions/{id}/restart"));
    let again = server.ask(restart).await.value();
    assert_eq!((&again["ttl"], &again["idle"]), (&json!(7), &json!(9)));
    assert_eq!(again["restarted_from"], id.to_string());
}
