//! The roster by itself.

use sempre_protocol::colours::Rgb;

use super::*;

const ONE: WriterId = WriterId::from_bytes([1; 16]);
const TWO: WriterId = WriterId::from_bytes([2; 16]);

fn join(roster: &Roster, writer: WriterId, role: Role) -> (ViewerId, watch::Receiver<InputState>) {
    let identity = Identity {
        name: None,
        client: None,
        peer: PeerKind::Loopback,
    };
    roster.join(writer, role, identity).unwrap()
}

fn theme(red: u8) -> Theme {
    let colour = Rgb {
        red,
        green: 0,
        blue: 0,
    };
    Theme {
        foreground: colour,
        background: colour,
        cursor: colour,
        ansi: [colour; 16],
    }
}

#[test]
fn the_colours_are_those_of_the_typist_else_of_the_oldest_that_said_them() {
    let roster = Roster::default();
    let red = || roster.theme().map(|theme| theme.foreground.red);
    let (first, _a) = join(&roster, ONE, Role::Writer);
    let (second, _b) = join(&roster, TWO, Role::Writer);
    let (looks, _c) = join(&roster, WriterId::from_bytes([3; 16]), Role::Viewer);
    roster.themed(looks, theme(9));
    assert_eq!(red(), None, "who only looks has no say");
    roster.themed(second, theme(2));
    assert_eq!(red(), Some(2));
    roster.themed(first, theme(1));
    assert_eq!(red(), Some(1));
    roster.typed(second);
    assert_eq!(red(), Some(2));
    roster.leave(second);
    assert_eq!(red(), Some(1));
}

#[test]
fn a_newer_connection_takes_the_writer_id() {
    let roster = Roster::default();
    let (_, old) = join(&roster, ONE, Role::Writer);
    let (newest, new) = join(&roster, ONE, Role::Writer);
    roster.acked(ONE, Offset(5));
    assert!(old.borrow().taken);
    assert_eq!(
        old.borrow().final_offset,
        None,
        "not known before the holder was asked"
    );
    roster.settle(ONE, newest, Some(Offset(7)));
    assert_eq!(
        (old.borrow().final_offset, new.borrow().final_offset),
        (Some(Offset(7)), None)
    );
    assert_eq!((old.borrow().acked, new.borrow().acked), (Offset(0), Offset(5)));
}

#[test]
fn the_size_follows_the_only_writer_or_the_typist() {
    let roster = Roster::default();
    let (first, _a) = join(&roster, ONE, Role::Writer);
    assert!(roster.resized(first, Size::new(100, 30)), "the only writer");
    let (second, _b) = join(&roster, TWO, Role::Writer);
    assert!(
        !roster.resized(second, Size::new(50, 20)),
        "who joins shrinks nobody"
    );
    assert_eq!(roster.typed(second), Some(Size::new(50, 20)));
    assert!(roster.resized(second, Size::new(60, 20)), "the typist");
    assert!(!roster.resized(first, Size::new(90, 30)));
}

#[test]
fn who_only_looks_does_not_size() {
    let roster = Roster::default();
    let (viewer, _a) = join(&roster, ONE, Role::Viewer);
    assert!(!roster.resized(viewer, Size::new(10, 10)));
    let presence = *roster.watch().borrow();
    assert_eq!((presence.count, presence.writers), (1, 0));
}

#[test]
fn who_begins_to_type_is_news_and_who_goes_on_is_none() {
    let roster = Roster::default();
    let (id, _a) = join(&roster, ONE, Role::Writer);
    let version = || roster.watch().borrow().version;
    let before = version();
    assert!(!roster.who()[0].typing);
    roster.typed(id);
    roster.typed(id);
    assert_eq!(version(), before + 1);
    assert!(roster.who()[0].typing);
}

#[test]
fn a_disconnected_client_is_remembered() {
    let roster = Roster::default();
    let (id, input) = join(&roster, ONE, Role::Writer);
    assert!(roster.disconnect(id));
    assert!(input.borrow().disconnected && roster.is_disconnected(ONE));
    assert!(!roster.is_disconnected(TWO) && !roster.disconnect(id + 1));
    for n in 0..=MAX_DISCONNECTED as u64 {
        let mut bytes = [7; 16];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        let (id, _) = join(&roster, WriterId::from_bytes(bytes), Role::Viewer);
        roster.disconnect(id);
        roster.leave(id);
    }
    assert!(!roster.is_disconnected(ONE), "the oldest is forgotten first");
}
