//! A full disk: the terminal stays usable, and everyone is told what is wrong and how it ended.
//!
//! The disk is full for a holder whose files may not grow; the limit is set on the running process.

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use sempre_protocol::SessionId;
use sempre_protocol::texts::{ErrorCode, ExitStatus};
use serde_json::json;

use crate::harness::{LONG, Pidfd, Server, Setup, Viewer, eventually};

/// Lets the files of a session's holder grow to this many bytes; none: as large as they like.
fn limit_files(server: &Server, id: SessionId, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(server.holder(id)).unwrap());
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(pid, Resource::Fsize, limit).unwrap();
}

#[tokio::test]
async fn a_terminal_stays_usable_on_a_full_disk_and_says_what_is_wrong() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach(id, "").await;
    viewer.run("true").await;
    limit_files(&server, id, Some(0));
    viewer.run("echo into memory").await;
    let info = server
        .until(id, "the problem", |info| info.problem.is_some())
        .await;
    assert!(
        info.problem.as_ref().unwrap().contains("disk"),
        "{:?}",
        info.problem
    );
    let health = server.get("/api/v1/health").await.value();
    assert!(
        health["status"] == "degraded" && health.to_string().contains(&id.to_string()),
        "{health}"
    );
    viewer.run("seq 1 1000").await;

    limit_files(&server, id, None);
    server
        .until(id, "the end of the problem", |info| info.problem.is_none())
        .await;
    viewer.run("echo on disk again").await;
    viewer.type_in("exit 3\r").await;
    assert_eq!(viewer.until_exit().await.status, Some(ExitStatus::Code(3)));
    assert_eq!(
        server.output(id, 0).await,
        viewer.output,
        "nothing was lost: it all fitted into memory"
    );
}

/// What the health check of holders says, if something is wrong.
async fn troubled(server: &Server) -> Option<String> {
    let health = server.get("/api/v1/health").await.value();
    let checks = health["checks"].as_array().unwrap();
    let holders = checks.iter().find(|check| check["name"] == "holders").unwrap();
    (holders["status"] != "ok").then(|| holders["message"].as_str().unwrap().to_owned())
}

/// Follows a flood that the memory of a full disk cannot hold until the screen shows `mark`. Who cannot follow is told
/// that output is missing, and attaches again.
async fn through(server: &Server, id: SessionId, mut viewer: Viewer, mark: &str) -> Viewer {
    for _ in 0..1000 {
        viewer
            .until("the end of the flood or of the connection", |viewer| {
                viewer.closed.is_some() || viewer.screen_text().contains(mark)
            })
            .await;
        if viewer.closed.is_none() {
            return viewer;
        }
        assert_eq!(
            viewer.last_error(),
            Some(ErrorCode::OutputTrimmed),
            "{}",
            viewer.tail()
        );
        viewer = server.attach_screen(id, "").await;
    }
    panic!("it never catches up");
}

#[tokio::test]
async fn rm_typed_in_the_very_session_frees_a_disk_that_is_really_full() {
    let server = Setup::new().on_a_small_disk(12).start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let neighbour = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach_screen(id, "").await;
    let mut other = server.attach(neighbour, "").await;
    let big = server.dir().data().join("sessions/big");
    viewer
        .type_in(&format!(
            "head -c 100m /dev/zero > '{}'; echo fu''ll\r",
            big.display()
        ))
        .await;
    viewer.until_output("full\r\n").await;
    // More than is kept in memory, so that some of it is lost.
    viewer
        .type_in("i=0; while [ $i -lt 30 ]; do seq 1 10000; i=$((i+1)); done; echo floo''ded\r")
        .await;
    let mut viewer = through(&server, id, viewer, "flooded").await;
    other.run("echo usable").await;
    let said = eventually("the problem", || troubled(&server)).await;
    assert!(
        said.contains(&id.to_string()) && said.contains("No space left"),
        "{said}"
    );

    viewer
        .type_in(&format!("rm '{}'; echo fre''ed\r", big.display()))
        .await;
    viewer.until_output("freed\r\n").await;
    for session in [id, neighbour] {
        server
            .until(session, "the end of the problem", |info| info.problem.is_none())
            .await;
    }
    assert_eq!(troubled(&server).await, None);
    viewer.run("echo on disk again").await;
    other.run("echo on disk again").await;
    // The gap is marked: who wants every byte is told that some are missing, and the rest is there.
    let mut late = server.attach(id, "lag=wait").await;
    late.until_closed().await;
    assert_eq!(
        late.last_error(),
        Some(ErrorCode::OutputTrimmed),
        "{}",
        late.tail()
    );
    let mut whole = server.attach(neighbour, "lag=wait").await;
    whole.until_output("on disk again\r\n").await;
}

#[tokio::test]
async fn a_flood_on_a_full_disk_leaves_a_usable_terminal() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach(id, "").await;
    viewer.run("true").await;
    limit_files(&server, id, Some(0));
    viewer
        .type_in("stty -echo; seq 1 2000000; stty echo; echo floo''ded\r")
        .await;
    let mut viewer = through(&server, id, viewer, "flooded").await;
    viewer.run("true").await;
    limit_files(&server, id, None);
    server
        .until(id, "the end of the problem", |info| info.problem.is_none())
        .await;
    viewer.run("true").await;
    let mut later = server.attach_screen(id, "").await;
    later.run("true").await;
}

#[tokio::test]
async fn a_session_that_ends_on_a_full_disk_is_told_as_ended() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach(id, "").await;
    viewer.run("true").await;
    limit_files(&server, id, Some(0));
    viewer.run("echo into memory").await;
    viewer.may_miss_the_end = true;
    viewer.type_in("exit 3\r").await;
    let ended = server.ended(id).await;
    assert_eq!(ended.exit, Some(ExitStatus::Code(3)));
    viewer
        .until("the exit", |viewer| {
            viewer.exit.is_some() || viewer.closed.is_some()
        })
        .await;
    assert_eq!(viewer.exit.unwrap().status, Some(ExitStatus::Code(3)));
    let mut later = server.attach(id, "").await;
    later.may_miss_the_end = true;
    assert_eq!(later.until_exit().await.status, Some(ExitStatus::Code(3)));
}

/// With no exit record on the disk, what the holder says last is all there is: a server that has something to say
/// to it meanwhile must hear it all the same.
#[tokio::test]
async fn the_last_words_of_holders_are_heard_though_the_server_had_something_to_say() {
    let server = Setup::new().start();
    let mut sessions = Vec::new();
    for _ in 0..8 {
        let id = server.create(json!({ "shell": "sh" })).await;
        let mut viewer = server.attach(id, "").await;
        viewer.run("true").await;
        limit_files(&server, id, Some(0));
        viewer
            .type_in("while [ ! -e \"$HOME/go\" ]; do sleep 0.05; done; exit 3\r")
            .await;
        viewer.until_acked().await;
        viewer.ping().await;
        let holder = Pidfd::open(server.holder(id)).unwrap();
        sessions.push((id, viewer, holder));
    }
    server.signal(Signal::STOP);
    for (_, viewer, _) in &mut sessions {
        viewer.type_in("too late\r").await;
    }
    std::fs::write(server.home().join("go"), "").unwrap();
    assert!(sessions.iter().all(|(.., holder)| holder.ended_within(LONG)));
    server.signal(Signal::CONT);
    for (id, ..) in sessions {
        assert_eq!(server.ended(id).await.exit, Some(ExitStatus::Code(3)));
    }
}
