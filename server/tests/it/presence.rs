//! Several viewers of one session: how many there are, whose terminal answers, whose size counts.

use sempre_protocol::SessionId;
use sempre_protocol::texts::{ClientText, ServerText};
use serde_json::json;

use crate::harness::{Server, Setup, Viewer};

fn counts(viewer: &Viewer) -> Option<(u32, u32)> {
    viewer.texts.iter().rev().find_map(|text| match text {
        ServerText::Viewers { count, writers, .. } => Some((*count, *writers)),
        _ => None,
    })
}

async fn says(viewer: &mut Viewer, cols: u16, rows: u16) {
    viewer.say(&ClientText::Resize { cols, rows }).await;
}

async fn until_size(server: &Server, id: SessionId, cols: u16, rows: u16) {
    let wanted = |info: &sempre_protocol::api::SessionInfo| (info.cols, info.rows) == (cols, rows);
    server.until(id, &format!("the size {cols}x{rows}"), wanted).await;
}

#[tokio::test]
async fn viewers_are_counted_as_they_come_and_go() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let mut first = server.attach(id, "").await;
    first
        .until("one viewer", |viewer| counts(viewer) == Some((1, 1)))
        .await;
    let mut second = server.attach(id, "").await;
    first
        .until("two viewers", |viewer| counts(viewer) == Some((2, 2)))
        .await;
    second
        .until("two viewers", |viewer| counts(viewer) == Some((2, 2)))
        .await;
    assert_eq!(server.info(id).await.viewers, 2);
    second.close().await;
    first
        .until("one viewer", |viewer| counts(viewer) == Some((1, 1)))
        .await;
    // One that vanishes without a word.
    drop(server.attach(id, "").await);
    server.until(id, "one viewer", |info| info.viewers == 1).await;
}

#[tokio::test]
async fn the_only_writer_has_its_own_size() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let mut viewer = server.attach(id, "").await;
    says(&mut viewer, 120, 40).await;
    until_size(&server, id, 120, 40).await;
    viewer
        .until("the size", |viewer| {
            (viewer.size.cols, viewer.size.rows) == (120, 40)
        })
        .await;
    says(&mut viewer, 0, 5000).await;
    until_size(&server, id, 1, 1000).await;
}

#[tokio::test]
async fn who_joins_does_not_resize_the_others() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut first = server.attach(id, "").await;
    says(&mut first, 120, 40).await;
    until_size(&server, id, 120, 40).await;
    let mut second = server.attach(id, "").await;
    let sized = |viewer: &Viewer| (viewer.size.cols, viewer.size.rows) == (120, 40);
    second.until("the size of the session", sized).await;
    says(&mut second, 60, 20).await;
    second.ping().await;
    first.run("true").await;
    assert_eq!(server.info(id).await.cols, 120);
}

#[tokio::test]
async fn the_first_command_of_who_types_now_runs_at_their_size() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut first = server.attach(id, "").await;
    says(&mut first, 120, 40).await;
    until_size(&server, id, 120, 40).await;
    first.run("true").await;
    let mut second = server.attach(id, "").await;
    says(&mut second, 60, 20).await;
    for _ in 0..5 {
        second.type_in("echo [$(stty size)]\r").await;
        second.until_output("[20 60]").await;
        first.type_in("echo [$(stty size)]\r").await;
        first.until_output("[40 120]").await;
    }
}

#[tokio::test]
async fn the_typist_resizes_and_the_others_are_told_in_stream_order() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut first = server.attach(id, "").await;
    let mut second = server.attach(id, "").await;
    first.run("true").await;
    says(&mut second, 50, 10).await;
    says(&mut first, 90, 30).await;
    for viewer in [&mut first, &mut second] {
        viewer
            .until("the typist's size", |viewer| {
                (viewer.size.cols, viewer.size.rows) == (90, 30)
            })
            .await;
    }
}

#[tokio::test]
async fn a_size_set_over_the_api_holds_until_someone_types() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach(id, "").await;
    says(&mut viewer, 90, 30).await;
    until_size(&server, id, 90, 30).await;
    let resize = crate::harness::Call::new("PUT", &format!("/api/v1/sessions/{id}/resize"));
    server.ask(resize.json(&json!({ "rows": 11, "cols": 111 }))).await;
    until_size(&server, id, 111, 11).await;
    viewer.type_in("echo [$(stty size)]\r").await;
    viewer.until_output("[30 90]").await;
}
