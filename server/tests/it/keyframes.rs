//! Keyframes: what lets a server that comes back show the exact screen soon, and what their loss costs.

use std::fs;
use std::io::{Read, Seek, SeekFrom};

use sempre_protocol::{Offset, SessionId, Size};
use sempre_screen::{Engine, SCROLLBACK_LINES, Screen as _};

use crate::harness::{Server, Setup, Viewer, data_dir_modes, is_inexact};

const MIB: u64 = 1024 * 1024;

/// The screen of who attaches now.
async fn now(server: &Server, id: SessionId) -> Viewer {
    let mut viewer = server.attach_screen(id, "").await;
    viewer
        .until("the snapshot", |viewer| !viewer.snapshots.is_empty())
        .await;
    viewer.ping().await;
    viewer
}

async fn judge(server: &Server, id: SessionId) -> Engine {
    let mut engine = Engine::new(Size::DEFAULT, SCROLLBACK_LINES, Offset(0));
    engine.feed(&server.output(id, 0).await);
    engine
}

/// A session that wrote some MiB and has keyframes.
async fn written(server: &Server) -> SessionId {
    let id = server
        .script("printf '\\033[41mred '; seq -s ' ' 1 1500000; printf '\\033[7mend'; exec cat")
        .await;
    server.keyframed(id, 4 * MIB).await;
    server
        .until(id, "all output", |info| info.offset.0 == 10_888_913)
        .await;
    id
}

fn keyframes(server: &Server, id: SessionId) -> Vec<std::path::PathBuf> {
    let dir = server.session_dir(id).join("keyframes");
    let mut paths: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn a_damaged_keyframe_is_passed_over_and_removed() {
    let mut server = Setup::new().start();
    let id = written(&server).await;
    let judge = judge(&server, id).await;
    for damage in ["cut", "flipped", "nul", "gone", "empty"] {
        server.stop();
        for path in keyframes(&server, id) {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            match damage {
                "cut" => bytes.truncate(middle),
                "flipped" => bytes[middle] ^= 4,
                "nul" => bytes.fill(0),
                "empty" => bytes.clear(),
                _ => fs::remove_file(&path).unwrap(),
            }
            if damage != "gone" {
                fs::write(&path, bytes).unwrap();
            }
        }
        server.start_again();
        let viewer = now(&server, id).await;
        assert!(!is_inexact(&viewer), "{damage}: the journal has all of it");
        assert_eq!(viewer.screen().screen_lines(), judge.screen_lines(), "{damage}");
        assert_eq!(viewer.screen().cursor(), judge.cursor(), "{damage}");
        // It is rebuilt from the first byte, and leaves keyframes again.
        server.keyframed(id, 4 * MIB).await;
    }
    assert_eq!(data_dir_modes(&server.dir().data()), Vec::<String>::new());
}

#[tokio::test]
async fn the_screen_is_rebuilt_from_the_keyframe() {
    let mut server = Setup::new().start();
    let id = written(&server).await;
    let judge = judge(&server, id).await;
    server.stop();
    // Nothing before the keyframe can be read any more.
    let first = server.session_dir(id).join("00000000000000000000.out");
    assert!(server.keyframe(id).unwrap() > fs::metadata(&first).unwrap().len());
    let length = fs::metadata(&first).unwrap().len();
    fs::write(&first, vec![b'?'; usize::try_from(length).unwrap()]).unwrap();
    server.start_again();
    let viewer = now(&server, id).await;
    assert_eq!(viewer.screen().screen_lines(), judge.screen_lines());
    assert_eq!(viewer.screen().cursor(), judge.cursor());
}

/// Kills the server, lets `bytes` be written meanwhile, and starts it again: the screen is exact or marked.
async fn dead_during(bytes: u64) {
    let mut server = Setup::new().start();
    let go = server.home().join("go");
    let script = format!(
        "seq 1 1000000; while [ ! -e {} ]; do sleep 0.05; done; stty -opost; yes 0123456789abcde | head -c {bytes}; \
         printf '\\r\\nover'; exec cat",
        go.display()
    );
    let id = server.script(&script).await;
    server.keyframed(id, 4 * MIB).await;
    let before = server.info(id).await.offset.0;
    server.kill();
    fs::write(&go, "").unwrap();
    // Nobody is there to be told: the journal itself says whether the last of it is there.
    let newest = || {
        let names = fs::read_dir(server.session_dir(id)).unwrap().filter_map(|entry| {
            let path = entry.unwrap().path();
            (path.extension()? == "out").then_some(path)
        });
        names.max()
    };
    crate::harness::eventually("the output", || async {
        let mut file = fs::File::open(newest()?).ok()?;
        file.seek(SeekFrom::End(-4)).ok()?;
        let mut last = [0; 4];
        file.read_exact(&mut last).ok()?;
        (last == *b"over").then_some(())
    })
    .await;
    server.start_again();
    let viewer = now(&server, id).await;
    let info = server.info(id).await;
    let kept_by_keyframe = info.base_offset.0 <= before;
    assert_eq!(is_inexact(&viewer), !kept_by_keyframe, "{info:?}");
    assert!(viewer.screen_text().ends_with("over"), "{}", viewer.screen_text());
    if info.base_offset == Offset(0) {
        let judge = judge(&server, id).await;
        assert_eq!(viewer.screen().screen_lines(), judge.screen_lines());
    }
    // A program that draws its screen anew makes it known again.
    let mut viewer = viewer;
    viewer.type_in("\u{1b}[H\u{1b}[2J\r").await;
    viewer
        .until("an exact screen", |viewer| !is_inexact(viewer))
        .await;
}

#[tokio::test]
async fn a_server_that_was_dead_during_much_output_shows_the_exact_screen() {
    dead_during(40 * MIB).await;
}

#[tokio::test]
#[ignore = "long: 300 MiB of output"]
async fn a_server_that_was_dead_during_more_output_than_is_kept_says_so() {
    dead_during(300 * MIB).await;
}
