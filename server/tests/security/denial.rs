//! A program cannot hold up the server, or fill its memory, by what it prints: the session goes on and so do its
//! neighbours. What each sequence does to a screen is tested in `crates/screen`.

use std::fs;

use serde_json::json;

use crate::harness::{Call, Server, Setup, rss_bytes};

const MIB: u64 = 1024 * 1024;
/// What the server may grow by, for a screen of usual size and 5000 lines above it.
const GROWTH_BYTES: u64 = 96 * MIB;

/// What a hostile program prints, by name.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let colours = format!("\x1b[{}m", "38:2::1:2:3:".repeat(20_000));
    let mut marks = b"a".to_vec();
    marks.extend("\u{301}".repeat(500_000).into_bytes());
    let mut image = b"\x1bPq\"1;1;65535;65535".to_vec();
    image.extend(b"#0!999999999~-".repeat(50_000));
    image.extend(b"\x1b\\");
    vec![
        (
            "repeat counts",
            b"a\x1b[4294967295b\x1b[2147483647@\x1b[2147483647L\x1b[2147483647S".repeat(2_000),
        ),
        (
            "tabs and moves",
            b"\x1b[2147483647I\x1b[2147483647B\x1b[2147483647T\x1b[2147483647X".repeat(2_000),
        ),
        ("a list of colours", colours.into_bytes()),
        ("combining marks", marks),
        (
            "a title without an end",
            [b"\x1b]2;".to_vec(), b"t".repeat(3_000_000)].concat(),
        ),
        (
            "a link without an end",
            [b"\x1b\\\x1b]8;;http://".to_vec(), b"l".repeat(3_000_000)].concat(),
        ),
        (
            "a device string without an end",
            [b"\x1b\\\x1bP$q".to_vec(), b"d".repeat(3_000_000)].concat(),
        ),
        ("an image", [b"\x1b\\".to_vec(), image].concat()),
        ("titles on a stack", b"\x1b]2;title\x07\x1b[22t".repeat(50_000)),
        (
            "screens and resets",
            b"\x1b[?1049h\x1b[?3h\x1b[?1049l\x1b[?3l\x1b[!p".repeat(20_000),
        ),
    ]
}

async fn is_well(server: &Server) {
    let health = server.get("/api/v1/health").await.value();
    let checks = health["checks"].as_array().unwrap();
    let holders = checks.iter().find(|check| check["name"] == "holders").unwrap();
    assert_eq!(holders["status"], "ok", "{health}");
}

#[tokio::test]
async fn output_that_would_stop_a_terminal_stops_nothing_here() {
    let server = Setup::new().start();
    let mut neighbour = server.attach(server.script("cat").await, "").await;
    let file = server.home().join("output");
    // A screen that was looked at has its engine from the beginning.
    let script = format!(
        "stty raw -echo; while read -r _; do cat '{}'; printf '\\033\\\\\\033c'; echo well; done",
        file.display()
    );
    let id = server.create(json!({ "cmd": ["bash", "-c", script] })).await;
    let mut viewer = server.attach_screen(id, "").await;
    let memory = rss_bytes(server.pid());
    for (name, bytes) in hostile() {
        fs::write(&file, &bytes).unwrap();
        let before = server.info(id).await.offset.0;
        viewer.type_in("\n").await;
        let wanted = before + bytes.len() as u64;
        server.until(id, name, |info| info.offset.0 >= wanted).await;
        // Who comes now is shown the screen as it is.
        let fresh = server.attach_screen(id, "").await;
        drop(fresh);
        let screen = server
            .get(&format!("/api/v1/sessions/{id}/screen?format=text"))
            .await;
        assert_eq!(screen.status, 200, "{name}: {}", screen.text());
        neighbour.type_in(&format!("{name}\r")).await;
        neighbour.until_output(&format!("{name}\r\n")).await;
        let grown = rss_bytes(server.pid()).saturating_sub(memory);
        assert!(grown < GROWTH_BYTES, "{name}: the server grew by {grown} bytes");
    }
    is_well(&server).await;
}

/// Each side is 1 to 1000 cells, wherever the size comes from.
#[tokio::test]
async fn a_size_that_is_no_size_is_refused_or_brought_to_one() {
    let server = Setup::new().start();
    let most = json!({ "cmd": ["cat"], "cols": 65_535, "rows": 65_535 });
    let id = server.create(most).await;
    let resize = Call::new("PUT", &format!("/api/v1/sessions/{id}/resize"));
    let resized = async |cols: u64| {
        server
            .ask(resize.clone().json(&json!({ "cols": cols, "rows": cols })))
            .await
    };
    for answer in [resized(0).await, resized(4_294_967_296).await] {
        assert!((400..500).contains(&answer.status), "{}", answer.text());
    }
    let info = server.info(id).await;
    assert_eq!((info.cols, info.rows), (1000, 1000));
    for (asked, given) in [(1, 1), (65_535, 1000)] {
        assert_eq!(resized(asked).await.status, 200);
        server
            .until(id, "the size", |info| (info.cols, info.rows) == (given, given))
            .await;
        server.attach_screen(id, "").await;
    }
    let least = server
        .create(json!({ "cmd": ["cat"], "cols": 0, "rows": 0 }))
        .await;
    let info = server.info(least).await;
    assert_eq!((info.cols, info.rows), (1, 1));
    for sides in [(-1, 24), (4_294_967_296_i64, 24)] {
        let request = json!({ "cmd": ["cat"], "cols": sides.0, "rows": sides.1 });
        let refused = server.try_create(&request).await;
        assert!(
            (400..500).contains(&refused.status),
            "{sides:?}: {}",
            refused.text()
        );
    }
    is_well(&server).await;
}
