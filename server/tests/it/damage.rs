//! Damaged journals and indexes: what is good is shown, what is not is marked, nothing else is touched.

use std::fs;
use std::path::PathBuf;

use sempre_protocol::SessionId;
use sempre_protocol::api::SessionState;
use sempre_protocol::texts::ExitStatus;

use crate::harness::{Server, Setup, is_inexact};

/// What happens to a file.
const DAMAGES: [&str; 4] = ["cut", "flipped", "nul", "gone"];

fn file(server: &Server, id: SessionId, extension: &str) -> PathBuf {
    server.session_dir(id).join(format!("{:020}.{extension}", 0))
}

fn damage(server: &Server, id: SessionId, extension: &str, damage: &str) {
    let path = file(server, id, extension);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    match damage {
        "cut" => bytes.truncate(middle),
        "flipped" => bytes[middle] ^= 1,
        "nul" => bytes[middle..].fill(0),
        _ => return fs::remove_file(path).unwrap(),
    }
    fs::write(path, bytes).unwrap();
}

/// Lines that fill some screens, and the last of them.
const OUTPUT: &str =
    "i=1; while [ $i -le 400 ]; do echo \"line $i of the output\"; i=$((i+1)); done; echo last";

async fn ended(server: &Server) -> SessionId {
    let id = server.script(&format!("{OUTPUT}; exit 3")).await;
    server.ended(id).await;
    id
}

/// A server that was away while `harm` was done.
async fn away(server: &mut Server, harm: impl Fn(&Server)) {
    // In order: what it saw of ends is in the database.
    server.stop();
    harm(server);
    server.start_again();
}

async fn assert_untouched(server: &Server, id: SessionId, output: &[u8]) {
    assert_eq!(server.output(id, 0).await, output);
    let mut viewer = server.attach_screen(id, "").await;
    viewer.until_exit().await;
    assert!(!is_inexact(&viewer));
    assert!(viewer.screen_text().ends_with("last"));
}

/// The rows of the screen that are right, word for word.
fn right_rows(text: &str) -> usize {
    let is_right = |row: &&str| {
        let number = row
            .strip_prefix("line ")
            .and_then(|row| row.strip_suffix(" of the output"));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    text.lines().filter(is_right).count()
}

#[tokio::test]
async fn a_damaged_journal_of_an_ended_session_shows_what_is_good_and_is_marked() {
    let mut server = Setup::new().start();
    let neighbour = ended(&server).await;
    let good = server.output(neighbour, 0).await;
    let mut hurt = Vec::new();
    for damage in DAMAGES {
        hurt.push((damage, ended(&server).await));
    }
    away(&mut server, |server| {
        hurt.iter()
            .for_each(|&(kind, id)| damage(server, id, "out", kind));
    })
    .await;
    for (damage, id) in hurt {
        let info = server.info(id).await;
        assert_eq!(info.state, SessionState::Completed, "{damage}");
        assert_eq!(info.exit, Some(ExitStatus::Code(3)), "{damage}");
        let mut viewer = server.attach_screen(id, "").await;
        viewer.may_miss_the_end = true;
        let exit = viewer.until_exit().await;
        assert_eq!(exit.status, Some(ExitStatus::Code(3)), "{damage}");
        assert!(is_inexact(&viewer), "{damage} {}", viewer.tail());
        let text = viewer.screen_text();
        if damage == "cut" || damage == "flipped" {
            assert!(right_rows(&text) >= 20, "{damage}: {text}");
        }
        // Who wants the bytes gets those there are.
        let answer = server.get(&format!("/api/v1/sessions/{id}/output?from=0")).await;
        assert!(answer.body.len() <= good.len(), "{damage}");
        if damage != "gone" {
            assert_eq!(answer.status, 200, "{damage} {}", answer.text());
            assert!(good.starts_with(&answer.body[..good.len() / 2]), "{damage}");
        }
    }
    assert_untouched(&server, neighbour, &good).await;
}

#[tokio::test]
async fn a_damaged_index_of_an_ended_session_costs_no_output() {
    let mut server = Setup::new().start();
    let neighbour = ended(&server).await;
    let good = server.output(neighbour, 0).await;
    let mut hurt = Vec::new();
    for damage in DAMAGES {
        hurt.push((damage, ended(&server).await));
    }
    away(&mut server, |server| {
        hurt.iter()
            .for_each(|&(kind, id)| damage(server, id, "idx", kind));
    })
    .await;
    for (damage, id) in hurt {
        let info = server.info(id).await;
        assert_eq!(info.state, SessionState::Completed, "{damage}");
        assert_eq!(
            info.exit,
            Some(ExitStatus::Code(3)),
            "{damage}: the database knows"
        );
        assert_eq!(server.output(id, 0).await, good, "{damage}");
        let mut viewer = server.attach_screen(id, "").await;
        viewer.until_exit().await;
        assert!(viewer.screen_text().ends_with("last"), "{damage}");
    }
    assert_untouched(&server, neighbour, &good).await;
}

#[tokio::test]
async fn a_running_session_goes_on_over_damage_in_its_journal_and_index() {
    let mut server = Setup::new().start();
    let neighbour = ended(&server).await;
    let good = server.output(neighbour, 0).await;
    for extension in ["out", "idx"] {
        for kind in ["flipped", "nul"] {
            let id = server.script(&format!("{OUTPUT}; exec sh")).await;
            let mut viewer = server.attach(id, "").await;
            viewer.until_output("last\r\n").await;
            viewer.run("true").await;
            away(&mut server, |server| damage(server, id, extension, kind)).await;
            let mut viewer = server.attach_screen(id, "").await;
            viewer.ping().await;
            viewer.run("echo goes on").await;
            assert!(is_inexact(&viewer), "{extension} {kind} {}", viewer.tail());
            // What clears the screen makes it known again.
            viewer.type_in("printf '\\033[H\\033[2J'\r").await;
            viewer
                .until("an exact screen", |viewer| !is_inexact(viewer))
                .await;
            viewer.type_in("exit 5\r").await;
            assert_eq!(viewer.until_exit().await.status, Some(ExitStatus::Code(5)));
        }
    }
    assert_untouched(&server, neighbour, &good).await;
}
