//! One holder lost is one session lost, and no more.

use rustix::process::Signal;
use sempre_protocol::api::SessionState;
use serde_json::json;

use crate::harness::{Pidfd, Setup, children, eventually};

#[tokio::test]
async fn a_killed_holder_ends_its_session_as_orphaned_with_its_output_and_no_other() {
    let mut server = Setup::new().start();
    let lost = server.create(json!({ "shell": "sh" })).await;
    let kept = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach(lost, "").await;
    let mut other = server.attach(kept, "").await;
    viewer.run("echo precious").await;
    let shell = Pidfd::open(server.info(lost).await.pid.unwrap()).unwrap();
    let holder = Pidfd::open(server.holder(lost)).unwrap();
    holder.signal(Signal::KILL);
    viewer.until_closed().await;
    let info = server.ended(lost).await;
    assert_eq!(
        (info.end_reason.as_deref(), info.exit, info.pid),
        (Some("orphaned"), None, None)
    );
    assert!(
        shell.ended_within(crate::harness::LONG),
        "the shell went with its terminal"
    );
    assert!(server.output_text(lost).await.contains("precious"));
    let mut again = server.attach(lost, "").await;
    assert_eq!(again.until_exit().await.reason, "orphaned");

    other.run("true").await;
    assert_eq!(server.info(kept).await.state, SessionState::Active);
    eventually("the holder to be reaped", || async {
        (children(server.pid()) == [server.holder(kept)]).then_some(())
    })
    .await;

    server.kill();
    server.start_again();
    let after = server.info(lost).await;
    assert_eq!(
        (after.state, after.end_reason.as_deref()),
        (SessionState::Completed, Some("orphaned"))
    );
    assert_eq!(after.offset, info.offset);
}

#[tokio::test]
async fn a_holder_killed_while_there_is_no_server_leaves_an_orphan_that_can_be_restarted() {
    let mut server = Setup::new().start();
    let id = server
        .create(json!({ "shell": "sh", "labels": { "story": "S-3" } }))
        .await;
    server.attach(id, "").await.run("echo precious").await;
    let holder = Pidfd::open(server.holder(id)).unwrap();
    server.kill();
    holder.signal(Signal::KILL);
    assert!(holder.ended_within(crate::harness::LONG));
    server.start_again();
    let info = server.info(id).await;
    assert_eq!(
        (info.state, info.end_reason.as_deref()),
        (SessionState::Completed, Some("orphaned"))
    );
    assert!(info.ended_at.unwrap() >= info.started_at);
    assert!(server.output_text(id).await.contains("precious"));
    let restart = crate::harness::Call::post(&format!("/api/v1/sessions/{id}/restart"));
    let created = server.ask(restart).await.value();
    assert_eq!(created["restarted_from"], id.to_string());
    assert_eq!(created["labels"]["story"], "S-3");
}

#[tokio::test]
async fn a_session_stopped_by_the_machine_is_completed_with_its_reason() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    Pidfd::open(server.holder(id)).unwrap().signal(Signal::TERM);
    assert_eq!(server.ended(id).await.end_reason.as_deref(), Some("shutdown"));
}
