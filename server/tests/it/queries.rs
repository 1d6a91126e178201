//! What programs ask of their terminal is answered by the server: once, also while nobody is attached, and never
//! again when output is replayed.

use sempre_protocol::SessionId;
use sempre_protocol::colours::Theme;
use sempre_protocol::texts::ClientText;
use serde_json::json;

use crate::harness::{Server, Setup};

/// A script that asks `query`, then prints what it was told in hexadecimal digits, `count` bytes of it, and after
/// that whatever else comes until a line end.
fn asks(query: &str, count: usize) -> String {
    format!(
        "stty raw -echo; printf '{query}'; head -c {count} | od -An -tx1 | tr -d ' \\n'; \
         echo; echo ready; head -c 1 | od -An -tx1; stty sane; echo over"
    )
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits until the program was told `answer`, and nothing after it but the key typed here.
async fn answered_once(server: &Server, id: SessionId, answer: &str) {
    let mut viewer = server.attach(id, "").await;
    viewer.until_output("ready").await;
    let told = String::from_utf8_lossy(&viewer.output).into_owned();
    assert!(told.contains(&hex(answer)), "{answer:?} in {told}");
    viewer.type_in("k").await;
    viewer.until_output("6b").await;
    viewer.until_output("over").await;
    let told = String::from_utf8_lossy(&viewer.output);
    assert_eq!(told.matches("6b").count(), 1, "{told}");
}

const DA1: &str = "\\033[c";
const CPR: &str = "\\r\\n  \\033[6n";

#[tokio::test]
async fn a_query_before_the_first_attach_is_answered() {
    let server = Setup::new().start();
    for (query, answer) in [(DA1, "\x1b[?1;2c"), (CPR, "\x1b[2;3R"), ("\\033[5n", "\x1b[0n")] {
        let id = server.script(&asks(query, answer.len())).await;
        answered_once(&server, id, answer).await;
    }
}

#[tokio::test]
async fn two_viewers_bring_one_answer() {
    let server = Setup::new().start();
    let id = server.script(&format!("read line; {}", asks(DA1, 7))).await;
    let mut first = server.attach(id, "").await;
    let _second = server.attach_screen(id, "acks=1&lag=skip").await;
    first.type_in("\r").await;
    answered_once(&server, id, "\x1b[?1;2c").await;
}

#[tokio::test]
async fn nothing_is_answered_again_after_a_restart_or_a_reattach() {
    let mut server = Setup::new().start();
    let id = server.script(&asks(DA1, 7)).await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_output("ready").await;
    for kill in [true, false] {
        if kill {
            server.kill();
        } else {
            server.stop();
        }
        server.start_again();
        // The whole screen is rebuilt from the first byte.
        let mut viewer = server.attach_screen(id, "").await;
        viewer.until_shown("ready").await;
    }
    answered_once(&server, id, "\x1b[?1;2c").await;
}

#[tokio::test]
async fn a_query_that_waited_too_long_for_a_server_is_not_answered() {
    let mut server = Setup::new().start();
    let go = server.home().join("go");
    let script = format!(
        "while [ ! -e {} ]; do sleep 0.05; done; {}",
        go.display(),
        asks("\\033[c", 1)
    );
    let id = server.script(&script).await;
    server.kill();
    std::fs::write(&go, "").unwrap();
    let journal = server.session_dir(id).join("00000000000000000000.out");
    crate::harness::eventually("the query in the journal", || async {
        (std::fs::metadata(&journal).unwrap().len() > 0).then_some(())
    })
    .await;
    // Longer than a program waits for its terminal.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    server.start_again();
    let mut viewer = server.attach_screen(id, "").await;
    viewer.type_in("k").await;
    viewer.until_output(&hex("k")).await;
    viewer.until_output("ready").await;
}

#[tokio::test]
async fn a_query_in_the_middle_of_a_flood_is_answered() {
    let server = Setup::new().start();
    let script = format!(
        "seq 1 300000; stty raw -echo; printf '\\033[c'; head -c 7 | od -An -tx1 | tr -d ' \\n'; stty sane; {}",
        "echo; echo over"
    );
    let id = server.script(&script).await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_output(&hex("\x1b[?1;2c")).await;
    viewer.until_output("over").await;
}

#[tokio::test]
async fn colours_are_those_of_who_types() {
    let server = Setup::new().start();
    let answer = "\x1b]11;rgb:1a1a/1b1b/2626\x1b\\";
    let id = server
        .script(&format!(
            "read line; {}",
            asks("\\033]11;?\\033\\\\", answer.len())
        ))
        .await;
    let mut other = server.attach(id, "").await;
    let mut typist = server.attach(id, "").await;
    let theme = |background: &str| -> Theme {
        let colours: Vec<_> = (0..16).map(|n| format!("#0000{n:02x}")).collect();
        serde_json::from_value(json!({
            "foreground": "#c0caf5", "background": background, "cursor": "#ffffff", "ansi": colours,
        }))
        .unwrap()
    };
    other.say(&ClientText::Theme(theme("#ffffff"))).await;
    typist.say(&ClientText::Theme(theme("#1a1b26"))).await;
    other.ping().await;
    typist.ping().await;
    typist.type_in("\r").await;
    answered_once(&server, id, answer).await;
}

#[tokio::test]
async fn a_shell_that_asks_at_its_prompt_has_no_junk_on_its_line_after_a_reattach() {
    let mut server = Setup::new().start();
    let id = server.create(json!({ "shell": "bash" })).await;
    let mut viewer = server.attach_screen(id, "").await;
    viewer
        .run("PS1='$(printf \"\\033[6n\\033[c\\033]11;?\\033\\\\\\\\\")> '; bind 'set enable-bracketed-paste off'")
        .await;
    for _ in 0..3 {
        viewer.type_in("\r").await;
    }
    viewer.until_acked().await;
    drop(viewer);
    server.kill();
    server.start_again();
    let mut viewer = server.attach_screen(id, "").await;
    let mut second = server.attach_screen(id, "").await;
    second.ping().await;
    viewer.type_in("\u{15}").await;
    viewer.run("PS1='$ '; true").await;
    viewer.run("echo clean").await;
    let text = viewer.screen_text();
    assert!(
        !text.contains("command not found") || text.contains("clean"),
        "{text}"
    );
    viewer.type_in("echo [end]\r").await;
    viewer.until_shown("$ echo [end]\n[end]").await;
}
