//! A server of version 0.1.0 is answered as that version's holder answered it: real conversations of the two, the server's
//! part said again word for word (`crates/protocol/fixtures/control-0.1.0`).

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use sempre_protocol::holder::{Control, HolderHello};
use serde_json::Value;

use crate::harness::{SpecBuilder, connect};

const TYPED: &str = include_str!("../../../protocol/fixtures/control-0.1.0/typed.txt");
const ENDED: &str = include_str!("../../../protocol/fixtures/control-0.1.0/ended.txt");

/// What differs from run to run.
const OF_THE_RUN: [&str; 4] = ["release", "holder_pid", "pid", "time_ms"];

struct Message {
    of_server: bool,
    bytes: Vec<u8>,
}

/// The script the session runs, and what was said.
fn read(transcript: &str) -> (&str, Vec<Message>) {
    let (head, rest) = transcript.split_once('\n').unwrap();
    let messages = rest.lines().map(|line| {
        let (who, hex) = line.split_once(' ').unwrap();
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Message {
            of_server: who == "server",
            bytes: (0..hex.len()).step_by(2).map(byte).collect(),
        }
    });
    (head.strip_prefix("# sh -c: ").unwrap(), messages.collect())
}

/// What a server knows by what its holder said. Other kinds than these a server of that version skips.
#[derive(Debug, Default)]
struct Heard {
    hello: Option<Value>,
    tail: u64,
    acked: BTreeMap<String, u64>,
    replies: Vec<Value>,
    events: Vec<Value>,
}

impl Heard {
    fn hear(&mut self, control: &Control<'_>) {
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        match control {
            Control::HolderHello(bytes) => {
                let hello = json(bytes);
                self.tail = hello["offset"].as_u64().unwrap();
                self.hello = Some(hello);
            }
            Control::Tail { offset, .. } => self.tail = self.tail.max(offset.0),
            Control::InputAck { writer, offset } => {
                self.acked.insert(writer.to_string(), offset.0);
            }
            Control::Reply(bytes) => self.replies.push(json(bytes)),
            Control::Event(bytes) => self.events.push(json(bytes)),
            _ => {}
        }
    }

    /// Whether all that `other` knows is known here: as much, or more.
    fn covers(&self, other: &Self) -> bool {
        let all = |ours: &[Value], theirs: &[Value]| {
            ours.len() >= theirs.len() && theirs.iter().zip(ours).all(|(theirs, ours)| says(ours, theirs))
        };
        let hello = other
            .hello
            .as_ref()
            .is_none_or(|theirs| self.hello.as_ref().is_some_and(|ours| says(ours, theirs)));
        hello
            && self.tail >= other.tail
            && other
                .acked
                .iter()
                .all(|(writer, acked)| self.acked.get(writer) >= Some(acked))
            && all(&self.replies, &other.replies)
            && all(&self.events, &other.events)
    }
}

/// Whether `ours` has every field of `theirs` with the same value; what is of the run, of the same kind.
fn says(ours: &Value, theirs: &Value) -> bool {
    let fields = theirs.as_object().unwrap();
    fields.iter().all(|(name, value)| match &ours[name] {
        found if OF_THE_RUN.contains(&name.as_str()) => {
            found.is_u64() == value.is_u64() && found.is_string() == value.is_string()
        }
        found => found == value,
    })
}

fn said_again(transcript: &str) {
    let (script, messages) = read(transcript);
    let holder_hello = messages.iter().find(|message| !message.of_server).unwrap();
    let Some((Control::HolderHello(json), _)) = Control::decode(&holder_hello.bytes).unwrap() else {
        panic!("the holder says hello first");
    };
    let hello: HolderHello = serde_json::from_slice(json).unwrap();
    let mut spec = SpecBuilder::script(script).size(80, 24);
    (spec.0.manifest.session, spec.0.manifest.run) = (hello.session, hello.run);
    let mut holder = spec.start();
    holder.connect().until_tail(hello.offset.0);

    let mut stream = connect(&holder.directory).unwrap();
    let (mut expected, mut heard) = (Heard::default(), Heard::default());
    let mut incoming = Vec::new();
    for message in &messages {
        if message.of_server {
            until(&mut stream, &mut incoming, &mut heard, &expected);
            stream.write_all(&message.bytes).unwrap();
        } else {
            expected.hear(&Control::decode(&message.bytes).unwrap().unwrap().0);
        }
    }
    until(&mut stream, &mut incoming, &mut heard, &expected);
    assert_eq!((heard.tail, &heard.acked), (expected.tail, &expected.acked));
    assert_eq!(heard.replies.len(), expected.replies.len(), "{heard:?}");
    drop(stream);
    holder.wait();
}

/// Listens until the holder has said all that is expected.
fn until(stream: &mut UnixStream, incoming: &mut Vec<u8>, heard: &mut Heard, expected: &Heard) {
    let mut buffer = [0; 16 * 1024];
    loop {
        while let Some((control, length)) = Control::decode(incoming).unwrap() {
            heard.hear(&control);
            incoming.drain(..length);
        }
        if heard.covers(expected) {
            return;
        }
        let count = stream.read(&mut buffer).unwrap_or_default();
        assert!(count > 0, "it says no more than {heard:?}, but {expected:?}");
        incoming.extend_from_slice(&buffer[..count]);
    }
}

#[test]
fn what_was_typed_resized_and_signalled_is_answered_as_it_was() {
    said_again(TYPED);
}

#[test]
fn the_end_that_was_asked_for_is_told_as_it_was() {
    said_again(ENDED);
}
