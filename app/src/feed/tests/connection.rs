//! When to connect, when to doubt a connection, when to stop.

use super::*;

#[test]
fn attempts_back_off_and_never_end() {
    let mut bench = Bench::live();
    bench.close();
    for delay_ms in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000] {
        assert_eq!(bench.feed.wake_at_ms(), Some(bench.now_ms + delay_ms));
        assert!(connects(&bench.wake()).is_some());
        assert!(bench.close().contains(&Effect::Probe));
    }
}

#[test]
fn good_news_from_the_browser_means_now() {
    for event in [Event::Online, Event::Visible, Event::PageShown, Event::TryNow] {
        let mut bench = Bench::live();
        bench.close();
        assert!(connects(&bench.on(event)).is_some());
    }
}

#[test]
fn a_page_back_from_the_cache_does_not_trust_its_socket() {
    let mut bench = Bench::live();
    assert!(connects(&bench.on(Event::PageShown)).is_some());
}

#[test]
fn a_doubtful_socket_must_answer() {
    let mut bench = Bench::live();
    assert!(says(&bench.on(Event::Visible), &ClientText::Ping));
    bench.text(ServerText::Pong);
    assert_eq!(bench.feed.wake_at_ms(), Some(bench.now_ms + SILENCE_LIMIT_MS));
    bench.on(Event::Offline);
    bench.wake();
    assert!(matches!(bench.state(), Connection::Reconnecting { .. }));
}

#[test]
fn silence_is_death() {
    let mut bench = Bench::live();
    bench.now_ms += SILENCE_LIMIT_MS - 1;
    bench.text(ServerText::Heartbeat { time_ms: 0 });
    bench.now_ms += SILENCE_LIMIT_MS - 1;
    bench.on(Event::Wake);
    assert_eq!(bench.state(), Connection::Live);
    bench.wake();
    assert!(matches!(bench.state(), Connection::Reconnecting { .. }));
}

#[test]
fn a_draining_server_is_left_at_once() {
    let mut bench = Bench::live();
    bench.text(ServerText::Draining);
    assert!(bench.feed.wake_at_ms().unwrap() <= bench.now_ms + 250);
    assert!(connects(&bench.wake()).is_some());
}

#[test]
fn a_missing_session_and_a_lost_login_end_the_attempts() {
    for (probe, end) in [
        (Probe::Missing, Connection::Gone),
        (Probe::LoggedOut, Connection::LoggedOut),
    ] {
        let mut bench = Bench::new();
        bench.on(Event::Start);
        assert!(bench.close().contains(&Effect::Probe));
        bench.on(Event::Probed(Probe::Unreachable));
        assert!(matches!(bench.state(), Connection::Reconnecting { .. }));
        bench.on(Event::Probed(probe));
        assert_eq!(bench.state(), end);
        assert_eq!(bench.feed.wake_at_ms(), None);
    }
}
