//! Output: every byte into the journal, whether anyone listens or not.

use std::fs;

use sempre_protocol::holder::Event;

use crate::harness::{Holder, ONE, SpecBuilder};

const MIB: usize = 1024 * 1024;

fn random_file(bytes: usize) -> (tempfile::TempDir, Vec<u8>) {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let mut content = vec![0; bytes];
    getrandom::fill(&mut content).unwrap();
    fs::write(temp.path().join("bytes"), &content).unwrap();
    (temp, content)
}

#[test]
fn output_is_drained_while_no_server_is_there() {
    let (temp, content) = random_file(10 * MIB);
    let script = format!("stty raw; cat {}/bytes; exit 3", temp.path().display());
    let mut holder = Holder::script(&script);
    assert!(
        holder.wait().success(),
        "it ended by itself, with nobody connected"
    );
    assert!(holder.journal(0) == content, "the journal is exact");
    assert_eq!(holder.reader().verify().unwrap(), []);
    let exit = holder.reader().exit().unwrap().unwrap();
    assert_eq!(
        (exit.status, exit.offset),
        (sempre_journal::ExitStatus::Code(3), content.len() as u64)
    );
}

#[test]
fn a_journal_is_readable_to_the_byte_while_it_grows() {
    let (temp, content) = random_file(4 * MIB);
    let holder = Holder::script(&format!(
        "stty raw; read line; cat {}/bytes",
        temp.path().display()
    ));
    let mut client = holder.connect();
    client.input(ONE, 0, b"\n");
    let mut reached = 0;
    while reached < content.len() as u64 / 2 {
        client.until("more output", |client| client.tail > reached);
        reached = client.tail;
        let journal = holder.journal(0);
        assert!(journal.len() as u64 >= reached, "what was told of can be read");
    }
    client.until_exit();
    let journal = holder.journal(0);
    assert!(journal.ends_with(&content));
}

#[test]
fn a_killed_holder_leaves_a_journal_that_reads_to_its_last_byte() {
    let mut holder = Holder::script("echo before; cat");
    let mut client = holder.connect();
    client.until_tail(8);
    holder.kill();
    assert_eq!(holder.text(), "before\r\n");
    assert!(!holder.holds_lock());
    assert_eq!(holder.reader().exit().unwrap(), None);
}

#[test]
fn past_its_budget_the_oldest_output_goes() {
    let (temp, content) = random_file(6 * MIB);
    let script = format!("stty raw; cat {}/bytes; cat", temp.path().display());
    let holder = SpecBuilder::script(&script).budget(2 * MIB as u64).start();
    let mut client = holder.connect();
    client.until_tail(content.len() as u64);
    client.until("the base to move", |client| client.base >= 3 * MIB as u64);
    let base = usize::try_from(client.base).unwrap();
    assert!(content.len() - base <= 2 * MIB, "{base}");
    assert!(content.len() - base >= MIB, "{base}");
    assert!(holder.journal(client.base) == content[base..]);
    assert_eq!(holder.connect().hello.base_offset.0, client.base);
}

#[test]
fn a_quiet_holder_uses_no_time() {
    let holder = Holder::script("exec 0<&- 1>&- 2>&-; exec sleep 600");
    let mut client = holder.connect();
    client.writer(ONE);
    let ticks = || -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", holder.pid())).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let fields: Vec<_> = fields.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    // A program that closed its terminal must not make the holder spin: a whole second shows it.
    let before = ticks();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let used = ticks() - before;
    assert!(used <= 10, "{used} of 100 ticks");
    assert!(
        !client
            .events
            .iter()
            .any(|event| matches!(event, Event::Exit { .. }))
    );
}
