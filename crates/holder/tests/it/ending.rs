//! How a session ends, and that the end is recorded before it is told.

use std::time::{Duration, Instant};

use rustix::process::Signal as Number;
use sempre_journal::ExitRecord;
use sempre_protocol::holder::{EndReason, Event, Op, SOCKET_NAME};
use sempre_protocol::texts::ExitStatus;

use crate::harness::{Holder, LONG, ONE, eventually, is_alive};

fn record(holder: &Holder) -> ExitRecord {
    holder.reader().exit().unwrap().expect("the exit is recorded")
}

#[test]
fn the_exit_is_the_last_word_and_recorded() {
    for (script, status) in [
        ("read line; echo bye; exit 9", ExitStatus::Code(9)),
        ("read line; echo bye; kill -SEGV $$", ExitStatus::Signal(11)),
    ] {
        let mut holder = Holder::script(script);
        let mut client = holder.connect();
        client.input(ONE, 0, b"\n");
        let exit = client.until_exit();
        exit.assert(status, EndReason::Exited, 7);
        let expected = match status {
            ExitStatus::Code(code) => sempre_journal::ExitStatus::Code(code),
            ExitStatus::Signal(signal) => sempre_journal::ExitStatus::Signal(signal),
        };
        let record = record(&holder);
        assert_eq!(
            (record.status, record.offset, record.reason),
            (expected, 7, EndReason::Exited.code())
        );
        assert_eq!(record.time_ms, exit.time_ms);
        assert!(holder.wait().success());
        assert!(!holder.holds_lock() && !holder.directory.join(SOCKET_NAME).exists());
        assert_eq!(holder.text(), "\r\nbye\r\n");
    }
}

#[test]
fn the_exit_is_in_the_journal_when_it_is_told() {
    for _ in 0..20 {
        let holder = Holder::script("read line; exit 1");
        let mut client = holder.connect();
        client.input(ONE, 0, b"\n");
        client.until_event("the exit", |event| {
            matches!(event, Event::Exit { .. }).then_some(())
        });
        record(&holder);
    }
}

#[test]
fn a_session_that_is_ended_gets_sighup_and_keeps_the_reason() {
    let holder = Holder::script("trap 'echo hung up; exit 5' HUP; echo ready; while :; do read line; done");
    let mut client = holder.connect();
    client.until_tail(7);
    let reason = EndReason::Ttl;
    client.ask(Op::End {
        grace_ms: 30_000,
        reason,
    });
    client
        .until_exit()
        .assert(ExitStatus::Code(5), EndReason::Ttl, 16);
    assert_eq!(record(&holder).reason, EndReason::Ttl.code());
    assert!(holder.text().ends_with("hung up\r\n"));
}

#[test]
fn what_ignores_sighup_is_killed_after_the_grace() {
    let holder = Holder::script("trap '' HUP; echo ready; while :; do sleep 1; done");
    let mut client = holder.connect();
    client.until_tail(7);
    let started = Instant::now();
    let reason = EndReason::Ended;
    client.ask(Op::End {
        grace_ms: 300,
        reason,
    });
    client
        .until_exit()
        .assert(ExitStatus::Signal(9), EndReason::Ended, 7);
    assert!(
        started.elapsed() >= Duration::from_millis(300),
        "the grace was given"
    );
}

#[test]
fn a_stopped_program_is_ended_too() {
    let holder = Holder::script("echo ready; kill -STOP $$; cat");
    let mut client = holder.connect();
    client.until_tail(7);
    eventually("the program to stop", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", holder.child)).unwrap();
        stat.contains(") T ").then_some(())
    });
    let reason = EndReason::Ended;
    client.ask(Op::End {
        grace_ms: 30_000,
        reason,
    });
    client
        .until_exit()
        .assert(ExitStatus::Signal(1), EndReason::Ended, 7);
}

#[test]
fn the_first_reason_counts() {
    let holder = Holder::script("trap 'sleep 0.2; exit 0' HUP; echo ready; while :; do sleep 0.05; done");
    let mut client = holder.connect();
    client.until_tail(7);
    for reason in [EndReason::Idle, EndReason::Ended] {
        client.ask(Op::End {
            grace_ms: 30_000,
            reason,
        });
    }
    assert_eq!(client.until_exit().reason, EndReason::Idle);
}

#[test]
fn sighup_and_sigint_do_nothing_to_a_holder() {
    let holder = Holder::script("cat");
    let mut client = holder.connect();
    for signal in [Number::HUP, Number::INT, Number::HUP] {
        holder.signal(signal);
        client.writer(ONE);
    }
    assert!(is_alive(holder.child));
    assert!(holder.holds_lock());
}

#[test]
fn sigterm_ends_the_session_as_a_shutdown() {
    let mut holder = Holder::script("echo ready; cat");
    let mut client = holder.connect();
    client.until_tail(7);
    holder.signal(Number::TERM);
    client
        .until_exit()
        .assert(ExitStatus::Signal(1), EndReason::Shutdown, 7);
    assert!(holder.wait().success());
    let record = record(&holder);
    assert_eq!((record.reason, record.offset), (EndReason::Shutdown.code(), 7));
    assert_eq!(holder.reader().verify().unwrap(), []);
}

#[test]
fn a_second_sigterm_does_not_cut_the_first_short() {
    let mut holder =
        Holder::script("trap 'sleep 0.2; echo tidied; exit 0' HUP; echo ready; while :; do sleep 0.05; done");
    holder.connect().until_tail(7);
    holder.signal(Number::TERM);
    holder.signal(Number::TERM);
    assert!(holder.wait().success());
    assert!(holder.text().ends_with("tidied\r\n"), "{}", holder.text());
}

#[test]
fn an_end_does_not_wait_for_who_still_holds_the_terminal() {
    let started = Instant::now();
    let mut holder = Holder::script("trap '' HUP; sleep 600 & echo $!; exit 2");
    assert!(holder.wait().success());
    assert!(started.elapsed() < LONG / 2);
    let sleeper: i32 = holder.text().trim().parse().unwrap();
    let sleeper = rustix::process::Pid::from_raw(sleeper).unwrap();
    let _ = rustix::process::kill_process(sleeper, Number::KILL);
    assert_eq!(record(&holder).status, sempre_journal::ExitStatus::Code(2));
}

#[test]
fn what_a_child_wrote_last_is_kept_though_much_of_it_waits() {
    // More than a terminal's buffer, written by a process that is gone before it is read.
    for _ in 0..10 {
        let mut holder = Holder::script("stty -opost; head -c 100000 /dev/zero; echo last");
        holder.wait();
        let journal = holder.journal(0);
        assert_eq!(journal.len(), 100_005);
        assert!(journal.ends_with(b"last\n"));
    }
}
