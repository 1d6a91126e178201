//! Viewers that skip: one that falls behind gets the screen as it is now, never an old one, and holds up nobody.

use std::time::{Duration, Instant};

use sempre_protocol::texts::{ClientText, ServerText};
use sempre_protocol::{Offset, SessionId};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::harness::{LONG, Server, Setup, Viewer, assert_same, rss_bytes};

const MIB: u64 = 1024 * 1024;

/// A viewer that skips and draws nothing unless it is told, with its first screen.
async fn shown(server: &Server, id: SessionId) -> Viewer {
    let mut viewer = server.attach_screen(id, "lag=skip&acks=1").await;
    viewer
        .until("the snapshot", |viewer| !viewer.snapshots.is_empty())
        .await;
    viewer
}

/// A viewer behind a link that carries `rate` bytes a second.
struct Slow {
    viewer: Viewer,
    rate: f64,
    /// What came before this is drawn.
    taken: u64,
    began: Instant,
}

impl Slow {
    async fn attach(server: &Server, id: SessionId, rate: f64) -> Self {
        Self {
            viewer: server.attach_screen(id, "lag=skip&acks=1").await,
            rate,
            taken: 0,
            began: Instant::now(),
        }
    }

    /// Takes one message, no faster than the link.
    async fn step(&mut self) {
        let (snapshots, length) = (self.viewer.snapshots.len(), self.viewer.output.len());
        assert!(self.viewer.step().await, "closed: {}", self.viewer.tail());
        let new = if self.viewer.snapshots.len() > snapshots {
            self.viewer.snapshots.last().unwrap().ansi.len()
        } else {
            self.viewer.output.len() - length
        };
        self.taken += new as u64;
        let due = Duration::from_secs_f64(self.taken as f64 / self.rate);
        sleep(due.saturating_sub(self.began.elapsed())).await;
        if new > 0 {
            let offset = Offset(self.viewer.end());
            self.viewer.say(&ClientText::Ack { offset }).await;
        }
    }

    async fn until(&mut self, what: &str, done: impl Fn(&Viewer) -> bool) {
        let deadline = Instant::now() + LONG;
        while !done(&self.viewer) {
            assert!(
                Instant::now() < deadline,
                "waited for {what}: {}",
                self.viewer.tail()
            );
            // A test of states: the message may be the last one.
            let _ = timeout(LONG, self.step()).await;
        }
    }
}

#[tokio::test]
async fn a_slow_viewer_of_a_flood_gets_snapshots_and_its_interrupt_reaches_the_prompt() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "bash" })).await;
    let mut slow = Slow::attach(&server, id, 256_000.0).await;
    slow.viewer.type_in("PS1='ready> '\r").await;
    slow.until("the prompt", |viewer| viewer.screen_text().ends_with("ready>"))
        .await;
    // Nice: on a busy machine the flood is not faster than a server built without optimisation can look at it.
    slow.viewer.type_in("nice -n 19 yes\r").await;
    slow.until("some snapshots", |viewer| viewer.snapshots.len() > 2)
        .await;
    let memory = rss_bytes(server.pid());
    slow.until("more snapshots", |viewer| viewer.snapshots.len() > 6)
        .await;
    let offsets: Vec<_> = slow.viewer.snapshots.iter().map(|shown| shown.offset).collect();
    assert!(offsets.is_sorted_by(|one, next| one < next), "{offsets:?}");
    let longest = slow
        .viewer
        .snapshots
        .iter()
        .skip(1)
        .map(|shown| shown.ansi.len())
        .max();
    assert!(
        longest < Some(32 * 1024),
        "a screen and little above it: {longest:?}"
    );
    let interrupted = Instant::now();
    slow.viewer.type_in("\u{3}").await;
    slow.until("the prompt", |viewer| viewer.screen_text().ends_with("ready>"))
        .await;
    let waited = interrupted.elapsed();
    assert!(waited < Duration::from_secs(30), "{waited:?}");
    let end = server.info(id).await.offset.0;
    assert_eq!(slow.viewer.end(), end, "it has come all the way");
    let grown = rss_bytes(server.pid()).saturating_sub(memory);
    assert!(grown < 16 * MIB, "the server grew by {grown} bytes");
}

#[tokio::test]
async fn what_a_skipping_viewer_shows_at_the_end_is_what_everyone_shows() {
    let server = Setup::new().start();
    let id = server
        .script("read line; seq 1 400000; printf '\\033[31mred'; cat")
        .await;
    let mut slow = Slow::attach(&server, id, 1_000_000.0).await;
    slow.viewer.type_in("\r").await;
    slow.until("the end", |viewer| viewer.screen_text().ends_with("red"))
        .await;
    let fresh = server.attach_screen(id, "").await;
    let mut fresh = fresh;
    fresh
        .until("the snapshot", |viewer| !viewer.snapshots.is_empty())
        .await;
    assert_eq!(slow.viewer.screen().screen_lines(), fresh.screen().screen_lines());
    assert_eq!(slow.viewer.screen().cursor(), fresh.screen().cursor());
    assert!(slow.viewer.snapshots.len() > 1, "it was behind");
    let last = slow.viewer.snapshots.last().unwrap();
    let ansi = String::from_utf8_lossy(&last.ansi);
    assert!(ansi.contains("older output: open the history"), "{ansi}");
}

#[tokio::test]
async fn a_viewer_that_keeps_up_gets_every_byte() {
    let server = Setup::new().start();
    let id = server
        .script("read line; for n in 1 2 3 4 5 6 7 8; do seq 1 2000; sleep 0.05; done; exit 3")
        .await;
    let mut viewer = server.attach_screen(id, "lag=skip&acks=1").await;
    viewer.acks = true;
    viewer
        .until("the snapshot", |viewer| !viewer.snapshots.is_empty())
        .await;
    viewer.type_in("\r").await;
    viewer.until_exit().await;
    assert_eq!(viewer.snapshots.len(), 1, "no more than the first");
    let from = viewer.hello.offset.0;
    assert_same(&viewer.output, &server.output(id, from).await, "its output");
}

#[tokio::test]
async fn who_says_nothing_is_sent_nothing_more() {
    let server = Setup::new().start();
    let id = server.script("read line; exec yes").await;
    let mut viewer = shown(&server, id).await;
    viewer.type_in("\r").await;
    server.until(id, "a flood", |info| info.offset.0 > 4 * MIB).await;
    viewer.ping().await;
    assert!(viewer.output.len() <= 64 * 1024, "{}", viewer.output.len());
    assert_eq!(viewer.snapshots.len(), 1);
    // Once it says that it has drawn what it was sent, it is brought to the end.
    let offset = Offset(viewer.end());
    viewer.say(&ClientText::Ack { offset }).await;
    viewer
        .until("a snapshot", |viewer| viewer.snapshots.len() == 2)
        .await;
    viewer.ping().await;
    assert!(
        viewer.output.is_empty(),
        "nothing follows a snapshot that was not drawn"
    );
    server.delete(id).await;
}

/// A session whose engine is far behind: a large screen filled again and again is easily said, but to draw it takes many
/// seconds. With a viewer that has read what it was sent, and where the output ends.
async fn far_from_drawn(server: &Server) -> (SessionId, Viewer, Offset) {
    let total = 32 * MIB;
    let script =
        format!("stty -opost; read line; yes \"$(printf '\\033#8%0100d' 0)\" | head -c {total}; exec cat");
    let request = json!({ "cmd": ["sh", "-c", script], "cols": 500, "rows": 200 });
    let id = server.create(request).await;
    let mut viewer = shown(server, id).await;
    viewer.type_in("\r").await;
    let end = server
        .until(id, "all the output", |info| info.offset.0 >= total)
        .await
        .offset;
    viewer.ping().await;
    (id, viewer, end)
}

#[tokio::test]
async fn an_engine_that_is_far_behind_holds_up_no_server_that_goes_down() {
    let mut server = Setup::new().start();
    let (id, mut viewer, _) = far_from_drawn(&server).await;
    // Waits for a screen, too.
    let offset = Offset(viewer.end());
    viewer.say(&ClientText::Ack { offset }).await;
    assert_eq!(server.stop().code(), Some(0));
    assert!(!server.log().contains("did not end in time"), "{}", server.log());
    drop(viewer);
    server.start_again();
    server.delete(id).await;
}

#[tokio::test]
async fn while_todays_screen_is_far_from_drawn_a_newer_one_than_the_last_is_shown() {
    let server = Setup::new().start();
    let (_, mut viewer, end) = far_from_drawn(&server).await;
    for shown in 1..=2 {
        let offset = Offset(viewer.end());
        viewer.say(&ClientText::Ack { offset }).await;
        viewer
            .until("a newer screen", |viewer| viewer.snapshots.len() > shown)
            .await;
        let newer = viewer.snapshots[shown].offset;
        assert!(newer > offset, "{newer} after {offset}");
        assert!(
            shown > 1 || newer < end,
            "nothing was shown before {newer} of {end}"
        );
    }
}

#[tokio::test]
async fn who_interrupts_is_shown_what_comes_of_it_and_not_the_backlog() {
    let server = Setup::new().start();
    // A backlog that is too small to be skipped by itself. A program that `sh` is just starting may miss the signal,
    // and the trap waits for its end: what follows the backlog ends soon.
    let script =
        "trap 'echo interrupted; exec cat' INT; read line; seq 1 30000; while :; do sleep 0.05; done";
    let id = server.script(script).await;
    let mut viewer = shown(&server, id).await;
    viewer.type_in("\r").await;
    let backlog = server
        .until(id, "the backlog", |info| info.offset.0 > 198_894)
        .await;
    viewer.ping().await;
    assert!(viewer.output.len() <= 64 * 1024, "{}", viewer.output.len());
    viewer.type_in("\u{3}").await;
    server
        .until(id, "its end", |info| {
            info.offset.0 > backlog.offset.0 + "interrupted".len() as u64
        })
        .await;
    // As long as 256 KB/s take for that.
    sleep(Duration::from_millis(250)).await;
    let offset = Offset(viewer.end());
    viewer.say(&ClientText::Ack { offset }).await;
    viewer
        .until("a snapshot", |viewer| viewer.snapshots.len() == 2)
        .await;
    let text = viewer.screen_text();
    assert!(text.contains("interrupted"), "{text}");
    server.delete(id).await;
}

#[tokio::test]
async fn who_comes_back_gets_the_bytes_if_few_and_a_snapshot_if_many() {
    let server = Setup::new().start();
    let id = server.script("seq 1 100000; cat").await;
    let end = server
        .until(id, "the output", |info| info.offset.0 >= 688_895)
        .await
        .offset
        .0;
    for (query, reset) in [
        (format!("from={}&lag=skip&acks=1", end - 200_000), false),
        (format!("from={}&lag=skip&acks=1", end - 300_000), true),
        (format!("from={}&lag=wait&acks=1", end - 300_000), false),
        ("from=0".to_owned(), false),
    ] {
        let viewer = server.attach(id, &query).await;
        assert_eq!(viewer.hello.reset, reset, "{query}");
    }
    let refused = server.try_attach(id, "lag=skip").await.unwrap_err();
    assert!(
        refused.starts_with("400") && refused.contains("acks=1"),
        "{refused}"
    );
}

#[tokio::test]
async fn twenty_viewers_of_which_five_never_read_hold_up_nobody() {
    let server = Setup::new().start();
    let flood = format!(
        "stty -opost; read line; yes 0123456789abcde | head -c {}; exit 4",
        12 * MIB
    );
    let id = server.script(&flood).await;
    let mut deaf = Vec::new();
    for lag in ["wait", "wait&acks=1", "skip&acks=1", "wait", "skip&acks=1"] {
        deaf.push(server.attach(id, &format!("lag={lag}")).await);
    }
    let mut readers = Vec::new();
    for number in 0..15 {
        let query = if number % 3 == 0 {
            "lag=skip&acks=1"
        } else {
            "acks=1"
        };
        let mut reader = server.attach(id, query).await;
        reader.acks = true;
        readers.push(reader);
    }
    let before = rss_bytes(server.pid());
    readers[1].type_in("\r").await;
    let mut reading = tokio::task::JoinSet::new();
    for mut reader in readers {
        reading.spawn(async move {
            reader.until_exit().await;
            (reader.base, reader.output)
        });
    }
    let all = reading.join_all().await;
    let grown = rss_bytes(server.pid()).saturating_sub(before);
    let journal = server.output(id, 0).await;
    let whole = all.iter().filter(|(base, _)| *base == 0);
    assert!(whole.clone().count() >= 10, "who asked for every byte got it");
    for (base, output) in &all {
        let from = usize::try_from(*base).unwrap();
        assert_same(output, &journal[from..], "a reader's output");
    }
    assert!(grown < 32 * MIB, "the server grew by {grown} bytes");
    assert!(deaf.iter().all(|viewer| viewer.closed.is_none()));
    assert!(!deaf[0].texts.contains(&ServerText::Draining));
}
