//! Viewers pull: one that is slow costs nothing and holds up nobody, and no flood keeps anyone from being heard.

use sempre_protocol::texts::{ClientText, ServerText, Signal};
use sempre_protocol::{Offset, SessionId};

use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Server, Setup, Viewer, assert_same, rss_bytes};

/// Output that may be sent ahead of an acknowledgement, bytes.
const WINDOW: u64 = 256 * 1024;
const MIB: u64 = 1024 * 1024;
/// More than all sockets between a server and a client hold, bytes.
const BACKLOG: u64 = 48 * MIB;

#[tokio::test]
async fn who_acknowledges_is_sent_a_window_ahead_and_no_more() {
    let server = Setup::new().start();
    let id = server
        .script("stty -opost; yes 0123456789abcde | head -c 2097152")
        .await;
    server.ended(id).await;
    let mut viewer = server.attach(id, "from=0&acks=1").await;
    viewer.until_offset(WINDOW).await;
    viewer.ping().await;
    assert_eq!(viewer.end(), WINDOW, "nothing is sent beyond the window");
    let acknowledged = 100_000;
    viewer
        .say(&ClientText::Ack {
            offset: Offset(acknowledged),
        })
        .await;
    viewer.until_offset(WINDOW + acknowledged).await;
    viewer.ping().await;
    assert_eq!(viewer.end(), WINDOW + acknowledged);
    // An older one changes nothing.
    viewer.say(&ClientText::Ack { offset: Offset(5) }).await;
    viewer.ping().await;
    assert_eq!(viewer.end(), WINDOW + acknowledged);
    viewer.acks = true;
    viewer
        .say(&ClientText::Ack {
            offset: Offset(WINDOW),
        })
        .await;
    viewer.until_exit().await;
    assert_eq!(viewer.end(), 2 * MIB);
}

#[tokio::test]
async fn the_window_counts_from_where_the_client_began() {
    let server = Setup::new().start();
    let id = server
        .script("stty -opost; yes 0123456789abcde | head -c 2097152")
        .await;
    server.ended(id).await;
    let mut viewer = server.attach(id, &format!("from={MIB}&acks=1")).await;
    viewer.until_offset(MIB + WINDOW).await;
    viewer.ping().await;
    assert_eq!(viewer.end(), MIB + WINDOW);
}

#[tokio::test]
async fn a_viewer_that_reads_nothing_costs_nothing_and_holds_up_nobody() {
    let server = Setup::new().start();
    let flood = format!(
        "stty -opost; read line; yes 0123456789abcde | head -c {}",
        50 * MIB
    );
    let mut grown = Vec::new();
    let mut stuck = Vec::new();
    for with_stuck in [false, true] {
        let id = server.script(&flood).await;
        let mut reading = server.attach(id, "").await;
        if with_stuck {
            stuck.push(server.attach(id, "").await);
            stuck.push(server.attach(id, "acks=1").await);
        }
        reading.type_in("\r").await;
        reading.until_exit().await;
        let output = std::mem::take(&mut reading.output);
        assert!(
            output.len() as u64 >= 50 * MIB,
            "every byte came: {}",
            output.len()
        );
        assert_same(
            &output,
            &server.output(id, 0).await,
            "what the reading viewer got",
        );
        grown.push(rss_bytes(server.pid()));
    }
    let more = grown[1].saturating_sub(grown[0]);
    assert!(
        more < 8 * MIB,
        "two viewers that read nothing took {more} bytes: {grown:?}"
    );
    // Nothing was lost for the one that was only late.
    let late = &mut stuck[0];
    late.until_exit().await;
    assert!(late.end() >= 50 * MIB);
}

/// A session that ended with much more output than sockets hold, and a viewer at its beginning.
async fn far_behind(server: &Server) -> (SessionId, Viewer) {
    let flood = format!("stty -opost; yes 0123456789abcde | head -c {BACKLOG}");
    let id = server.script(&flood).await;
    server.ended(id).await;
    (id, server.attach(id, "from=0").await)
}

#[tokio::test]
async fn a_ping_is_answered_before_a_long_backlog_is_through() {
    let server = Setup::new().start();
    let (_, mut viewer) = far_behind(&server).await;
    viewer.ping().await;
    assert!(viewer.end() < BACKLOG, "the pong came last");
    viewer.until_exit().await;
}

#[tokio::test]
async fn an_error_is_told_before_a_long_backlog_is_through() {
    let server = Setup::new().start();
    let (_, mut viewer) = far_behind(&server).await;
    viewer.send(Message::text("no text of this wire")).await;
    viewer.until_error().await;
    assert!(viewer.end() < BACKLOG, "the error came last");
}

#[tokio::test]
async fn who_has_a_long_backlog_is_told_that_the_server_goes_down() {
    let mut server = Setup::new().start();
    let (_, mut viewer) = far_behind(&server).await;
    server.signal(rustix::process::Signal::TERM);
    let over = |viewer: &Viewer| viewer.texts.contains(&ServerText::Draining) || viewer.closed.is_some();
    viewer.until("the goodbye", over).await;
    assert!(
        viewer.closed.is_none() && viewer.end() < BACKLOG,
        "{}",
        viewer.tail()
    );
    viewer.until_closed().await;
    assert_eq!(server.wait().code(), Some(0));
}

#[tokio::test]
async fn a_ping_is_answered_in_the_middle_of_a_flood() {
    let server = Setup::new().start();
    let id = server.script("exec yes").await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_offset(MIB).await;
    viewer.ping().await;
    server.delete(id).await;
}

#[tokio::test]
async fn an_error_is_told_in_the_middle_of_a_flood() {
    let server = Setup::new().start();
    let id = server.script("exec yes").await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_offset(MIB).await;
    viewer.send_input(500, b"beyond").await;
    viewer.until_error().await;
    server.delete(id).await;
}

#[tokio::test]
async fn who_reads_a_flood_is_told_that_the_server_goes_down() {
    let mut server = Setup::new().start();
    let id = server.script("exec yes").await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_offset(MIB).await;
    server.signal(rustix::process::Signal::TERM);
    viewer
        .until("the server's goodbye", |viewer| {
            viewer.texts.contains(&ServerText::Draining)
        })
        .await;
    viewer.until_closed().await;
    assert_eq!(server.wait().code(), Some(0));
    server.start_again();
    server.delete(id).await;
}

#[tokio::test]
async fn a_flood_is_interrupted_by_a_signal_and_by_the_key() {
    let server = Setup::new().start();
    let id = server.create(serde_json::json!({ "shell": "bash" })).await;
    let mut viewer = server.attach(id, "").await;
    viewer.type_in("yes\r").await;
    viewer.until_offset(MIB).await;
    viewer.type_in("\u{3}").await;
    viewer.run("true").await;
    viewer.type_in("yes\r").await;
    let so_far = viewer.end();
    viewer.until_offset(so_far + MIB).await;
    viewer.say(&ClientText::Signal { signal: Signal::Int }).await;
    viewer.run("true").await;
}

#[tokio::test]
async fn a_stuck_viewer_does_not_hold_up_the_stop_of_the_server() {
    let mut server = Setup::new().start();
    let id = server.script("exec yes").await;
    let stuck = server.attach(id, "").await;
    let mut reading = server.attach(id, "").await;
    reading.until_offset(12 * MIB).await;
    assert_eq!(server.stop().code(), Some(0));
    drop((stuck, reading));
    server.start_again();
    server.delete(id).await;
    drop(server);
}
