//! `attach` and `open` in a real terminal.

use rustix::process::Signal;
use sempre_protocol::Size;
use serde_json::json;

use crate::harness::{Server, Setup};
use crate::program::{at_once, sempre};
use crate::terminal::Terminal;

/// Prints what it is given, a line at a time.
const REPEAT: &str = "echo ready; while read x; do echo \"got $x\"; done; exit 3";
const DETACH: &[u8] = b"\x1cd";

async fn attached(server: &Server, script: &str, words: &[&str]) -> (String, Terminal) {
    let id = server.script(script).await.to_string();
    let words = [&["attach", id.as_str()][..], words].concat();
    let terminal = Terminal::run(server, &words);
    (id, terminal)
}

#[tokio::test]
async fn d1_attach_shows_the_screen_takes_keys_and_detaches() {
    let server = Setup::new().start();
    let (id, mut terminal) = attached(&server, REPEAT, &[]).await;
    terminal.until_shown("ready\n");
    assert!(!terminal.is_itself(), "keys go to the session, one by one");
    assert!(
        terminal
            .all_lines()
            .iter()
            .any(|line| line.contains("detach with Ctrl-\\ d"))
    );
    terminal.press(b"one\r");
    terminal.until_shown("got one\n");
    terminal.press(DETACH);
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_itself());
    assert!(
        terminal.screen().contains(&format!("sempre attach {}", &id[..8])),
        "{}",
        terminal.screen()
    );
    let mut again = Terminal::run(&server, &["attach", &id]);
    again.until_shown("ready\none\ngot one\n");
    again.press(b"\x04");
    assert_eq!(again.end(), 3, "the session's exit code");
    assert!(again.is_itself() && again.screen().contains("exited with code 3"));
}

#[tokio::test]
async fn the_terminal_is_itself_again_whatever_ends_it() {
    let server = Setup::new().start();
    let script = "printf '\\033[?1049h\\033[?1003h\\033[?2004h\\033[?25lall of it'; exec cat";
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let (id, mut terminal) = attached(&server, script, &[]).await;
        terminal.until_shown("all of it");
        assert!(terminal.engine().is_alternate() && !terminal.engine().is_cursor_visible());
        terminal.signal(signal);
        assert_eq!(terminal.end(), 128 + u32::try_from(signal.as_raw()).unwrap());
        assert!(terminal.is_itself());
        let engine = terminal.engine();
        assert!(!engine.is_alternate() && engine.is_cursor_visible() && !engine.is_paste_bracketed());
        sempre(&server, &["rm", "--force", &id]).ok();
    }
    let (id, mut terminal) = attached(&server, script, &[]).await;
    terminal.until_shown("all of it");
    sempre(&server, &["stop", &id]).ok();
    assert_eq!(terminal.end(), 129, "the session was ended by SIGHUP");
    assert!(terminal.is_itself() && !terminal.engine().is_alternate());
}

#[tokio::test]
async fn it_survives_the_server_and_loses_no_key() {
    let mut server = Setup::new().start();
    let (_, mut terminal) = attached(&server, REPEAT, &[]).await;
    terminal.until_shown("ready\n");
    terminal.press(b"one\r");
    terminal.until_shown("got one\n");
    server.kill();
    terminal.press(b"two\r");
    terminal.until_shown("sempre: the server does not answer");
    server.start_again();
    terminal.until_shown("got two\n");
    terminal.until("the notice to go", |terminal| {
        !terminal.screen().contains("does not answer")
    });
    assert!(
        terminal.screen().contains("ready\none\ngot one\ntwo\ngot two\n"),
        "{}",
        terminal.screen()
    );
    server.stop();
    server.start_again();
    terminal.press(b"three\r");
    terminal.until_shown("got three\n");
    server.kill();
    terminal.press(DETACH);
    assert_eq!(terminal.end(), 0, "without a server too");
    assert!(terminal.is_itself());
    server.start_again();
}

#[tokio::test]
async fn no_line_is_lost_or_doubled_while_the_server_comes_and_goes() {
    const COUNT: usize = 60_000;
    let mut server = Setup::new().start();
    let script = format!("read x; seq 1 {COUNT}; echo end; exec cat");
    let (_, mut terminal) = attached(&server, &script, &[]).await;
    terminal.until("the terminal to be raw", |terminal| !terminal.is_itself());
    terminal.press(b"\r");
    for part in [COUNT / 10, COUNT / 2] {
        terminal.until("a part of the lines", |terminal| {
            let shown = terminal.screen();
            let numbers = shown.lines().filter_map(|line| line.parse::<usize>().ok());
            shown.contains("end") || numbers.max().is_some_and(|number| number > part)
        });
        server.kill();
        server.start_again();
    }
    terminal.until_shown("end\n");
    let numbers = terminal
        .all_lines()
        .into_iter()
        .filter_map(|line| line.parse::<usize>().ok());
    assert!(numbers.eq(1..=COUNT), "each line once, in order");
}

#[tokio::test]
async fn the_session_has_the_size_of_who_types_and_readers_change_nothing() {
    let server = Setup::new().start();
    let (id, mut terminal) = attached(&server, REPEAT, &[]).await;
    let id = id.parse().unwrap();
    terminal.until_shown("ready\n");
    terminal.resize(Size::new(100, 30));
    server
        .until(id, "the new size", |info| (info.cols, info.rows) == (100, 30))
        .await;
    let mut reader = Terminal::run(&server, &["attach", "--read-only", &id.to_string()]);
    reader.until_shown("ready\n");
    reader.press(b"nothing\r");
    reader.resize(Size::new(60, 20));
    terminal.press(b"one\r");
    reader.until_shown("got one\n");
    terminal.until_shown("ready\none\ngot one\n");
    let info = server.info(id).await;
    assert_eq!((info.cols, info.rows, info.viewers), (100, 30, 2));
    let mut other = Terminal::run(&server, &["attach", "--detach-key", "ctrl-a d", &id.to_string()]);
    other.until_shown("got one\n");
    other.press(b"two\r");
    server
        .until(id, "the size of who typed last", |info| {
            (info.cols, info.rows) == (80, 24)
        })
        .await;
    terminal.until_shown("got two\n");
    other.press(b"\x1cd\x01d");
    assert_eq!(other.end(), 0);
    reader.press(DETACH);
    assert_eq!(reader.end(), 0);
}

#[tokio::test]
async fn questions_of_programs_are_not_asked_again() {
    let server = Setup::new().start();
    let script =
        "printf 'a\\033[c\\033[6n\\033]11;?\\007b\\n'; read -r x; printf 'c\\033[c\\033[>qd\\n'; exec cat";
    let (_, mut terminal) = attached(&server, script, &[]).await;
    terminal.until_shown("ab\n");
    terminal.press(b"\r");
    terminal.until_shown("cd");
    let said = String::from_utf8_lossy(&terminal.bytes).into_owned();
    for question in ["\u{1b}[c", "\u{1b}[6n", "]11;?", "\u{1b}[>q"] {
        assert!(!said.contains(question), "{question:?} in {said:?}");
    }
}

#[tokio::test]
async fn d6_who_attaches_to_an_ended_session_is_told_why() {
    let server = Setup::new().start();
    let id = server.script("seq 1 30; echo no such agent; exit 4").await;
    server.ended(id).await;
    let id = &id.to_string();
    for words in [["attach", id], ["attach", &id[..8]]] {
        let said = sempre(&server, &words);
        let text = said.failed(6);
        for part in [
            "exited with code 4 at 2",
            "\n12\n",
            "\nno such agent\n",
            "sempre restart",
        ] {
            assert!(text.contains(part), "{part:?} in {text}");
        }
    }
    let running = server.script("exec cat").await.to_string();
    let said = sempre(&server, &["attach", &running]);
    assert!(said.failed(1).contains("terminal"), "{said:?}");
}

#[tokio::test]
async fn d1_open_starts_a_session_of_the_terminals_size_and_resumes_it() {
    let server = Setup::new().start();
    let mut terminal = Terminal::run(&server, &["open", "--", "sh", "-c", REPEAT]);
    terminal.until_shown("ready\n");
    let info = server.list().await.remove(0);
    assert_eq!((info.cols, info.rows, info.ttl), (80, 24, None));
    terminal.press(DETACH);
    assert_eq!(terminal.end(), 0);
    let id = info.session_id.to_string();
    let mut resumed = Terminal::run(&server, &["open", "--resume", &id[..8]]);
    resumed.until_shown("ready\n");
    resumed.press(b"\x04");
    assert_eq!(resumed.end(), 3);
    let mut again = Terminal::run(&server, &["open", "--resume", &id]);
    again.until_shown("ready\n");
    let sessions = server.list().await;
    let restarted = sessions.iter().find(|info| info.restarted_from.is_some());
    assert_eq!(restarted.unwrap().restarted_from, Some(info.session_id));
}

#[tokio::test]
async fn d1_open_starts_agents_by_name_or_a_shell() {
    let server = Setup::new().arg("--shell").arg("/bin/sh").start();
    let directory = server.home().join(".config/sempre");
    std::fs::create_dir_all(&directory).unwrap();
    let agents = "[agents]\n\
        default = [\"sh\", \"-c\", \"echo $0, profile $PROFILE; exec cat\", \"the agent\"]\n\
        other = \"echo the other; exec cat\"\n";
    std::fs::write(directory.join("sempre.toml"), agents).unwrap();
    std::fs::write(server.home().join(".profile"), "export PROFILE=read\n").unwrap();
    for (words, shown) in [
        (&["open"][..], "the agent, profile read\n"),
        (&["open", "--agent", "other"], "the other\n"),
        (
            &["open", "--", "sh", "-c", "echo a command; exec cat"],
            "a command\n",
        ),
    ] {
        let mut terminal = Terminal::run(&server, words);
        terminal.until_shown(shown);
        terminal.press(DETACH);
        assert_eq!(terminal.end(), 0, "{words:?}");
    }
    let mut shell = Terminal::run(&server, &["open", "--no-agent"]);
    shell.until("the terminal to be raw", |terminal| !terminal.is_itself());
    shell.press(b"echo $((6 * 7)); exit 5\r");
    assert_eq!(shell.end(), 5);
    // The words about the end may have moved it off the screen.
    assert!(shell.all_lines().contains(&"42".to_owned()), "{}", shell.screen());
    let mut unknown = Terminal::run(&server, &["open", "--agent", "nobody"]);
    assert_eq!(unknown.end(), 1);
    assert!(
        unknown.screen().contains("known are default, other"),
        "{}",
        unknown.screen()
    );
}

#[tokio::test]
async fn d5_open_and_resume_tell_of_an_early_exit() {
    let server = Setup::new().start();
    let early = |words: &[&str]| {
        let run = || {
            let mut terminal = Terminal::run(&server, words);
            (terminal.end(), terminal.screen())
        };
        at_once(run, |(code, _)| *code == 1)
    };
    let (code, said) = early(&["open", "--", "sh", "-c", "echo no such agent; exit 3"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("exited immediately (exit code: 3)") && said.contains("\nno such agent\n"),
        "{said}"
    );
    let id = server.list().await.remove(0).session_id.to_string();
    let (code, said) = early(&["open", "--resume", &id]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("exit code: 3"), "{said}");
    let sessions = server.list().await.len();
    let said = sempre(&server, &["open", "--", "cat"]);
    assert!(said.failed(1).contains("terminal"), "{said:?}");
    assert_eq!(
        server.list().await.len(),
        sessions,
        "nothing was started that nobody sees"
    );
}

#[tokio::test]
async fn a_session_does_not_attach_to_itself() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "bash" })).await.to_string();
    let (program, data_dir) = (env!("CARGO_BIN_EXE_sempre"), server.dir().data());
    let command = format!("'{program}' attach {id} --data-dir '{}'", data_dir.display());
    let ran = sempre(&server, &["run", &id, &command]);
    assert!(ran.stdout.contains("showing itself"), "{ran:?}");
    assert_eq!(ran.code, 1);
}
