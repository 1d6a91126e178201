//! The control socket: who is let in, who hears what, and that nobody's nonsense reaches anyone else.

use std::io::{Read, Write};

use sempre_protocol::holder::{CONTROL_VERSION, Control, Event, Op};
use sempre_protocol::{Offset, SessionId, Size};

use crate::harness::{Client, Holder, ONE, SpecBuilder, connect, eventually};

#[test]
fn the_holder_introduces_itself() {
    let holder = SpecBuilder::script("echo x; cat").size(100, 30).start();
    let mut first = holder.connect();
    first.until_tail(3);
    let hello = holder.connect().hello;
    assert_eq!((hello.version, hello.session), (CONTROL_VERSION, holder.session));
    assert_eq!(hello.release, env!("CARGO_PKG_VERSION"));
    assert_eq!((hello.holder_pid, hello.pid), (holder.pid(), Some(holder.child)));
    assert_eq!((hello.size, hello.size_offset), (Size::new(100, 30), Offset(0)));
    assert_eq!(
        (hello.offset, hello.base_offset, hello.answered_offset),
        (Offset(3), Offset(0), Offset(0))
    );
    assert_eq!(hello.disk_error, None);
}

#[test]
fn who_means_another_session_is_refused() {
    let holder = Holder::script("cat");
    let other = SessionId::from_bytes([9; 16]);
    assert!(Client::greet(connect(&holder.directory).unwrap(), other).is_none());
    holder.connect();
}

#[test]
fn who_does_not_say_hello_is_refused() {
    let holder = Holder::script("cat");
    let mut stream = connect(&holder.directory).unwrap();
    let mut message = Vec::new();
    let writer = ONE;
    let (offset, size, bytes) = (Offset(0), None, &b"typed\n"[..]);
    Control::Input {
        writer,
        offset,
        size,
        discard: false,
        bytes,
    }
    .encode(&mut message);
    stream.write_all(&message).unwrap();
    assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0, "it hangs up");
    let mut client = holder.connect();
    assert!(!client.writer(ONE).known);
}

#[test]
fn garbage_ends_its_own_connection_and_no_other() {
    let holder = Holder::script("cat");
    let mut client = holder.connect();
    let mut noise = vec![0; 100_000];
    getrandom::fill(&mut noise).unwrap();
    for garbage in [
        &[0; 8][..],
        &[255; 64],
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\0\0\x05\x01nope",
        &noise,
    ] {
        let mut stream = connect(&holder.directory).unwrap();
        let _ = stream.write_all(garbage);
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        // After a hello too.
        let mut greeted = holder.connect();
        let _ = greeted.stream.write_all(garbage);
        let _ = greeted.stream.shutdown(std::net::Shutdown::Write);
        greeted.until_closed();
    }
    client.input(ONE, 0, b"unharmed\n");
    client.until_acked(ONE, 9);
    client.until_tail(20);
    assert_eq!(holder.text(), "unharmed\r\nunharmed\r\n");
}

#[test]
fn messages_may_come_in_pieces() {
    let holder = Holder::script("cat > /dev/null");
    let mut client = holder.connect();
    let mut message = Vec::new();
    for (offset, bytes) in [(0, &b"ab"[..]), (2, b"cd\n")] {
        let (writer, offset, size) = (ONE, Offset(offset), None);
        Control::Input {
            writer,
            offset,
            size,
            discard: false,
            bytes,
        }
        .encode(&mut message);
    }
    for byte in message {
        client.stream.write_all(&[byte]).unwrap();
    }
    client.until_acked(ONE, 5);
}

#[test]
fn messages_of_a_later_release_are_skipped_and_its_requests_answered() {
    let holder = Holder::script("cat");
    let mut client = holder.connect();
    client.send(&Control::Unknown(0x7e));
    client.send(&Control::Request(br#"{"id":77,"op":"dance","to":"jazz"}"#));
    let reply = client.ask(Op::Unknown);
    assert!(reply.error.is_some(), "{reply:?}");
    assert!(!client.writer(ONE).known);
}

#[test]
fn two_servers_hear_of_the_same_output() {
    let holder = Holder::script("read line; seq 1 20000; read line");
    let (mut one, mut two) = (holder.connect(), holder.connect());
    one.input(ONE, 0, b"\n");
    let end = "\r\n".len() + (1..=20_000).map(|n| format!("{n}\r\n").len()).sum::<usize>();
    one.until_tail(end as u64);
    two.until_tail(end as u64);
    two.until_acked(ONE, 1);
    assert_eq!(holder.journal(0).len(), end);
    two.input(ONE, 1, b"\n");
    assert_eq!(one.until_exit(), two.until_exit());
}

#[test]
fn who_comes_in_the_middle_of_a_flood_learns_the_end_of_it() {
    let holder = Holder::script("seq 1 300000; cat");
    let end = (1..=300_000).map(|n| format!("{n}\r\n").len() as u64).sum();
    for _ in 0..100 {
        let mut client = holder.connect();
        if client.tail == end {
            break;
        }
        client.until("news", |client| client.tail > client.hello.offset.0);
    }
    holder.connect().until_tail(end);
    assert_eq!(holder.connect().hello.offset, Offset(end));
}

#[test]
fn the_ninth_server_takes_the_place_of_the_first() {
    let holder = Holder::script("cat");
    let mut clients: Vec<_> = (0..8).map(|_| holder.connect()).collect();
    let mut ninth = holder.connect();
    ninth.ask(Op::Resize { cols: 90, rows: 20 });
    clients.remove(0).until_closed();
    for client in &mut clients {
        client.until_event("the size", |event| {
            matches!(event, Event::Resized { .. }).then_some(())
        });
    }
}

/// The first figure of this name in what `/proc` says of a process, KiB.
fn kib(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_server_that_reads_nothing_holds_up_nobody_and_costs_nothing() {
    let holder = Holder::script("stty -opost; head -c 20000000 /dev/zero; echo x; cat > /dev/null");
    let mut deaf = holder.connect();
    let mut client = holder.connect();
    client.until_tail(20_000_002);
    for n in 0..200_000 {
        client.input(ONE, n, b"\n");
        if n % 1000 == 0 {
            client.until_acked(ONE, n + 1);
        }
    }
    client.until_acked(ONE, 200_000);
    // Tails are coalesced for the deaf one; acknowledgements up to the limit, then it is let go.
    deaf.until("the end of the output or of the connection", |deaf| {
        deaf.tail >= 20_000_002 || deaf.closed
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", holder.pid())).unwrap();
    let kib = kib(&status, "VmRSS:");
    assert!(kib < 16 * 1024, "{kib} KiB");
}

#[test]
fn a_holder_that_was_told_much_keeps_a_small_stack() {
    let holder = Holder::script("stty -echo; cat > /dev/null");
    let mut client = holder.connect();
    for n in 0..10 {
        client.input(ONE, n * 60_000, &[b'\n'; 60_000]);
        client.until_acked(ONE, (n + 1) * 60_000);
    }
    let maps = std::fs::read_to_string(format!("/proc/{}/smaps", holder.pid())).unwrap();
    let kib = kib(maps.split_once("[stack]").unwrap().1, "Rss:");
    // Its pages are never given back, and there may be a thousand holders.
    assert!(kib <= 64, "{kib} KiB");
}

#[test]
fn connections_that_come_and_go_leave_no_file_open() {
    let holder = Holder::script("cat");
    let open = || {
        std::fs::read_dir(format!("/proc/{}/fd", holder.pid()))
            .unwrap()
            .count()
    };
    holder.connect().writer(ONE);
    let before = eventually("the first to be gone", || Some(open()));
    for _ in 0..50 {
        holder.connect().writer(ONE);
    }
    eventually("no more files than before", || (open() <= before).then_some(()));
}
