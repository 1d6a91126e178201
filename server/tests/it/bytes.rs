//! Bytes arrive as they were written, in both directions, all of them.

use std::fs;

use sempre_protocol::texts::{ClientText, ExitStatus, ServerText, Signal};
use serde_json::json;

use crate::harness::{Setup, assert_same, random_bytes};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn every_byte_value_and_8_mib_of_random_bytes_arrive_unchanged() {
    let server = Setup::new().start();
    let file = server.home().join("bytes");
    let mut bytes: Vec<u8> = (0..=255).collect();
    bytes.extend(random_bytes(8 * MIB));
    fs::write(&file, &bytes).unwrap();
    let id = server
        .script(&format!(
            "stty raw -echo; echo ready; read line; exec cat {}",
            file.display()
        ))
        .await;
    let mut live = server.attach(id, "lag=wait").await;
    live.until_output("ready").await;
    live.type_in("\n").await;
    live.until_exit().await;
    bytes.splice(0..0, *b"ready\n");
    assert_same(&live.output, &bytes, "a live viewer's output");
    assert_same(&server.output(id, 0).await, &bytes, "the journal over the API");
    let mut late = server.attach(id, "from=0&lag=wait&acks=1").await;
    late.acks = true;
    late.until_exit().await;
    assert_same(&late.output, &bytes, "a late viewer's output");
}

/// Numbered lines that are shorter than a terminal's line, `bytes` long together.
fn lines(bytes: usize) -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        let width = 40 + number % 3900;
        text.push_str(&format!("{number:x<width$}\n"));
    }
    text
}

#[tokio::test]
async fn a_paste_of_5_mb_arrives_whole() {
    let server = Setup::new().start();
    let file = server.home().join("pasted");
    let id = server
        .script(&format!("cat > {}; echo saved", file.display()))
        .await;
    let mut viewer = server.attach(id, "").await;
    let text = lines(5_000_000);
    assert!(text.lines().all(|line| line.len() < 4000));
    viewer.paste(text.as_bytes()).await;
    viewer.until_acked().await;
    assert_eq!(viewer.acked, text.len() as u64);
    viewer.type_in("\u{4}").await;
    viewer.until_output("saved").await;
    assert_same(&fs::read(&file).unwrap(), text.as_bytes(), "the file");
}

#[tokio::test]
async fn one_long_line_arrives_whole_in_raw_mode() {
    let server = Setup::new().start();
    let file = server.home().join("pasted");
    let line = random_bytes(MIB);
    let script = format!(
        "stty raw -echo; echo ready; head -c {} > {}; echo saved",
        line.len(),
        file.display()
    );
    let id = server.script(&script).await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_output("ready").await;
    viewer.paste(&line).await;
    viewer.until_output("saved").await;
    assert_same(&fs::read(&file).unwrap(), &line, "the file");
}

#[tokio::test]
async fn two_pastes_at_once_both_arrive_whole() {
    let server = Setup::new().start();
    let file = server.home().join("pasted");
    let id = server
        .script(&format!(
            "stty -echo; echo ready; cat > {}; echo saved",
            file.display()
        ))
        .await;
    let mut one = server.attach(id, "").await;
    let mut two = server.attach(id, "").await;
    one.until_output("ready").await;
    let (first, second) = ("1\n".repeat(300_000), "2\n".repeat(300_000));
    tokio::join!(one.paste(first.as_bytes()), two.paste(second.as_bytes()));
    tokio::join!(one.until_acked(), two.until_acked());
    one.type_in("\u{4}").await;
    one.until_output("saved").await;
    let pasted = fs::read(&file).unwrap();
    let count = |byte: u8| pasted.iter().filter(|&&found| found == byte).count();
    assert_eq!(
        (count(b'1'), count(b'2'), count(b'\n')),
        (300_000, 300_000, 600_000)
    );
}

#[tokio::test]
async fn a_paste_into_a_program_that_does_not_read_blocks_nobody() {
    let server = Setup::new().start();
    let script = "stty raw -echo isig; (while :; do echo tick; sleep 0.02; done) & exec sleep 600";
    let id = server.script(script).await;
    let mut pasting = server.attach(id, "").await;
    let mut watching = server.attach(id, "").await;
    pasting.until_output("tick").await;
    let window = usize::try_from(pasting.hello.input_window).unwrap();
    pasting.say(&ClientText::Typing).await;
    for piece in lines(window).into_bytes()[..window].chunks(32 * 1024) {
        pasting.report(piece).await;
    }
    pasting.until_output("tick").await;
    assert!(pasting.acked < pasting.sent, "the terminal is full");
    // Output, sizes, pings go on for everyone, though nothing more can be typed.
    for _ in 0..3 {
        watching.until_output("tick").await;
    }
    watching.say(&ClientText::Resize { cols: 90, rows: 30 }).await;
    watching.ping().await;
    pasting.ping().await;
    pasting.say(&ClientText::Resize { cols: 91, rows: 31 }).await;
    let resized = |text: &ServerText| matches!(text, ServerText::Resized { cols: 91, .. }).then_some(());
    pasting.until_text("the new size", resized).await;
    pasting.say(&ClientText::Signal { signal: Signal::Int }).await;
    assert_eq!(watching.until_exit().await.status, Some(ExitStatus::Signal(2)));
}

#[tokio::test]
async fn a_session_whose_terminal_is_full_can_be_ended() {
    let server = Setup::new().start();
    let id = server.create(json!({ "cmd": ["sleep", "600"] })).await;
    let mut viewer = server.attach(id, "").await;
    let window = usize::try_from(viewer.hello.input_window).unwrap();
    viewer.report(&lines(window).into_bytes()[..window]).await;
    viewer.ping().await;
    server.delete(id).await;
    assert_eq!(viewer.until_exit().await.reason, "ended");
}

#[tokio::test]
async fn text_pending_when_the_program_that_did_not_read_is_interrupted_is_thrown_away() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "bash" })).await;
    let mut viewer = server.attach(id, "").await;
    viewer.type_in("sh -c 'echo run''ning; exec sleep 600'\r").await;
    viewer.until_output("running\r\n").await;
    let line = format!(": {}\r", "x".repeat(1000));
    viewer.type_in("echo from the ker''nel\r").await;
    viewer.paste(line.repeat(100).as_bytes()).await;
    viewer.type_in("echo from the hol''der\r").await;
    viewer.say(&ClientText::Signal { signal: Signal::Int }).await;
    viewer.until_acked().await;
    // It counts as typed: the next byte follows it, on this connection and on the next.
    let (writer, sent) = (viewer.hello.writer, viewer.sent);
    let mut viewer = server.attach(id, &format!("writer={writer}")).await;
    assert_eq!(viewer.hello.input_offset.0, sent);
    viewer.type_in("echo after''wards\r").await;
    viewer.until_output("afterwards\r\n").await;
    let output = server.output_text(id).await;
    assert!(
        !output.contains("from the kernel") && !output.contains("from the holder"),
        "{output}"
    );
}
