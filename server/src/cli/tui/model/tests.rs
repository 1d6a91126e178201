//! Keys and news, and what is made of them.

use sempre_protocol::Size;

use super::*;
use crate::cli::tui::sample::{NOW_MS, ended, id, named, press, session, state, world};

const LARGE: Size = Size::new(80, 24);

fn chosen(state: &State) -> Option<SessionId> {
    state.selected
}

#[test]
fn the_running_ones_come_first_and_the_newest_of_them() {
    let state = state([session(1), ended(9), session(2), ended(8)], LARGE);
    assert_eq!(state.listed, [id(2), id(1), id(9), id(8)]);
    assert_eq!(chosen(&state), Some(id(2)));
}

#[test]
fn the_selection_stays_with_its_session_and_is_never_nobodys() {
    let mut state = state([session(1), session(2), session(3)], LARGE);
    press(&mut state, "j");
    assert_eq!(chosen(&state), Some(id(2)));
    state.take(Event::News(world([
        session(1),
        session(2),
        session(4),
        session(5),
    ])));
    assert_eq!(chosen(&state), Some(id(2)), "newer ones came above it");
    state.take(Event::News(world([session(1), session(4)])));
    assert_eq!(chosen(&state), Some(id(1)), "it was removed");
    state.take(Event::News(world([])));
    assert_eq!(chosen(&state), None);
    for key in ["\n", "e", "r", "d", "i"] {
        assert_eq!(press(&mut state, key), None);
        assert_eq!(state.view, View::List);
        assert!(
            state.message.as_deref().unwrap().contains("n starts one"),
            "{key}"
        );
    }
}

#[test]
fn a_long_list_scrolls_with_the_selection() {
    let mut state = state((0..50).map(session), LARGE);
    let rows = state.list_rows();
    for _ in 0..60 {
        press(&mut state, "j");
        assert!((state.top..state.top + rows).contains(&state.at));
    }
    assert_eq!((state.at, state.top), (49, 50 - rows));
    press(&mut state, "gG");
    assert_eq!(chosen(&state), Some(id(0)));
    state.take(Event::Key(Key::PageUp));
    assert_eq!(state.at, 49 - rows);
    state.take(Event::Size(Size::new(40, 10)));
    assert!((state.top..state.top + state.list_rows()).contains(&state.at));
    state.take(Event::News(world((0..3).map(session))));
    assert_eq!(state.top, 0, "no empty rows below while there are sessions above");
}

#[test]
fn typing_behind_a_slash_leaves_what_is_like_it() {
    let mut state = state([named(1, "Build"), named(2, "web"), ended(3)], LARGE);
    assert_eq!(press(&mut state, "/qui"), None, "letters are no keys here");
    assert!(state.listed.is_empty());
    press(&mut state, "\u{1b}/bUI");
    assert_eq!(state.listed, [id(1)]);
    press(&mut state, "\n");
    assert_eq!((&state.view, state.filter.text()), (&View::List, "bUI"));
    press(&mut state, "\u{1b}");
    assert_eq!(state.listed.len(), 3);
    for (words, found) in [
        ("exited 3", vec![id(3)]),
        ("0101", vec![id(1)]),
        ("bash web", vec![id(2)]),
    ] {
        press(&mut state, "\u{1b}/");
        press(&mut state, words);
        press(&mut state, "\n");
        assert_eq!(state.listed, found, "{words}");
    }
}

#[test]
fn nothing_is_ended_or_removed_without_a_yes() {
    let mut state = state([session(1)], LARGE);
    for (key, request) in [
        ("e", Request::End(id(1))),
        (
            "d",
            Request::Remove {
                id: id(1),
                runs: true,
            },
        ),
    ] {
        press(&mut state, key);
        assert_eq!(state.view, View::Question(request.clone()));
        assert_eq!(press(&mut state, "\nxe"), None, "none of these is an answer");
        state.take(Event::Key(Key::Paste("y".into())));
        assert_eq!(state.view, View::Question(request.clone()));
        assert_eq!(press(&mut state, "n"), None);
        assert_eq!(state.view, View::List);
        press(&mut state, key);
        assert_eq!(press(&mut state, "y"), Some(Act::Ask(request)));
        state.take(Event::Answer(Err("refused".into())));
        assert_eq!(state.message.as_deref(), Some("refused"));
    }
}

#[test]
fn a_question_is_about_the_session_it_was_asked_of() {
    let mut state = state([session(1), session(2)], LARGE);
    press(&mut state, "e");
    state.take(Event::News(world([session(1), session(3)])));
    assert_eq!(press(&mut state, "y"), Some(Act::Ask(Request::End(id(2)))));
}

#[test]
fn what_runs_is_ended_and_what_ended_is_started_again() {
    let mut state = state([session(1), ended(2)], LARGE);
    press(&mut state, "r");
    assert_eq!(state.message.as_deref(), Some("01010101 still runs: e ends it"));
    press(&mut state, "je");
    assert!(state.message.as_deref().unwrap().contains("has ended already"));
    assert_eq!(press(&mut state, "ry"), Some(Act::Ask(Request::Restart(id(2)))));
    press(&mut state, "d");
    assert_eq!(press(&mut state, "y"), None, "one thing at a time");
    assert!(state.message.as_deref().unwrap().contains("still starting"));
}

#[test]
fn a_new_session_is_asked_for_and_selected_once_it_is_known() {
    let mut state = state([session(1), session(5)], LARGE);
    press(&mut state, "/5\n");
    let act = press(&mut state, "nmy name\thtop -d 5\n");
    let request = Request::Create {
        name: "my name".into(),
        command: "htop -d 5".into(),
    };
    assert_eq!(act, Some(Act::Ask(request)));
    let done = Done {
        said: "03030303 started".into(),
        started: Some(id(3)),
    };
    state.take(Event::Answer(Ok(done)));
    assert_eq!(state.filter.text(), "", "a filter would hide it");
    state.take(Event::News(world([session(1), session(3), session(5)])));
    assert_eq!(chosen(&state), Some(id(3)));
    press(&mut state, "k");
    state.take(Event::Clock(NOW_MS + 1));
    assert_eq!(chosen(&state), Some(id(5)), "once");
    press(&mut state, "nabandoned");
    assert_eq!(press(&mut state, "\u{1b}"), None);
    assert_eq!(state.view, View::List);
}

#[test]
fn one_attaches_and_hears_why_one_is_back() {
    let mut state = state([session(1)], LARGE);
    assert_eq!(press(&mut state, "\n"), Some(Act::Attach(id(1))));
    state.take(Event::Back("detached from 01010101".into()));
    assert_eq!(state.message.as_deref(), Some("detached from 01010101"));
    state.take(Event::Back(
        "it ended; its last lines were:\n\u{1b}[31mone\ntwo".into(),
    ));
    let View::Page(page) = state.view.clone() else {
        panic!("{:?}", state.view)
    };
    let text = page.text(&state);
    assert_eq!(text, ["it ended; its last lines were:", "\u{fffd}[31mone", "two"]);
    assert_eq!(press(&mut state, "q"), None, "q leaves the page");
    assert_eq!(press(&mut state, "q"), Some(Act::Quit));
}

#[test]
fn pages_are_read_to_their_end_and_no_further() {
    let mut state = state([session(1)], Size::new(40, 10));
    for key in ["?", "h", "i"] {
        press(&mut state, key);
        let View::Page(page) = state.view.clone() else {
            panic!("{key}: {:?}", state.view)
        };
        let text = page.text(&state);
        assert!(text.iter().all(|row| cells(row) <= 40), "{text:#?}");
        for _ in 0..2 * text.len() {
            press(&mut state, "j");
        }
        let View::Page(page) = state.view.clone() else {
            panic!("{key}: {:?}", state.view)
        };
        assert_eq!(page.top, text.len().saturating_sub(8), "{key}");
        state.take(Event::Size(LARGE));
        state.take(Event::Size(Size::new(40, 10)));
        press(&mut state, "\u{1b}");
        assert_eq!(state.view, View::List);
    }
}

#[test]
fn on_a_tiny_terminal_nothing_is_done_unseen() {
    let mut state = state([session(1)], Size::new(39, 24));
    assert_eq!(press(&mut state, "\n"), None);
    assert_eq!(press(&mut state, "ey"), None);
    assert_eq!(state.view, View::List);
    assert_eq!(press(&mut state, "q"), Some(Act::Quit));
}

#[test]
fn ctrl_c_leaves_and_ctrl_z_suspends_from_anywhere() {
    for keys in ["", "/x", "e", "n", "?"] {
        let mut state = state([session(1)], LARGE);
        press(&mut state, keys);
        for (key, act) in [('z', Act::Suspend), ('c', Act::Quit)] {
            assert_eq!(state.take(Event::Key(Key::Ctrl(key))), Some(act), "{keys:?}");
        }
    }
}
