//! What the session tells besides output, and what this viewer tells of itself.

use sempre_protocol::colours::Theme;

use super::*;

fn theme(background: &str) -> Theme {
    let colour = |text: &str| text.parse().unwrap();
    Theme {
        foreground: colour("#c0c0c0"),
        background: colour(background),
        cursor: colour("#ffffff"),
        ansi: [colour("#000000"); 16],
    }
}

#[test]
fn title_progress_bell_and_notes_are_shown() {
    let mut bench = Bench::live();
    bench.text(ServerText::Title { title: "vim".into() });
    bench.text(ServerText::Progress { percent: Some(40) });
    bench.text(ServerText::Bell);
    for _ in 0..2 {
        let message = "done".into();
        bench.text(ServerText::Notify { message });
    }
    let news = bench.feed.view().news;
    assert_eq!(
        (news.title.as_deref(), news.progress, news.bells),
        (Some("vim"), Some(40), 1)
    );
    assert_eq!(
        news.note,
        Some((1, "done".into())),
        "the same words twice are two notes"
    );
    bench.text(ServerText::Progress { percent: None });
    bench.text(ServerText::Title { title: String::new() });
    let news = bench.feed.view().news;
    assert_eq!((news.title.as_deref(), news.progress), (None, None));
}

#[test]
fn an_inexact_screen_is_said_to_be_until_it_is_known_again() {
    let mut bench = Bench::live();
    bench.text(ServerText::Inexact { inexact: true });
    assert!(bench.feed.view().news.inexact);
    bench.come_back(again(0, 0));
    assert!(
        !bench.feed.view().news.inexact,
        "each connection begins with false"
    );
}

#[test]
fn the_colours_are_told_after_hello_and_when_they_change() {
    let mut bench = Bench::new();
    bench.on(Event::Start);
    assert_eq!(
        bench.on(Event::Themed(theme("#000000"))),
        [],
        "nobody is there yet"
    );
    let effects = bench.text(ServerText::Hello(hello()));
    assert!(says(&effects, &ClientText::Theme(theme("#000000"))));
    assert_eq!(bench.on(Event::Themed(theme("#000000"))), []);
    let effects = bench.on(Event::Themed(theme("#ffffff")));
    assert_eq!(effects, [Effect::SendText(ClientText::Theme(theme("#ffffff")))]);
    let effects = bench.come_back(again(0, 0));
    assert!(says(&effects, &ClientText::Theme(theme("#ffffff"))));
}

#[test]
fn who_only_looks_tells_no_colours() {
    let mut bench = Bench::new();
    bench.on(Event::Start);
    bench.on(Event::Themed(theme("#000000")));
    let role = Role::Viewer;
    let effects = bench.text(ServerText::Hello(Hello { role, ..hello() }));
    assert!(!says(&effects, &ClientText::Theme(theme("#000000"))));
}

#[test]
fn who_was_logged_out_does_not_knock_again() {
    let mut bench = Bench::live();
    bench.typed("ls");
    bench.text(ServerText::Error {
        code: ErrorCode::LoggedOut,
        message: "your login has expired".into(),
        input_offset: None,
    });
    bench.close();
    assert_eq!(bench.state(), Connection::LoggedOut);
    assert_eq!(bench.feed.wake_at_ms(), None);
    for event in [Event::Online, Event::Visible, Event::PageShown, Event::TryNow] {
        assert_eq!(bench.on(event), []);
    }
    assert_eq!(bench.feed.view().parked.unwrap().shown(), "ls");
}

#[test]
fn who_was_disconnected_stays_so_until_a_person_says_otherwise() {
    let mut bench = Bench::live();
    bench.typed("ls");
    bench.text(ServerText::Error {
        code: ErrorCode::Disconnected,
        message: "disconnected by someone".into(),
        input_offset: None,
    });
    bench.close();
    assert_eq!(bench.state(), Connection::Disconnected);
    assert_eq!(bench.feed.wake_at_ms(), None);
    for event in [Event::Online, Event::Visible, Event::PageShown] {
        assert_eq!(bench.on(event), []);
    }
    assert!(bench.typed("x").is_empty());
    assert_eq!(
        bench.feed.view().parked.unwrap().shown(),
        "ls",
        "asked about, not sent again"
    );
    let effects = bench.on(Event::TryNow);
    let fresh = WriterId::from_bytes([101; 16]);
    assert!(
        effects.contains(&Effect::KeepWriter(fresh)),
        "the server keeps the former id out"
    );
    assert_eq!(connects(&effects), Some((fresh, Some(Offset(0)))));
    let effects = bench.text(ServerText::Hello(Hello {
        writer: fresh,
        ..again(0, 0)
    }));
    assert!(sent_input(&effects).is_empty());
    assert_eq!(bench.state(), Connection::Live);
}

#[test]
fn p11_that_typing_is_recorded_is_known_before_a_key_is_sent_and_as_long_as_the_page_is_there() {
    let mut bench = Bench::new();
    bench.on(Event::Start);
    bench.typed("ls");
    assert!(!bench.feed.view().records_input);
    bench.text(ServerText::Hello(Hello {
        records_input: true,
        ..hello()
    }));
    assert!(bench.feed.view().records_input);
    bench.close();
    assert!(bench.feed.view().records_input, "also while it is cut off");
}
