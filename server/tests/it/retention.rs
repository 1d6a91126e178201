//! What becomes of ended sessions: compressed, archived, forgotten; and what their journals still answer meanwhile.

use std::fs;
use std::path::Path;

use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};
use serde_json::json;

use crate::harness::{Call, Server, Setup, eventually};

fn quick() -> Setup {
    Setup::new().arg("--check-interval=50ms")
}

fn names(dir: &Path, suffix: &str) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(suffix)).collect()
}

async fn archived(server: &Server) -> Vec<SessionInfo> {
    let answer = server.get("/api/v1/sessions?state=archived").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn until_archived(server: &Server, id: SessionId) -> SessionInfo {
    let is = |info: &SessionInfo| info.state == SessionState::Archived;
    server.until(id, "the session to be archived", is).await
}

#[tokio::test]
async fn an_ended_sessions_journal_is_compressed_and_reads_the_same() {
    let mut server = quick().arg("--compress-after=1ms").start();
    let id = server.script("seq 1 300000; exit 4").await;
    let ended = server.ended(id).await;
    let dir = server.session_dir(id);
    eventually("the compressed journal", || async {
        (names(&dir, ".out").is_empty() && !names(&dir, ".out.zst").is_empty()).then_some(())
    })
    .await;
    let numbers: String = (1..=300_000).map(|n| format!("{n}\r\n")).collect();
    assert!(server.output(id, 0).await == numbers.as_bytes());
    assert!(server.output(id, 1_000_000).await == numbers.as_bytes()[1_000_000..]);
    let stored: u64 = names(&dir, ".out.zst")
        .iter()
        .map(|name| fs::metadata(dir.join(name)).unwrap().len())
        .sum();
    assert!(stored * 2 < numbers.len() as u64, "{stored}");
    let mut viewer = server.attach(id, "from=0").await;
    assert_eq!(viewer.until_exit().await.status, ended.exit);
    assert!(viewer.output == numbers.as_bytes());
    server.stop();
    server.start_again();
    let again = server.info(id).await;
    assert_eq!(
        (again.state, again.exit, again.offset, again.base_offset),
        (ended.state, ended.exit, ended.offset, ended.base_offset)
    );
    let restart = Call::post(&format!("/api/v1/sessions/{id}/restart"));
    assert_eq!(server.ask(restart).await.status, 201);
}

#[tokio::test]
async fn a_running_session_is_never_compressed() {
    let server = quick().arg("--compress-after=1ms").start();
    let running = server.script("seq 1 100000; exec cat").await;
    let ended = server.script("seq 1 100000").await;
    eventually("the compressed journal", || async {
        (!names(&server.session_dir(ended), ".out.zst").is_empty()).then_some(())
    })
    .await;
    assert_eq!(names(&server.session_dir(running), ".zst").len(), 0);
}

#[tokio::test]
async fn an_ended_session_is_archived_with_summary_and_last_screen_then_forgotten() {
    let mut server = quick().arg("--retention=1s").start();
    let request = json!({ "cmd": ["sh", "-c", "read x; printf 'one\\n\\033[31mtwo\\033[0m\\n'; exit 5"],
        "labels": { "story": "S-8" }, "group": "crew" });
    let id = server.create(request).await;
    let kept = server.create(json!({ "cmd": ["cat"] })).await;
    let mut viewer = server.attach(id, "from=0&acks=1").await;
    viewer.type_in("\r").await;
    // As long as someone is attached it stays.
    let ended = server.ended(id).await;
    drop(viewer);
    assert_eq!(ended.expires_by.as_deref(), Some("retention"));
    assert!(ended.expires_at.clone().unwrap() > ended.ended_at.clone().unwrap());
    let info = until_archived(&server, id).await;
    assert_eq!(
        (&info.exit, &info.end_reason, &info.ended_at, &info.started_at),
        (&ended.exit, &ended.end_reason, &ended.ended_at, &ended.started_at)
    );
    assert_eq!(
        (&info.cmd, &info.labels, &info.group, info.offset),
        (&ended.cmd, &ended.labels, &ended.group, ended.offset)
    );
    let summary = info.summary.clone().unwrap();
    assert!(summary.contains("exited with code 5"), "{summary}");
    eventually("the directory to be gone", || async {
        (!server.session_dir(id).exists()).then_some(())
    })
    .await;
    assert!(server.list().await.iter().all(|info| info.session_id == kept));
    assert_eq!(archived(&server).await, std::slice::from_ref(&info));
    let restart = Call::post(&format!("/api/v1/sessions/{id}/restart"));
    assert_eq!(server.ask(restart).await.problem(409).code, "session_archived");
    assert_eq!(
        server.get(&format!("/api/v1/sessions/{id}/output")).await.status,
        404
    );

    server.stop();
    let server = server.again_with(quick().arg("--retention=never"));
    assert_eq!(archived(&server).await, [info], "a row without a directory stays");
    server.delete(id).await;
    assert_eq!(archived(&server).await, []);
    assert_eq!(server.get(&format!("/api/v1/sessions/{id}")).await.status, 404);
}

#[tokio::test]
async fn an_archived_session_tells_what_it_was_held_to_and_that_its_input_was_recorded() {
    let server = quick().args(["--retention=1ms", "--session-cgroup=off"]).start();
    let request = json!({ "cmd": ["true"], "record_input": true, "limits": { "cpu_time_max_s": 90 } });
    let id = server.create(request).await;
    let info = until_archived(&server, id).await;
    let limit = info.limits.cpu_time_max_s.map(|limit| limit.value);
    assert_eq!((limit, info.records_input), (Some(90), true));
    assert_eq!(archived(&server).await, [info]);
}

#[tokio::test]
async fn an_archived_session_is_forgotten_in_the_end() {
    let server = quick()
        .arg("--retention=10ms")
        .arg("--archive-retention=20ms")
        .start();
    let id = server.script("true").await;
    eventually("it to be forgotten", || async {
        (server.get(&format!("/api/v1/sessions/{id}")).await.status == 404).then_some(())
    })
    .await;
    assert_eq!(archived(&server).await, []);
}

#[tokio::test]
async fn a_session_someone_reads_is_not_archived_under_them() {
    let server = quick().arg("--retention=10ms").start();
    let id = server.script("read x; seq 1 200000").await;
    let mut reader = server.attach(id, "from=0&acks=1").await;
    reader.type_in("\r").await;
    server.ended(id).await;
    let other = server.script("true").await;
    until_archived(&server, other).await;
    assert_eq!(server.info(id).await.state, SessionState::Completed);
    drop(reader);
    until_archived(&server, id).await;
}
