//! What a person sees.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use sempre_protocol::Size;

use super::*;
use crate::cli::tui::model::Event;
use crate::cli::tui::sample::{NOW_MS, ended, named, press, session, state};

fn drawn(state: &State, colours: Colours) -> Buffer {
    let backend = TestBackend::new(state.size.cols, state.size.rows);
    let mut terminal = Terminal::new(backend).unwrap();
    terminal.draw(|frame| draw(frame, state, colours)).unwrap();
    terminal.backend().buffer().clone()
}

/// Rows without the spaces at their ends.
fn rows(state: &State) -> Vec<String> {
    let buffer = drawn(state, Colours::None);
    let width = usize::from(buffer.area.width);
    let rows = buffer.content.chunks(width);
    let text = rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>());
    text.map(|row| row.trim_end().to_owned()).collect()
}

#[test]
fn t9_the_list_has_the_figures_of_a_dashboard() {
    let mut troubled = named(2, "web");
    troubled.problem = Some("the disk is full".into());
    let mut state = state([named(1, "build"), troubled, ended(3)], Size::new(80, 24));
    state.take(Event::Clock(NOW_MS + 3_600_000));
    let rows = rows(&state);
    let expected = [
        " Sempre  3 sessions, 2 run                               server 1.2.3 ok, up 3h",
        "  ID       STATE      SHELL    PID     SIZE    UPTIME USED  HEALTH  NAME",
        "> 02020202 problem    bash     4002    80x24   3h     1h    problem web",
        "  01010101 active     bash     4001    80x24   3h     1h    ok      build",
        "  03030303 exited 3   bash     -       80x24   2h     1h    -       /home/me",
        "",
    ];
    assert_eq!(rows[..6], expected);
    assert_eq!(
        rows[23],
        "? help  q quit  Enter attach  n new  / filter  e end  r restart  d remove"
    );
}

#[test]
fn a_small_terminal_shows_what_matters_most() {
    let mut state = state([named(1, "build"), ended(2)], Size::new(40, 10));
    let expected = [
        " Sempre  2 sessions, 1 run    server ok",
        "  ID       STATE      SHELL    USED",
        "> 01010101 active     bash     1m",
        "  02020202 exited 3   bash     1m",
    ];
    assert_eq!(rows(&state)[..4], expected);
    assert_eq!(rows(&state)[9], "? help  q quit  Enter attach  n new");
    press(&mut state, "e");
    let text = rows(&state).join("\n");
    for words in ["End it?", "01010101 (bash, build)", "y yes   n no"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    press(&mut state, "nn");
    let text = rows(&state).join("\n");
    assert!(
        text.contains("Command:") && text.contains("Enter start  Tab next  Esc back"),
        "{text}"
    );
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    let small = state([session(1)], Size::new(20, 8));
    let text = rows(&small).join(" ");
    assert!(text.contains("20x8") && text.contains("40x10"), "{text}");
    for size in [Size::new(1, 1), Size::new(2, 3), Size::new(200, 1)] {
        drawn(&state([session(1)], size), Colours::Basic);
    }
}

#[test]
fn without_colours_everything_is_still_told() {
    let mut troubled = session(1);
    troubled.problem = Some("its holder does not answer".into());
    let mut state = state([troubled, session(2), ended(3)], Size::new(80, 24));
    let views = ["", "/x", "\u{1b}e", "nn", "\u{1b}i", "qh", "q?"];
    for trouble in [None, Some("no server answers".to_owned())] {
        state.world.trouble = trouble;
        for keys in views {
            press(&mut state, keys);
            let plain = drawn(&state, Colours::None);
            let colours = |cell: &ratatui::buffer::Cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset);
            assert!(!plain.content.iter().any(colours), "{keys:?}");
            let coloured = drawn(&state, Colours::Basic);
            let symbols = |buffer: &Buffer| {
                buffer
                    .content
                    .iter()
                    .map(|cell| cell.symbol().to_owned())
                    .collect::<Vec<_>>()
            };
            assert_eq!(symbols(&plain), symbols(&coloured), "{keys:?}");
        }
        press(&mut state, "q");
    }
    let coloured = drawn(&state, Colours::Basic);
    assert!(coloured.content.iter().any(|cell| cell.fg == Color::Red));
}

#[test]
fn a_server_that_is_away_is_told_of_on_every_view() {
    let mut state = state([session(1)], Size::new(80, 24));
    state.world.trouble = Some("connection refused".into());
    let shown = rows(&state);
    assert!(shown[0].ends_with("NOT CONNECTED"), "{shown:?}");
    assert_eq!(shown[22], "not connected, trying again: connection refused");
    assert!(shown[2].contains("01010101"), "what was known is shown");
    press(&mut state, "?");
    assert!(rows(&state)[0].ends_with("NOT CONNECTED"));
}

#[test]
fn what_programs_chose_is_drawn_as_harmless_text() {
    let hostile = "\u{1b}[2J\u{1b}]2;owned\u{7}\u{9b}31m\u{202e}end\r\nnext";
    let mut info = named(1, hostile);
    info.shell = hostile.into();
    info.title = Some(hostile.into());
    info.cwd = hostile.into();
    info.problem = Some(hostile.into());
    info.group = Some("a".to_owned() + &"\u{301}".repeat(100_000));
    info.cmd = vec![hostile.into(), "word ".repeat(100_000)];
    let mut state = state([info], Size::new(80, 24));
    state.world.trouble = Some(plain(hostile));
    for keys in ["", "/next", "\n", "e", "ni", "qh"] {
        press(&mut state, keys);
        let buffer = drawn(&state, Colours::Basic);
        for cell in &buffer.content {
            let harmless = |c: char| !c.is_control() && c != '\u{202e}';
            assert!(cell.symbol().chars().all(harmless), "{:?}", cell.symbol());
            assert!(cell.symbol().len() < 64, "{:?}", cell.symbol());
        }
    }
    state.take(Event::Back(hostile.into()));
    drawn(&state, Colours::Basic);
}

#[test]
fn wide_text_stays_in_its_column() {
    let mut info = named(
        1,
        "日本語の名前、とても長いので切られます、本当に長い長い長い長い名前",
    );
    info.shell = "日本語シェル".into();
    let state = state([info], Size::new(80, 24));
    let buffer = drawn(&state, Colours::None);
    let pid = (0..4).map(|x| buffer[(31 + x, 2)].symbol()).collect::<String>();
    assert_eq!(pid, "4001");
}
