//! Sizes stand in the stream where they take effect, for who is there and for who comes later.

use sempre_protocol::Offset;
use sempre_protocol::texts::ServerText;
use serde_json::json;

use crate::harness::{Call, Server, Setup, Viewer};

async fn set(server: &Server, id: sempre_protocol::SessionId, cols: u16, rows: u16) {
    let call = Call::new("PUT", &format!("/api/v1/sessions/{id}/resize"));
    let answer = server
        .ask(call.json(&json!({ "rows": rows, "cols": cols })))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Every size told after the hello, with its offset.
fn sizes(viewer: &Viewer) -> Vec<(u64, u16, u16)> {
    let resized = |text: &ServerText| match text {
        ServerText::Resized { offset, cols, rows } => Some((offset.0, *cols, *rows)),
        _ => None,
    };
    viewer.texts.iter().filter_map(resized).collect()
}

#[tokio::test]
async fn a_program_is_told_of_a_new_size() {
    let server = Setup::new().start();
    let id = server.create(json!({ "cmd": ["bash", "-c", "trap 'stty size' WINCH; echo ready; while :; do read -t 1; done"] })).await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_output("ready").await;
    set(&server, id, 101, 31).await;
    viewer.until_output("31 101\r\n").await;
}

#[tokio::test]
async fn who_comes_later_sees_the_same_sizes_at_the_same_places() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut live = server.attach(id, "from=0").await;
    for step in 1..=8_u16 {
        live.run("seq 1 20").await;
        set(&server, id, 80 + step, 24 + step).await;
        // Twice at one place: only the last counts. Back to what it was: nothing.
        if step == 4 {
            set(&server, id, 10, 10).await;
            set(&server, id, 84, 28).await;
        }
        live.until("the size", |viewer| viewer.size.cols == 80 + step)
            .await;
    }
    live.type_in("exit\r").await;
    live.until_exit().await;
    let told = sizes(&live);
    assert!(told.len() >= 8, "{told:?}");

    let mut later = server.attach(id, "from=0").await;
    assert_eq!((later.hello.size.cols, later.hello.size.rows), (80, 24));
    later.until_exit().await;
    let lasting: Vec<_> = told
        .iter()
        .enumerate()
        .filter(|(n, (offset, ..))| told.get(n + 1).is_none_or(|(next, ..)| next != offset))
        .map(|(_, size)| *size)
        .collect();
    assert_eq!(sizes(&later), lasting);

    let (middle, cols, rows) = lasting[3];
    let mut inside = server.attach(id, &format!("from={}", middle + 1)).await;
    assert_eq!((inside.hello.size.cols, inside.hello.size.rows), (cols, rows));
    inside.until_exit().await;
    assert_eq!(sizes(&inside), lasting[4..]);
}

#[tokio::test]
async fn sizes_changed_in_the_middle_of_a_flood_stand_where_they_took_effect() {
    let server = Setup::new().start();
    let id = server
        .script("read line; seq 1 200000; echo over; read line")
        .await;
    let mut live = server.attach(id, "from=0").await;
    live.type_in("\r").await;
    for step in 1..=10_u16 {
        set(&server, id, 80 + step, 24).await;
        live.until("the size", |viewer| viewer.size.cols == 80 + step)
            .await;
    }
    live.until_output("over").await;
    live.type_in("\r").await;
    live.until_exit().await;
    let mut later = server.attach(id, "from=0").await;
    later.until_exit().await;
    assert_eq!(later.output, live.output);
    assert_eq!(later.size, live.size);
    // Live, a size that lasted for no byte may have been told too.
    let lasting = sizes(&later);
    let live_sizes = sizes(&live);
    assert!(
        lasting.iter().all(|size| live_sizes.contains(size)),
        "{lasting:?} of {live_sizes:?}"
    );
}

#[tokio::test]
async fn sizes_survive_a_restart_of_the_server() {
    let mut server = Setup::new().start();
    let id = server
        .create(json!({ "cmd": ["cat"], "cols": 70, "rows": 20 }))
        .await;
    set(&server, id, 123, 45).await;
    server.until(id, "the size", |info| info.cols == 123).await;
    server.kill();
    server.start_again();
    let info = server.until(id, "the holder", |info| info.pid.is_some()).await;
    assert_eq!((info.cols, info.rows), (123, 45));
    let viewer = server.attach(id, "").await;
    assert_eq!((viewer.hello.size.cols, viewer.hello.offset), (123, Offset(0)));
}
