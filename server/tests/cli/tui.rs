//! `tui` in a real terminal, against a real server (T9).

use rustix::process::Signal;
use sempre_protocol::Size;
use sempre_protocol::api::{SessionInfo, SessionState};
use serde_json::json;

use crate::harness::{Server, Setup, eventually};
use crate::program::{key_file, sempre};
use crate::terminal::Terminal;

/// Prints what it is given, a line at a time.
const REPEAT: &str = "echo ready; while read x; do echo \"got $x\"; done; exit 3";
const DETACH: &[u8] = b"\x1cd";

fn tui(server: &Server) -> Terminal {
    let mut terminal = Terminal::run(server, &["tui"]);
    terminal.until_shown("? help  q quit");
    terminal
}

fn row_of(terminal: &Terminal, id: &str) -> String {
    let screen = terminal.screen();
    let row = screen.lines().find(|line| line.contains(&id[..8]));
    row.unwrap_or_default().to_owned()
}

fn until_row(terminal: &mut Terminal, id: &str, holds: &str) {
    let what = format!("{holds:?} beside {}", &id[..8]);
    terminal.until(&what, |terminal| row_of(terminal, id).contains(holds));
}

/// Presses Enter and waits until keys go to the session; `times` counts how often this was done.
fn attach(terminal: &mut Terminal, times: usize) {
    terminal.press(b"\r");
    terminal.until("the session", |terminal| {
        // It is said while the terminal is itself, between the list and the session.
        let said = String::from_utf8_lossy(&terminal.bytes);
        said.matches("; detach with Ctrl-").count() == times && !terminal.is_itself()
    });
}

/// That the terminal is as a shell wants it.
#[track_caller]
fn is_restored(terminal: &Terminal) {
    let engine = terminal.engine();
    assert!(terminal.is_itself());
    assert!(!engine.is_alternate() && engine.is_cursor_visible() && !engine.is_paste_bracketed());
}

/// Waits for the one session that is like that.
async fn one(server: &Server, what: &str, wanted: impl Fn(&SessionInfo) -> bool) -> SessionInfo {
    let found = || async { server.list().await.into_iter().find(|info| wanted(info)) };
    eventually(what, found).await
}

#[tokio::test]
async fn t9_the_list_shows_what_happens_elsewhere() {
    let server = Setup::new().start();
    let mut terminal = tui(&server);
    assert!(!terminal.is_itself() && terminal.engine().is_alternate());
    terminal.until_shown("no session yet; n starts one");
    let id = server.script("read x; exit 3").await;
    let info = server.info(id).await;
    let id = id.to_string();
    for part in [
        "active",
        &info.shell,
        &info.pid.unwrap().to_string(),
        "80x24",
        "ok",
    ] {
        until_row(&mut terminal, &id, part);
    }
    terminal.until_shown("1 session, 1 run");
    terminal.until_shown("server 0.");
    let screen = terminal.screen();
    for heading in ["ID", "SHELL", "PID", "SIZE", "UPTIME", "USED", "HEALTH"] {
        assert!(screen.contains(heading), "{heading} in {screen}");
    }
    sempre(&server, &["send", &id, "--enter", "bye"]).ok();
    until_row(&mut terminal, &id, "exited 3");
    sempre(&server, &["rm", &id]).ok();
    terminal.until_shown("no session yet");
    terminal.press(b"q");
    assert_eq!(terminal.end(), 0);
    is_restored(&terminal);
    assert!(!terminal.screen().contains("Sempre"), "the screen is as it was");
}

#[tokio::test]
async fn t9_figures_grow_without_events() {
    let server = Setup::new().start();
    let id = server.script("exec cat").await.to_string();
    let mut terminal = tui(&server);
    until_row(&mut terminal, &id, "active");
    let first = row_of(&terminal, &id);
    terminal.until("another time", |terminal| row_of(terminal, &id) != first);
}

#[tokio::test]
async fn t9_a_filter_leaves_what_is_like_it() {
    let server = Setup::new().start();
    let mut ids = Vec::new();
    for name in ["alpha", "beta"] {
        let request = json!({ "cmd": ["cat"], "labels": { "name": name } });
        ids.push(server.create(request).await.to_string());
    }
    let mut terminal = tui(&server);
    until_row(&mut terminal, &ids[0], "alpha");
    until_row(&mut terminal, &ids[1], "beta");
    terminal.press(b"/ALP");
    terminal.until("only one", |terminal| row_of(terminal, &ids[1]).is_empty());
    assert!(terminal.screen().contains("filter: ALP"), "{}", terminal.screen());
    assert!(row_of(&terminal, &ids[0]).starts_with("> "), "it is selected");
    terminal.press(b"\r");
    terminal.until_shown("filter: ALP - 1 session");
    terminal.press(b"\x1b");
    until_row(&mut terminal, &ids[1], "beta");
}

#[tokio::test]
async fn t9_a_session_is_made_attached_to_and_come_back_from() {
    let server = Setup::new().start();
    let mut terminal = tui(&server);
    terminal.press(b"n");
    terminal.until_shown("New session");
    terminal.press(b"my work\t");
    terminal.press(REPEAT.as_bytes());
    terminal.press(b"\r");
    terminal.until_shown("started; Enter attaches");
    let info = one(&server, "the session", |_| true).await;
    assert_eq!(info.labels.get("name").map(String::as_str), Some("my work"));
    assert_eq!((info.cols, info.rows, info.ttl), (80, 24, None));
    assert_eq!(info.cwd, server.home().canonicalize().unwrap().to_str().unwrap());
    let id = info.session_id.to_string();
    until_row(&mut terminal, &id, "my work");
    for (times, line) in (1..).zip(["one", "two"]) {
        attach(&mut terminal, times);
        terminal.until_shown("ready\n");
        assert!(
            !terminal.engine().is_alternate(),
            "the session has the terminal's own screen"
        );
        terminal.press(format!("{line}\r").as_bytes());
        terminal.until_shown(&format!("got {line}\n"));
        terminal.press(DETACH);
        terminal.until_shown(&format!("detached from {}", &id[..8]));
        assert!(terminal.engine().is_alternate() && !terminal.is_itself());
        assert!(!terminal.screen().contains("ready"), "{}", terminal.screen());
    }
    attach(&mut terminal, 3);
    terminal.press(b"\x04");
    terminal.until_shown(&format!("{} exited with code 3", &id[..8]));
    until_row(&mut terminal, &id, "exited 3");
    terminal.press(b"\r");
    // Why there is nothing to attach to takes more than a row.
    terminal.until_shown("got two");
    terminal.until_shown("sempre restart");
    terminal.press(b"q");
    until_row(&mut terminal, &id, "exited 3");
    terminal.press(b"q");
    assert_eq!(terminal.end(), 0);
    is_restored(&terminal);
}

#[tokio::test]
async fn t9_sessions_are_ended_started_again_and_removed_after_a_yes() {
    let server = Setup::new().start();
    let first = server.script("exec cat").await;
    let id = first.to_string();
    let mut terminal = tui(&server);
    until_row(&mut terminal, &id, "active");
    terminal.press(b"e");
    terminal.until_shown("End it?");
    terminal.press(b"n");
    terminal.until_shown("nothing was done");
    assert_eq!(server.info(first).await.state, SessionState::Active);
    terminal.press(b"e");
    terminal.until_shown("End it?");
    terminal.press(b"y");
    terminal.until_shown("was killed by signal 1");
    until_row(&mut terminal, &id, "signal 1");
    terminal.press(b"r");
    terminal.until_shown("Start it again?");
    terminal.press(b"y");
    terminal.until_shown("started; Enter attaches");
    let again = one(&server, "the new one", |info| info.restarted_from == Some(first)).await;
    let again = again.session_id.to_string();
    until_row(&mut terminal, &again, "> ");
    terminal.press(b"d");
    terminal.until_shown("It still runs");
    terminal.press(b"y");
    terminal.until_shown(&format!("{} removed", &again[..8]));
    until_row(&mut terminal, &id, "> ");
    terminal.press(b"\x1b[3~");
    terminal.until_shown("Remove it?");
    terminal.press(b"y");
    terminal.until_shown("no session yet");
    assert!(server.list().await.is_empty());
}

#[tokio::test]
async fn t9_details_health_and_help_are_pages() {
    let server = Setup::new().start();
    let id = server.script("exec cat # the whole command").await.to_string();
    let mut terminal = tui(&server);
    until_row(&mut terminal, &id, "active");
    terminal.press(b"i");
    terminal.until_shown(&id);
    terminal.until_shown("exec cat # the whole command");
    terminal.press(b"\x1b");
    until_row(&mut terminal, &id, "active");
    terminal.press(b"h");
    terminal.until_shown("holder program");
    terminal.press(b"q");
    until_row(&mut terminal, &id, "active");
    terminal.press(b"?");
    terminal.until_shown("remove it with its output");
    assert!(
        terminal.screen().contains("detach with Ctrl-\\ d"),
        "{}",
        terminal.screen()
    );
}

#[tokio::test]
async fn t9_it_fits_the_terminal_whatever_its_size() {
    let server = Setup::new().start();
    let id = server.script("exec cat").await.to_string();
    let mut terminal = tui(&server);
    until_row(&mut terminal, &id, "active");
    terminal.resize(Size::new(40, 10));
    terminal.until("the small list", |terminal| {
        let screen = terminal.screen();
        screen.lines().nth(9) == Some("? help  q quit  Enter attach  n new") && !screen.contains("HEALTH")
    });
    until_row(&mut terminal, &id, "active");
    terminal.resize(Size::new(120, 40));
    terminal.until("the large list", |terminal| {
        terminal
            .screen()
            .lines()
            .nth(39)
            .is_some_and(|row| row.contains("? help"))
    });
    until_row(&mut terminal, &id, "80x24");
    terminal.resize(Size::new(30, 8));
    terminal.until_shown("30x8");
    // Keys come in their order: were the first heeded, the session would have the second.
    terminal.press(b"\rq");
    assert_eq!(terminal.end(), 0);
    assert_eq!(server.list().await[0].viewers, 0, "nothing was done unseen");
}

#[tokio::test]
async fn t9_colours_are_left_out_if_they_are_not_wanted() {
    let server = Setup::new().start();
    let id = server.script("exit 3").await;
    server.ended(id).await;
    let coloured = |env: &[(&str, &str)]| {
        let mut terminal = Terminal::run_with(&server, &["tui"], env);
        terminal.until_shown("? help  q quit");
        terminal.press(b"q");
        assert_eq!(terminal.end(), 0);
        let text = String::from_utf8_lossy(&terminal.bytes).into_owned();
        let codes = text
            .split("\x1b[")
            .skip(1)
            .filter_map(|part| part.split_once('m'));
        // 39 and 49 are the terminal's own.
        let colour = |code: &str| {
            let digits: Vec<_> = code.split(';').collect();
            digits
                .iter()
                .any(|code| matches!(code.parse(), Ok(30..=38 | 40..=48 | 90..=107)))
        };
        codes.map(|(code, _)| code.to_owned()).any(|code| colour(&code))
    };
    assert!(coloured(&[]));
    assert!(!coloured(&[("NO_COLOR", "1")]));
}

#[tokio::test]
async fn t9_what_is_no_terminal_is_refused() {
    let server = Setup::new().start();
    let said = sempre(&server, &["tui"]);
    assert!(said.failed(1).contains("sempre list"), "{said:?}");
    assert!(said.stdout.is_empty());
    let mut terminal = Terminal::run_with(&server, &["tui"], &[("TERM", "dumb")]);
    assert_eq!(terminal.end(), 1);
    assert!(terminal.screen().contains("TERM=dumb"), "{}", terminal.screen());
    let said = terminal.screen().replace('\n', "");
    assert!(said.contains("sempre list"), "{said}");
}

#[tokio::test]
async fn t9_it_survives_the_server() {
    let mut server = Setup::new().start();
    let id = server.script("exec cat").await.to_string();
    let mut terminal = tui(&server);
    until_row(&mut terminal, &id, "active");
    server.kill();
    terminal.until_shown("not connected, trying again");
    assert!(
        terminal.screen().contains("NOT CONNECTED"),
        "{}",
        terminal.screen()
    );
    until_row(&mut terminal, &id, "active");
    terminal.press(b"ny\x1b");
    server.start_again();
    terminal.until("the connection", |terminal| {
        !terminal.screen().contains("trying again") && terminal.screen().contains("server 0.")
    });
    let other = server.script("exec cat").await.to_string();
    until_row(&mut terminal, &other, "active");
    server.stop();
    terminal.until_shown("not connected, trying again");
    terminal.press(b"q");
    assert_eq!(terminal.end(), 0, "without a server too");
    is_restored(&terminal);
    let mut terminal = Terminal::run(&server, &["tui"]);
    assert_eq!(terminal.end(), 3);
    assert!(
        terminal.screen().contains("sempre serve"),
        "{}",
        terminal.screen()
    );
    server.start_again();
}

#[tokio::test]
async fn t9_the_terminal_is_itself_again_whatever_ends_it() {
    let server = Setup::new().start();
    server.script("exec cat").await;
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let mut terminal = tui(&server);
        terminal.signal(signal);
        assert_eq!(terminal.end(), 128 + u32::try_from(signal.as_raw()).unwrap());
        is_restored(&terminal);
    }
    let mut terminal = tui(&server);
    terminal.press(b"\x03");
    assert_eq!(terminal.end(), 0);
    is_restored(&terminal);
    let mut terminal = tui(&server);
    attach(&mut terminal, 1);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.end(), 128 + 15, "while a session is attached too");
    is_restored(&terminal);
}

#[tokio::test]
async fn t9_what_programs_chose_does_not_reach_the_terminal_as_sequences() {
    let server = Setup::new().start();
    let hostile = "\u{1b}]2;owned\u{7}\u{9b}31mred\u{202e}";
    let cwd = server.home().join(hostile);
    std::fs::create_dir(&cwd).unwrap();
    let request = json!({ "cmd": ["sh", "-c", format!("exec cat # {hostile}")], "cwd": cwd });
    let id = server.create(request).await.to_string();
    let mut terminal = tui(&server);
    until_row(&mut terminal, &id, "active");
    terminal.press(b"e");
    terminal.until_shown("End it?");
    terminal.press(b"ni");
    terminal.until_shown("exec cat # \u{fffd}]2;owned");
    let said = String::from_utf8_lossy(&terminal.bytes).into_owned();
    for part in ["\u{1b}]", "\u{7}", "\u{9b}", "\u{202e}"] {
        assert!(!said.contains(part), "{part:?} in {said:?}");
    }
}

#[tokio::test]
async fn t9_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    const LIST: &str = "? help  q quit";
    const CLEAR: &str = "printf '\\033[H\\033[2J'";
    const MODES: &str = "stty -a | grep -o '[-]*icanon\\|[-]*echo ' | tr '\\n' ,";
    let server = Setup::new().start();
    let mut terminal = Terminal::shell(&server);
    terminal.until_shown("shell>");
    terminal.press(b"echo before; \"$SEMPRE\" tui\r");
    for round in 1..=2 {
        terminal.until_shown(LIST);
        assert!(terminal.engine().is_alternate() && !terminal.is_itself());
        terminal.press(b"\x1a");
        terminal.until_shown("Stopped");
        let engine = terminal.engine();
        assert!(!engine.is_alternate() && engine.is_cursor_visible());
        assert!(terminal.screen().contains("before\n"), "{}", terminal.screen());
        // The shell edits its lines itself: what a program gets is asked of one.
        terminal.press(format!("{CLEAR}; {MODES}; echo round{round}\r").as_bytes());
        terminal.until_shown(&format!(",echo ,round{round}"));
        assert!(
            terminal.screen().contains("icanon,echo ,"),
            "{}",
            terminal.screen()
        );
        assert!(!terminal.screen().contains("-icanon"), "{}", terminal.screen());
        terminal.press(format!("{CLEAR}; echo before; fg\r").as_bytes());
    }
    // Meanwhile it is kept up again.
    terminal.until_shown(LIST);
    let id = server.script("exec cat").await.to_string();
    until_row(&mut terminal, &id, "active");
    terminal.press(b"q");
    // What is typed before the terminal is itself again is thrown away with what was typed for the list.
    terminal.until_shown("\"$SEMPRE\" tui\nshell>");
    assert!(!terminal.engine().is_alternate());
    terminal.press(b"echo left with $?\r");
    terminal.until_shown("left with 0");
    terminal.press(b"exit 4\r");
    assert_eq!(terminal.end(), 4);
}

#[tokio::test]
async fn t9_it_works_with_a_server_elsewhere() {
    let server = Setup::new().start();
    let file = key_file(&server, "key", &server.token());
    let url = format!("http://{}/", server.address());
    let mut terminal = Terminal::run_with(
        &server,
        &["tui", "--url", &url, "--key-file", &file],
        &[("SEMPRE_DATA_DIR", "/nonexistent")],
    );
    terminal.until_shown("no session yet");
    terminal.press(b"n\tcat\r");
    terminal.until_shown("started; Enter attaches");
    let info = one(&server, "the session", |_| true).await;
    assert_eq!(info.cmd, ["cat"]);
    let id = info.session_id.to_string();
    until_row(&mut terminal, &id, "active");
    attach(&mut terminal, 1);
    terminal.press(b"echoed\r");
    terminal.until_shown("echoed\nechoed\n");
    terminal.press(DETACH);
    terminal.until_shown("detached from");
    let mut refused = Terminal::run(&server, &["tui", "--url", &url]);
    assert_eq!(refused.end(), 5, "{}", refused.screen());
    is_restored(&refused);
}
