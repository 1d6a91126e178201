//! Nothing piles up: files, processes, memory return to where they were.

use std::fs;

use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::harness::{Call, Pidfd, Setup, children, eventually, fd_count};

/// Waits until a process has no more files open than `count`.
async fn until_open(pid: u32, count: usize) {
    eventually("no more files than before", || async {
        (fd_count(pid) <= count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn viewers_and_sessions_that_came_and_went_leave_no_file_open() {
    let server = Setup::new().start();
    let id = server.script("echo some output; cat").await;
    server.attach(id, "").await.close().await;
    server.until(id, "no viewer", |info| info.viewers == 0).await;
    let open = fd_count(server.pid());
    for round in 0..50 {
        let viewer = server.attach(id, ["", "from=0", "acks=1"][round % 3]).await;
        // In order, and without a word.
        if round % 2 == 0 {
            viewer.close().await;
        } else {
            drop(viewer);
        }
    }
    until_open(server.pid(), open).await;
    stream::iter(0..20)
        .for_each_concurrent(4, |_| async {
            let id = server.create(json!({ "shell": "sh" })).await;
            server.attach(id, "").await.run("true").await;
            server.delete(id).await;
            server.get(&format!("/api/v1/sessions/{id}/output")).await;
            server.delete(id).await;
        })
        .await;
    until_open(server.pid(), open).await;
    let holders = || children(server.pid());
    eventually("no zombie", || async {
        (holders() == [server.holder(id)]).then_some(())
    })
    .await;
    let sessions = fs::read_dir(server.dir().data().join("sessions")).unwrap();
    assert_eq!(sessions.count(), 1);
}

#[tokio::test]
async fn event_streams_that_are_left_leave_no_file_open() {
    let server = Setup::new().start();
    server.list().await;
    let open = fd_count(server.pid());
    for _ in 0..20 {
        let events = Call::get("/api/v1/events").bearer(&server.token());
        events.stream_until(server.address(), "resync").await;
        // Something to tell them, so that the server notices.
        let id = server.script("exit 0").await;
        server.ended(id).await;
        server.delete(id).await;
    }
    until_open(server.pid(), open).await;
}

#[tokio::test]
async fn an_ended_session_leaves_no_process_and_no_socket() {
    let server = Setup::new().start();
    for request in [json!({ "shell": "bash" }), json!({ "cmd": ["sleep", "600"] })] {
        let id = server.create(request).await;
        let processes = [server.holder(id), server.info(id).await.pid.unwrap()].map(Pidfd::open);
        server.delete(id).await;
        let gone = |pidfd: &Option<Pidfd>| pidfd.as_ref().unwrap().ended_within(crate::harness::LONG);
        assert!(processes.iter().all(gone));
        assert!(!server.session_dir(id).join("sock").exists());
    }
}

#[tokio::test]
async fn the_guard_of_a_test_leaves_nothing() {
    let server = Setup::new().start();
    let root = server.dir().root().to_path_buf();
    let mut processes = Vec::new();
    for request in [
        json!({ "shell": "bash" }),
        json!({ "cmd": ["sleep", "600"] }),
        json!({ "cmd": ["cat"] }),
    ] {
        let id = server.create(request).await;
        processes.push(Pidfd::open(server.holder(id)).unwrap());
        processes.push(Pidfd::open(server.info(id).await.pid.unwrap()).unwrap());
    }
    processes.push(Pidfd::open(server.pid()).unwrap());
    drop(server);
    assert!(
        processes
            .iter()
            .all(|process| process.ended_within(std::time::Duration::ZERO))
    );
    assert!(!root.exists());
}
