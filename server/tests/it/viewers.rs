//! Who is attached, what they may do, and how they are shown out.

use sempre_protocol::texts::{ClientText, ErrorCode, Role, ServerText, Signal};
use sempre_protocol::viewers::{PeerKind, ViewerInfo};
use sempre_protocol::{Offset, SessionId};
use serde_json::json;

use crate::harness::{Call, Server, Setup, Viewer, random_id};

async fn who(server: &Server, id: SessionId) -> Vec<ViewerInfo> {
    server.get(&format!("/api/v1/sessions/{id}/viewers")).await.json()
}

/// Whom the viewer was told of last.
fn told(viewer: &Viewer) -> Vec<ViewerInfo> {
    let who = |text: &ServerText| match text {
        ServerText::Viewers { who, .. } => Some(who.clone()),
        _ => None,
    };
    viewer.texts.iter().rev().find_map(who).unwrap_or_default()
}

#[tokio::test]
async fn a_viewer_only_looks() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut writer = server.attach(id, "").await;
    writer.run("true").await;
    let size = (server.info(id).await.cols, server.info(id).await.rows);
    for act in 0..3 {
        let mut viewer = server.attach(id, "role=viewer").await;
        assert_eq!(viewer.hello.role, Role::Viewer);
        match act {
            0 => viewer.type_in("echo intr''uder\r").await,
            1 => viewer.say(&ClientText::Resize { cols: 33, rows: 11 }).await,
            _ => viewer.say(&ClientText::Signal { signal: Signal::Kill }).await,
        }
        assert_eq!(viewer.until_error().await.0, ErrorCode::Forbidden);
        viewer.ping().await;
        assert!(viewer.closed.is_none(), "it may go on looking");
    }
    writer.run("echo still here").await;
    assert!(!server.output_text(id).await.contains("intruder"));
    let info = server.info(id).await;
    assert_eq!((info.cols, info.rows), size);
    let refused = server.try_attach(id, "role=admin").await.unwrap_err();
    assert!(refused.starts_with("400"), "{refused}");
}

#[tokio::test]
async fn everyone_is_told_who_is_there_and_who_types() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut first = server.attach(id, "name=Ada%20L").await;
    let mut second = server.attach(id, "role=viewer").await;
    let (one, two) = (first.hello.viewer, second.hello.viewer);
    assert!(one < two);
    second.until("both", |viewer| told(viewer).len() == 2).await;
    let seen = told(&second);
    assert_eq!((seen[0].viewer, seen[1].viewer), (one, two));
    assert_eq!((seen[0].role, seen[1].role), (Role::Writer, Role::Viewer));
    assert_eq!(
        (seen[0].name.as_deref(), seen[1].name.as_deref()),
        (Some("Ada L"), None)
    );
    assert_eq!(seen[0].peer, PeerKind::Loopback);
    assert_eq!(who(&server, id).await, seen);
    first.run("true").await;
    second.until("typing", |viewer| told(viewer)[0].typing).await;
    second
        .until("the end of typing", |viewer| !told(viewer)[0].typing)
        .await;
    assert!(told(&second).iter().all(|viewer| !viewer.typing));
    first.close().await;
    second.until("one to go", |viewer| told(viewer).len() == 1).await;
}

#[tokio::test]
async fn a_name_that_could_harm_is_refused() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    for name in ["", "%1b[31m", "a%0ab", &"x".repeat(65)] {
        let refused = server.try_attach(id, &format!("name={name}")).await.unwrap_err();
        assert!(refused.starts_with("400"), "{name:?}: {refused}");
    }
}

#[tokio::test]
async fn who_is_disconnected_stays_so_and_the_session_goes_on() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let writer = random_id();
    let mut out = server.attach(id, &format!("writer={writer}")).await;
    let mut stays = server.attach(id, "").await;
    let target = format!("/api/v1/sessions/{id}/viewers/{}", out.hello.viewer);
    assert_eq!(server.ask(Call::delete(&target)).await.status, 204);
    assert_eq!(out.until_error().await.0, ErrorCode::Disconnected);
    assert_eq!(out.until_closed().await, Some(4001));
    for query in [
        format!("writer={writer}"),
        format!("writer={writer}&role=viewer&from=0"),
    ] {
        let again = server.try_attach(id, &query).await.unwrap_err();
        assert!(again.contains("Disconnected"), "{again}");
    }
    stays.run("echo goes on").await;
    server.until(id, "one viewer", |info| info.viewers == 1).await;
    assert_eq!(
        server.ask(Call::delete(&target)).await.problem(404).code,
        "viewer_not_found"
    );
    // Another session is another matter.
    let other = server.script("cat").await;
    server.attach(other, &format!("writer={writer}")).await;
}

#[tokio::test]
async fn what_a_disconnected_viewer_types_goes_nowhere() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut out = server.attach(id, "").await;
    out.run("true").await;
    let target = format!("/api/v1/sessions/{id}/viewers/{}", out.hello.viewer);
    server.ask(Call::delete(&target)).await;
    out.type_in("echo to''o late\r").await;
    out.until_closed().await;
    let mut other = server.attach(id, "").await;
    other.run("true").await;
    assert!(!server.output_text(id).await.contains("too late"));
}

#[tokio::test]
async fn the_list_and_the_disconnection_stand_behind_the_door() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let viewer = server.attach(id, "").await;
    let target = format!("/api/v1/sessions/{id}/viewers");
    Call::get(&target).send(server.address()).await.problem(401);
    let one = format!("{target}/{}", viewer.hello.viewer);
    Call::delete(&one).send(server.address()).await.problem(401);
    server
        .ask(Call::delete(&format!("{target}/x")))
        .await
        .problem(404);
    assert_eq!(viewer.hello.offset, Offset(0));
}
