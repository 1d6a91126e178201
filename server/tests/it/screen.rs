//! The screen a client that brings nothing is given: what everyone else shows, at its offset, without gap or overlap.

use std::fmt::Write as _;

use sempre_protocol::texts::ServerText;
use sempre_protocol::{Offset, SessionId, Size};
use sempre_screen::{Engine, SCROLLBACK_LINES, Screen as _};
use serde_json::json;

use crate::harness::{Server, Setup, Viewer, assert_same, eventually};

/// A screen fed with the whole journal up to `offset`, at one size.
async fn judge(server: &Server, id: SessionId, offset: u64, size: Size) -> Engine {
    let journal = server.output(id, 0).await;
    let mut engine = Engine::new(size, SCROLLBACK_LINES, Offset(0));
    engine.feed(&journal[..usize::try_from(offset).unwrap()]);
    engine
}

#[track_caller]
fn assert_same_screen(found: &Engine, expected: &Engine) {
    assert_eq!(found.screen_lines(), expected.screen_lines());
    assert_eq!(found.cursor(), expected.cursor());
    assert_eq!(found.title(), expected.title());
    assert_eq!(found.is_alternate(), expected.is_alternate());
    let rows = |engine: &Engine| {
        let all: Vec<_> = (engine.first_line()..engine.end_line())
            .map(|number| engine.line(number))
            .collect();
        all
    };
    assert_eq!(rows(found), rows(expected));
}

/// Takes the snapshot of a viewer that has just attached.
async fn shown(viewer: &mut Viewer) {
    viewer
        .until("the snapshot", |viewer| !viewer.snapshots.is_empty())
        .await;
}

/// Output with colours, wide characters, long lines, a region, a title and an unfinished sequence at its end.
fn script() -> String {
    let mut script = String::from("printf '\\033]2;a title\\007\\033]7;file:///srv/work\\033\\\\'; ");
    for n in 0..200 {
        let _ = write!(
            script,
            "printf '\\033[3{}mline {n} \\033[0;4mäöü 漢字 {}\\033[m\\r\\n'; ",
            n % 8,
            "x".repeat(n)
        );
    }
    script + "printf 'prompt> \\033[1;35mhalf \\033['; cat"
}

#[tokio::test]
async fn a_snapshot_is_what_the_whole_journal_shows() {
    let server = Setup::new().start();
    let id = server.script(&script()).await;
    let mut whole = server.attach(id, "").await;
    whole.until_output("half").await;
    let mut viewer = server.attach_screen(id, "").await;
    shown(&mut viewer).await;
    let judge = judge(&server, id, viewer.hello.offset.0, viewer.hello.size).await;
    assert_same_screen(&viewer.screen(), &judge);
    assert_same_screen(&whole.screen(), &judge);
    let title = |text: &ServerText| match text {
        ServerText::Title { title } => Some(title.clone()),
        _ => None,
    };
    assert_eq!(viewer.until_text("the title", title).await, "a title");
    let cwd = |text: &ServerText| match text {
        ServerText::Cwd { cwd } => Some(cwd.clone()),
        _ => None,
    };
    assert_eq!(viewer.until_text("the directory", cwd).await, "/srv/work");
    let info = server.info(id).await;
    assert_eq!(
        (info.title.as_deref(), info.current_cwd.as_deref()),
        (Some("a title"), Some("/srv/work"))
    );
}

#[tokio::test]
async fn output_goes_on_where_the_snapshot_stands() {
    let server = Setup::new().start();
    let id = server.script("seq 1 200000; exec cat").await;
    let mut viewers = Vec::new();
    for lag in ["wait", "skip&acks=1", "wait&acks=1", "wait"] {
        let mut viewer = server.attach_screen(id, &format!("lag={lag}")).await;
        viewer.acks = lag.contains("acks");
        shown(&mut viewer).await;
        viewers.push(viewer);
    }
    let end = server
        .until(id, "all output", |info| info.offset.0 == 1_488_895)
        .await
        .offset
        .0;
    let judge = judge(&server, id, end, Size::DEFAULT).await;
    for mut viewer in viewers {
        viewer.until_offset(end).await;
        assert_eq!(viewer.screen().screen_lines(), judge.screen_lines());
        assert_eq!(viewer.screen().cursor(), judge.cursor());
    }
}

#[tokio::test]
async fn an_ended_session_shows_its_last_screen() {
    let server = Setup::new().start();
    let id = server.script("seq 1 30; printf bye; exit 5").await;
    server.ended(id).await;
    let mut viewer = server.attach_screen(id, "").await;
    viewer.until_exit().await;
    assert!(viewer.output.is_empty());
    assert!(
        viewer.screen_text().ends_with("\n29\n30\nbye"),
        "{}",
        viewer.screen_text()
    );
    assert_eq!(viewer.until_closed().await, Some(1000));
}

#[tokio::test]
async fn a_session_that_never_wrote_has_an_empty_screen() {
    let server = Setup::new().start();
    let id = server.script("exec cat").await;
    let mut viewer = server.attach_screen(id, "").await;
    shown(&mut viewer).await;
    assert_eq!(
        (viewer.hello.offset, viewer.screen_text().as_str()),
        (Offset(0), "")
    );
}

#[tokio::test]
async fn sizes_come_in_stream_order_before_and_after_a_snapshot() {
    let server = Setup::new().start();
    let id = server
        .create(json!({ "shell": "sh", "cols": 40, "rows": 10 }))
        .await;
    let mut writer = server.attach_screen(id, "").await;
    for (cols, rows) in [(100, 30), (50, 12), (90, 20)] {
        writer
            .say(&sempre_protocol::texts::ClientText::Resize { cols, rows })
            .await;
        writer
            .run("seq 1 40; echo 0123456789012345678901234567890123456789012345678901234567890123456789")
            .await;
        let mut fresh = server.attach_screen(id, "").await;
        shown(&mut fresh).await;
        assert_eq!(fresh.hello.size, Size::new(cols, rows));
        writer.until_offset(fresh.hello.offset.0).await;
        assert_eq!(writer.size, Size::new(cols, rows));
    }
}

#[tokio::test]
async fn more_or_fewer_rows_come_if_they_are_asked_for() {
    let server = Setup::new().start();
    let id = server.script("seq 1 60000; exec cat").await;
    server
        .until(id, "all output", |info| info.offset.0 == 408_894)
        .await;
    for (lines, first) in [
        (0, 59_978),
        (10, 59_968),
        (5_000, 54_978),
        (20_000, 39_978),
        (100_000, 1),
    ] {
        let mut viewer = server.attach_screen(id, &format!("lines={lines}")).await;
        shown(&mut viewer).await;
        let mut engine = Engine::new(viewer.hello.size, 100_000, Offset(0));
        engine.feed(&viewer.snapshots[0].ansi);
        let top = engine.line(engine.first_line()).unwrap().text();
        assert_eq!(top, first.to_string(), "lines={lines}");
        assert_eq!(viewer.screen_text().lines().last(), Some("60000"));
        let answer = server
            .get(&format!("/api/v1/sessions/{id}/snapshot?lines={lines}"))
            .await;
        assert_same(&answer.body, &viewer.snapshots[0].ansi, "the snapshot over HTTP");
        assert_eq!(answer.header("sempre-offset"), Some("408894"));
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    server
        .get(&format!("/api/v1/sessions/{id}/snapshot?format=png"))
        .await
        .problem(400);
}

#[tokio::test]
async fn what_a_program_tells_reaches_its_viewers() {
    let server = Setup::new().start();
    let script = "read line; printf '\\007\\033]9;4;1;42\\007\\033]9;come here\\007\\033]777;notify;head;body\\007'; \
                  printf '\\033]0;<b>t</b>\\007'; cat";
    let id = server.script(script).await;
    let mut viewer = server.attach_screen(id, "").await;
    viewer.type_in("\r").await;
    let told = |viewer: &Viewer, wanted: &dyn Fn(&ServerText) -> bool| viewer.texts.iter().any(wanted);
    viewer
        .until("bell, progress, notifications and title", |viewer| {
            told(viewer, &|text| *text == ServerText::Bell)
                && told(viewer, &|text| {
                    *text == ServerText::Progress { percent: Some(42) }
                })
                && told(
                    viewer,
                    &|text| matches!(text, ServerText::Notify { message } if message == "come here"),
                )
                && told(
                    viewer,
                    &|text| matches!(text, ServerText::Notify { message } if message.contains("body")),
                )
                && told(
                    viewer,
                    &|text| matches!(text, ServerText::Title { title } if title == "<b>t</b>"),
                )
        })
        .await;
    // Who comes later is told what is so, not what happened.
    let mut later = server.attach_screen(id, "").await;
    later
        .until("the title", |viewer| {
            told(viewer, &|text| matches!(text, ServerText::Title { .. }))
        })
        .await;
    later.ping().await;
    assert!(!told(&later, &|text| matches!(
        text,
        ServerText::Bell | ServerText::Notify { .. }
    )));
}

#[tokio::test]
async fn a_quiet_session_that_nobody_watches_keeps_no_engine() {
    let server = Setup::new().start();
    let screens = || async { server.get("/api/v1/health").await.value()["screens"].as_u64() };
    let id = server.script("seq 1 100; exec cat").await;
    eventually("an engine", || async {
        (screens().await == Some(1)).then_some(())
    })
    .await;
    eventually("its end", || async { (screens().await == Some(0)).then_some(()) }).await;
    let mut viewer = server.attach_screen(id, "").await;
    viewer.until_shown("\n100").await;
    assert_eq!(screens().await, Some(1));
    // As long as someone watches it stays: what is typed shows at once.
    viewer.type_in("x\r").await;
    viewer.until_shown("100\nx\nx").await;
}

/// As if nothing had been written for an hour.
fn age(directory: &std::path::Path) {
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let since = old.duration_since(std::time::UNIX_EPOCH).unwrap();
    let time = rustix::fs::Timespec {
        tv_sec: i64::try_from(since.as_secs()).unwrap(),
        tv_nsec: 0,
    };
    let times = rustix::fs::Timestamps {
        last_access: time,
        last_modification: time,
    };
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        rustix::fs::utimensat(rustix::fs::CWD, &path, &times, rustix::fs::AtFlags::empty()).unwrap();
    }
}

#[tokio::test]
async fn title_and_directory_are_known_after_a_restart_without_output_or_viewer() {
    let mut server = Setup::new().start();
    let script = "printf '\\033]0;a title\\007\\033]7;file://localhost/some/where\\007'; exec cat";
    let id = server.script(script).await;
    let is_known = |info: &sempre_protocol::api::SessionInfo| {
        info.title.as_deref() == Some("a title") && info.current_cwd.as_deref() == Some("/some/where")
    };
    server.until(id, "title and directory", is_known).await;
    server.kill();
    // What is new would be read anyway, for queries in it.
    age(&server.session_dir(id));
    server.start_again();
    server.until(id, "title and directory, again", is_known).await;
    assert_eq!(
        server.get("/api/v1/health").await.value()["screens"],
        0,
        "no engine is kept for it"
    );
}
