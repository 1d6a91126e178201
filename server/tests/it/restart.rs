//! Sessions over the end of their server: adopted if they live, completed with what is known if they do not.

use std::fs;
use std::os::unix::fs::FileTypeExt;

use rustix::process::Signal;
use sempre_protocol::api::SessionState;
use sempre_protocol::texts::ExitStatus;
use serde_json::json;

use crate::harness::{LOOK, Pidfd, Setup, eventually};

#[tokio::test]
async fn a_restarted_server_has_the_same_shells_with_the_same_output() {
    let mut server = Setup::new().start();
    let request = json!({ "shell": "bash", "labels": { "story": "S-9" }, "group": "crew", "user_id": "ada" });
    let id = server.create(request).await;
    let mut viewer = server.attach(id, "").await;
    viewer.run("variable=kept").await;
    let before = server.info(id).await;
    let output = server.output(id, 0).await;
    server.kill();
    server.start_again();
    let after = server.until(id, "the holder", |info| info.pid.is_some()).await;
    assert_eq!(
        (after.pid, after.run, after.state),
        (before.pid, before.run, before.state)
    );
    assert_eq!(
        (&after.labels, &after.group, &after.user_id),
        (&before.labels, &before.group, &before.user_id)
    );
    assert_eq!(
        (&after.started_at, &after.cmd, &after.shell),
        (&before.started_at, &before.cmd, &before.shell)
    );
    assert!(server.output(id, 0).await.starts_with(&output));
    let mut viewer = server.attach(id, &format!("from={}", output.len())).await;
    assert!(!viewer.hello.reset);
    viewer.type_in("echo \"[$variable]\"\r").await;
    viewer.until_output("[kept]\r\n").await;
}

#[tokio::test]
async fn output_goes_on_while_there_is_no_server() {
    let mut server = Setup::new().start();
    let done = server.home().join("done");
    let script = format!("read line; seq 1 400000; touch {}; cat", done.display());
    let id = server.script(&script).await;
    let mut viewer = server.attach(id, "").await;
    viewer.type_in("\n").await;
    viewer.until_offset(10_000).await;
    let seen = viewer.end();
    server.kill();
    eventually("the end of the output", || async { done.exists().then_some(()) }).await;
    server.start_again();
    let mut viewer = server.attach(id, &format!("from={seen}")).await;
    viewer.until_output("\n400000\r\n").await;
    let all = server.output(id, 0).await;
    let numbers: String = (1..=400_000).map(|n| format!("{n}\r\n")).collect();
    assert!(
        all == [b"\r\n", numbers.as_bytes()].concat(),
        "the journal is exact"
    );
    assert!(all[usize::try_from(seen).unwrap()..] == viewer.output);
}

#[tokio::test]
async fn a_session_that_ended_without_a_server_has_its_code_and_its_time() {
    let mut server = Setup::new().start();
    let go = server.home().join("go");
    let wait = format!("while [ ! -e {} ]; do sleep 0.01; done", go.display());
    let by_code = server.script(&format!("{wait}; echo done; exit 6")).await;
    let by_signal = server.script(&format!("{wait}; echo done; kill -TERM $$")).await;
    let holders = [by_code, by_signal].map(|id| Pidfd::open(server.holder(id)).unwrap());
    server.kill();
    fs::write(&go, "").unwrap();
    assert!(
        holders
            .iter()
            .all(|holder| holder.ended_within(crate::harness::LONG))
    );
    server.start_again();
    for (id, status) in [
        (by_code, ExitStatus::Code(6)),
        (by_signal, ExitStatus::Signal(15)),
    ] {
        let info = server.info(id).await;
        assert_eq!((info.state, info.exit), (SessionState::Completed, Some(status)));
        assert_eq!((info.end_reason.as_deref(), info.pid), (Some("exited"), None));
        assert!(info.ended_at.unwrap() >= info.started_at);
        assert_eq!(server.output_text(id).await, "done\r\n");
        assert_eq!(
            server.attach(id, "").await.until_exit().await.status,
            Some(status)
        );
    }
}

#[tokio::test]
async fn a_session_whose_socket_was_removed_is_found_again() {
    let mut server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let pid = server.info(id).await.pid;
    let socket = server.session_dir(id).join("sock");
    server.kill();
    fs::remove_file(&socket).unwrap();
    server.start_again();
    let info = server.until(id, "the holder", |info| info.pid.is_some()).await;
    assert_eq!((info.pid, info.problem), (pid, None));
    server.attach(id, "").await.run("true").await;
    assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
}

#[tokio::test]
async fn a_holder_that_does_not_answer_is_a_problem_and_no_orphan() {
    let mut server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let holder = Pidfd::open(server.holder(id)).unwrap();
    server.kill();
    holder.signal(Signal::STOP);
    server.start_again();
    let info = server
        .until(id, "the problem", |info| info.problem.is_some())
        .await;
    assert_eq!(info.state, SessionState::Active);
    let health = server.get("/api/v1/health").await.value();
    assert_eq!(health["status"], "degraded");
    assert!(health.to_string().contains(&id.to_string()), "{health}");
    let refused = server.try_attach(id, "").await.unwrap_err();
    assert!(refused.starts_with("504"), "{refused}");
    holder.signal(Signal::CONT);
    server
        .until(id, "the holder", |info| {
            info.problem.is_none() && info.pid.is_some()
        })
        .await;
    server.attach(id, "").await.run("true").await;
}

/// Both stand still while the other works, so that the hello and what follows it arrive in one piece.
#[tokio::test]
async fn output_that_comes_together_with_the_holders_hello_is_seen() {
    let mut server = Setup::new().start();
    let script = "while [ ! -e \"$HOME/go\" ]; do sleep 0.05; done; echo late; cat";
    let id = server.script(script).await;
    let holder = Pidfd::open(server.holder(id)).unwrap();
    server.kill();
    holder.signal(Signal::STOP);
    server.start_again();
    let connecting = || {
        let files = fs::read_dir(format!("/proc/{}/fd", server.pid()))
            .unwrap()
            .flatten();
        let mut links = files.filter_map(|file| fs::read_link(file.path()).ok());
        links.any(|link| link == server.session_dir(id))
    };
    // Looking into the directory takes an instant, waiting for a hello lasts.
    let mut seen = 0;
    while seen < 5 {
        eventually("the server to call the holder", || async {
            connecting().then_some(())
        })
        .await;
        tokio::time::sleep(LOOK).await;
        seen = if connecting() { seen + 1 } else { 0 };
    }
    server.signal(Signal::STOP);
    holder.signal(Signal::CONT);
    fs::write(server.home().join("go"), "").unwrap();
    let journal = sempre_journal::Reader::open(server.session_dir(id)).unwrap();
    let written = || journal.bounds().is_ok_and(|bounds| bounds.end_offset == 6);
    eventually("the output in the journal", || async { written().then_some(()) }).await;
    server.signal(Signal::CONT);
    server.until(id, "the output", |info| info.offset.0 == 6).await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_read_is_told_and_left_alone() {
    let mut server = Setup::new().start();
    let id = server.script("exit 0").await;
    server.ended(id).await;
    server.kill();
    let manifest = server.session_dir(id).join("session.json");
    fs::write(&manifest, "{").unwrap();
    server.start_again();
    assert!(server.list().await.is_empty());
    let health = server.get("/api/v1/health").await.value();
    assert!(
        health["status"] == "degraded" && health.to_string().contains(&id.to_string()),
        "{health}"
    );
    assert!(manifest.exists());
}

#[tokio::test]
async fn an_ended_session_stays_with_its_output_over_many_restarts() {
    let mut server = Setup::new().start();
    let id = server.script("echo kept; exit 2").await;
    let before = server.ended(id).await;
    for _ in 0..3 {
        server.kill();
        server.start_again();
        let after = server.info(id).await;
        assert_eq!(
            (after.exit, after.offset, &after.ended_at),
            (before.exit, before.offset, &before.ended_at)
        );
        assert_eq!(server.output_text(id).await, "kept\r\n");
    }
}
