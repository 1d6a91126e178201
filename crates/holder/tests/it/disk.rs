//! A full disk: output goes on from memory under its true offsets, and back to the disk when there is room.
//!
//! The disk is full when the holder's files may not grow; the limit is set on the running process.

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use sempre_journal::ReadAt;
use sempre_protocol::holder::{EndReason, Event};
use sempre_protocol::texts::ExitStatus;

use crate::harness::{Client, Holder, ONE, eventually};

const MEMORY: u64 = 1024 * 1024;

/// Lets the holder's files grow to this many bytes; none: as large as they like.
pub(crate) fn limit_files(holder: &Holder, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(holder.pid()).unwrap());
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(pid, Resource::Fsize, limit).unwrap();
}

/// What the disk said last, as far as was told.
fn disk(client: &Client) -> Option<Option<String>> {
    client.events.iter().rev().find_map(|event| match event {
        Event::Disk { error } => Some(error.clone()),
        _ => None,
    })
}

/// The record of the newest output may be some milliseconds behind it.
fn until_sound(holder: &Holder) {
    let sound = || holder.reader().verify().unwrap().is_empty();
    eventually("a journal without damage", || sound().then_some(()));
}

/// Eight bytes that say where they stand, for each eighth byte of a flood.
const FLOOD: &str =
    "stty raw -echo; echo ready; read line; seq -f %07.0f 1 400000; read line; echo more; read line; exit 3";
const READY: u64 = 6;
const FLOOD_BYTES: u64 = 400_000 * 8;

fn flooded_on_a_full_disk() -> (Holder, Client) {
    let holder = Holder::script(FLOOD);
    let mut client = holder.connect();
    client.until_tail(READY);
    limit_files(&holder, Some(0));
    client.input(ONE, 0, b"\n");
    client.until_tail(READY + FLOOD_BYTES);
    client.until("the disk's words", |client| matches!(disk(client), Some(Some(_))));
    (holder, client)
}

fn line(offset: u64) -> String {
    format!("{:07}\n", (offset - READY) / 8 + 1)
}

#[test]
fn the_newest_output_is_served_from_memory_under_its_true_offsets() {
    let (holder, mut client) = flooded_on_a_full_disk();
    let end = READY + FLOOD_BYTES;
    assert!(holder.connect().hello.disk_error.is_some());
    assert_eq!(holder.journal(0).len() as u64, READY, "the disk took nothing");
    for offset in [end - 8, end - 8000, end - MEMORY] {
        let offset = offset / 8 * 8 + READY % 8;
        let (found, bytes) = client.read(offset, 16);
        assert_eq!(
            (found, bytes.len()),
            (offset, 16.min(usize::try_from(end - offset).unwrap()))
        );
        assert!(
            bytes.starts_with(line(offset).as_bytes()),
            "{} at {offset}",
            bytes.escape_ascii()
        );
    }
    let (offset, bytes) = client.read(READY, u32::MAX);
    assert_eq!(
        (offset, bytes.len() as u64),
        (end - MEMORY, MEMORY),
        "what is gone is not made up"
    );
    assert_eq!(client.read(end, 16), (end, Vec::new()));
    // The program goes on, and what it answers is seen.
    client.input(ONE, 1, b"\n");
    client.until_tail(end + 5);
    assert_eq!(client.read(end, 16), (end, b"more\n".to_vec()));
}

#[test]
fn when_there_is_room_again_the_journal_goes_on_and_names_what_is_missing() {
    let (holder, mut client) = flooded_on_a_full_disk();
    let end = READY + FLOOD_BYTES;
    limit_files(&holder, None);
    client.until("the disk to take output", |client| disk(client) == Some(None));
    client.input(ONE, 1, b"\n");
    client.until_tail(end + 5);
    let mut reader = holder.reader();
    let mut buffer = [0; 16];
    let Ok(ReadAt::Gap { resumes_at }) = reader.read_at(READY, &mut buffer) else {
        panic!("the journal says what is missing");
    };
    assert_eq!(resumes_at, end - MEMORY);
    let kept = holder.journal(resumes_at);
    assert_eq!(kept.len() as u64, MEMORY + 5);
    assert!(kept.ends_with(format!("{}more\n", line(end - 8)).as_bytes()));
    client.input(ONE, 2, b"\n");
    client.until_exit();
    assert_eq!(reader.verify().unwrap(), []);
    assert_eq!(
        reader.exit().unwrap().unwrap().status,
        sempre_journal::ExitStatus::Code(3)
    );
}

#[test]
fn a_little_output_on_a_full_disk_is_not_missing_afterwards() {
    let holder = Holder::script("stty -echo; echo ready; while read line; do echo \"$line\"; done");
    let mut client = holder.connect();
    client.until_tail(7);
    limit_files(&holder, Some(0));
    let text = "0123456789abcde\n".repeat(100);
    client.input(ONE, 0, text.as_bytes());
    client.until_tail(7 + 1700);
    client.until("the disk's words", |client| matches!(disk(client), Some(Some(_))));
    limit_files(&holder, None);
    client.until("the disk to take output", |client| disk(client) == Some(None));
    assert_eq!(holder.text(), format!("ready\r\n{}", text.replace('\n', "\r\n")));
    until_sound(&holder);
}

#[test]
fn a_session_ends_on_a_full_disk_with_its_status() {
    let (mut holder, mut client) = flooded_on_a_full_disk();
    client.input(ONE, 1, b"\n\n");
    let exit = client.until_exit();
    exit.assert(ExitStatus::Code(3), EndReason::Exited, READY + FLOOD_BYTES + 5);
    assert!(holder.wait().success());
}

#[test]
fn a_file_that_is_full_in_the_middle_of_a_write_loses_and_doubles_nothing() {
    let holder = Holder::script(FLOOD);
    let mut client = holder.connect();
    client.until_tail(READY);
    // Not at the end of anything: a write is cut in two.
    limit_files(&holder, Some(100_003));
    client.input(ONE, 0, b"\n");
    client.until_tail(READY + FLOOD_BYTES);
    client.until("the disk's words", |client| matches!(disk(client), Some(Some(_))));
    limit_files(&holder, None);
    client.until("the disk to take output", |client| disk(client) == Some(None));
    let mut reader = holder.reader();
    let mut buffer = vec![0; 4096];
    let mut offset = READY;
    while offset < READY + FLOOD_BYTES {
        match reader.read_at(offset, &mut buffer).unwrap() {
            ReadAt::Bytes(count) => {
                let first = (offset - READY).div_ceil(8) * 8 + READY;
                let skip = usize::try_from(first - offset).unwrap();
                if count >= skip + 8 {
                    assert_eq!(buffer[skip..skip + 8], *line(first).as_bytes(), "at {first}");
                }
                offset += count as u64;
            }
            ReadAt::Gap { resumes_at } => offset = resumes_at,
            other => panic!("{other:?} at {offset}"),
        }
    }
    until_sound(&holder);
}
