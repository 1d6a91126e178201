//! Property test: a server that dies at any moment, frames lost both ways and snapshots at any place cost no byte in
//! either direction: what is drawn equals the session.

use std::collections::{HashMap, VecDeque};

use proptest::prelude::*;
use sempre_protocol::frames::{SNAPSHOT_DEFLATE_RAW, SNAPSHOT_MORE, ServerFrame};
use sempre_protocol::texts::{Hello, Role, ServerText};
use sempre_protocol::{Offset, RunId, SessionId, Size, WriterId};

use super::*;

/// The journal and the PTY of a session, and one connection to them.
struct Session {
    journal: Vec<u8>,
    pty: Vec<u8>,
    writers: HashMap<WriterId, u64>,
    cursor: usize,
    /// Where the connection's stream began.
    begun: usize,
    writer: Option<WriterId>,
    /// Sent by the server, not seen by the page.
    down: VecDeque<Event>,
    /// Sent by the page, not seen by the holder.
    up: VecDeque<(u64, Vec<u8>)>,
}

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    Output(u8),
    Typed(u8),
    /// The viewer is too far behind: the server goes on from a snapshot in parts of this many bytes.
    Skip(Snapshot),
    /// A snapshot from before what this connection began with.
    Old,
    /// The oldest decompression under way is done.
    Inflated,
    Down,
    Up,
    Drawn,
    Die,
    Wait,
    Taken,
}

/// How a snapshot is sent.
#[derive(Debug, Clone, Copy)]
struct Snapshot {
    part_bytes: usize,
    deflated: bool,
}

struct Numbers(u64);

impl Chance for Numbers {
    fn fraction(&mut self) -> f64 {
        0.3
    }
    fn id_bytes(&mut self) -> [u8; 16] {
        self.0 += 1;
        u128::from(self.0).to_be_bytes()
    }
}

struct World {
    session: Session,
    feed: Feed,
    chance: Numbers,
    now_ms: u64,
    connection: u32,
    screen: Vec<u8>,
    typed: Vec<u8>,
    marks: VecDeque<Mark>,
    /// Decompressions under way.
    inflating: VecDeque<(u32, Vec<u8>)>,
    /// How the next attach is answered: from far behind by a snapshot.
    near: bool,
}

/// Stands for compression: any change that the terminal must not see.
fn turned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

impl World {
    fn new() -> Self {
        let session = Session {
            journal: Vec::new(),
            pty: Vec::new(),
            writers: HashMap::new(),
            cursor: 0,
            begun: 0,
            writer: None,
            down: VecDeque::new(),
            up: VecDeque::new(),
        };
        let mut world = Self {
            session,
            feed: Feed::new(WriterId::from_bytes([1; 16])),
            chance: Numbers(0),
            now_ms: 0,
            connection: 0,
            screen: Vec::new(),
            typed: Vec::new(),
            marks: VecDeque::new(),
            inflating: VecDeque::new(),
            near: false,
        };
        world.event(Event::Start);
        world
    }

    fn event(&mut self, event: Event) {
        for effect in self.feed.handle(self.now_ms, &mut self.chance, event) {
            self.effect(effect);
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Connect {
                connection,
                writer,
                from,
            } => self.accept(connection, writer, from),
            Effect::Disconnect => self.cut(),
            Effect::SendInput { offset, bytes } => self.session.up.push_back((offset.0, bytes)),
            Effect::Reset => self.screen.clear(),
            Effect::Inflate { ticket, bytes } => self.inflating.push_back((ticket, bytes)),
            Effect::Snapshot { ansi, mark, .. } => {
                self.screen = ansi;
                self.marks.push_back(mark);
            }
            Effect::Write { bytes, mark } => {
                self.screen.extend(bytes);
                self.marks.push_back(mark);
            }
            _ => {}
        }
        assert!(
            self.session.journal.starts_with(&self.screen),
            "never anything but the session"
        );
    }

    fn cut(&mut self) {
        self.session.writer = None;
        self.session.down.clear();
        self.session.up.clear();
    }

    fn accept(&mut self, connection: u32, writer: WriterId, from: Option<Offset>) {
        self.cut();
        self.connection = connection;
        let known = self.session.writers.get(&writer).copied();
        self.session.writer = Some(writer);
        let near = from.filter(|_| self.near);
        self.near = !self.near;
        self.session.cursor = near.map_or(self.session.journal.len(), |from| from.0 as usize);
        self.session.begun = self.session.cursor;
        let hello = Hello {
            session: SessionId::from_bytes([9; 16]),
            writer,
            run: RunId::from_bytes([7; 16]),
            writer_known: known.is_some(),
            offset: Offset(self.session.cursor as u64),
            base_offset: Offset(0),
            tail_offset: Offset(self.session.journal.len() as u64),
            input_offset: Offset(known.unwrap_or(0)),
            input_accepted: Some(Offset(known.unwrap_or(0))),
            input_window: 8,
            size: Size::DEFAULT,
            role: Role::Writer,
            viewer: 1,
            answers: false,
            reset: near.is_none(),
            records_input: false,
            server_version: String::new(),
        };
        self.say(&ServerText::Hello(hello));
        if near.is_none() {
            let deflated = from.is_some();
            self.send_snapshot(
                self.session.cursor,
                Snapshot {
                    part_bytes: 5,
                    deflated,
                },
            );
        }
    }

    /// Here a snapshot is the output itself.
    fn send_snapshot(&mut self, at: usize, snapshot: Snapshot) {
        let ansi = &self.session.journal[..at];
        let bytes = if snapshot.deflated {
            turned(ansi)
        } else {
            ansi.to_vec()
        };
        let mut parts: Vec<&[u8]> = bytes.chunks(snapshot.part_bytes).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        let last = parts.len() - 1;
        for (at_part, ansi) in parts.into_iter().enumerate() {
            let more = if at_part < last { SNAPSHOT_MORE } else { 0 };
            let deflated = if snapshot.deflated {
                SNAPSHOT_DEFLATE_RAW
            } else {
                0
            };
            let mut frame = Vec::new();
            ServerFrame::Snapshot {
                offset: Offset(at as u64),
                size: Size::DEFAULT,
                flags: more | deflated,
                ansi,
            }
            .encode(&mut frame);
            let connection = self.connection;
            self.session.down.push_back(Event::Binary { connection, frame });
        }
    }

    fn skip(&mut self, snapshot: Snapshot) {
        if self.session.writer.is_some() {
            self.session.cursor = self.session.journal.len();
            self.send_snapshot(self.session.cursor, snapshot);
        }
    }

    fn inflated(&mut self) {
        if let Some((ticket, bytes)) = self.inflating.pop_front() {
            let ansi = Some(turned(&bytes));
            self.event(Event::Inflated { ticket, ansi });
        }
    }

    fn say(&mut self, text: &ServerText) {
        let text = serde_json::to_string(text).unwrap();
        let connection = self.connection;
        self.session.down.push_back(Event::Text { connection, text });
    }

    /// The holder takes the next input frame and drops what it already has.
    fn take_input(&mut self) {
        let (Some(writer), Some((offset, bytes))) = (self.session.writer, self.session.up.pop_front()) else {
            return;
        };
        let at = self.session.writers.entry(writer).or_insert(0);
        assert!(offset <= *at, "input never leaves a gap");
        let known = (*at - offset) as usize;
        if let Some(new) = bytes.get(known..) {
            self.session.pty.extend_from_slice(new);
            *at += new.len() as u64;
        }
        let offset = Offset(*at);
        self.say(&ServerText::InputAck { offset });
    }

    fn pump_output(&mut self) {
        if self.session.writer.is_some() && self.session.cursor < self.session.journal.len() {
            let bytes = &self.session.journal[self.session.cursor..];
            let offset = Offset(self.session.cursor as u64);
            let mut frame = Vec::new();
            ServerFrame::Output { offset, bytes }.encode(&mut frame);
            self.session.cursor = self.session.journal.len();
            let connection = self.connection;
            self.session.down.push_back(Event::Binary { connection, frame });
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Output(byte) => self.session.journal.push(*byte),
            Step::Typed(byte) => {
                self.typed.push(*byte);
                self.event(Event::Typed(vec![*byte]));
            }
            Step::Skip(snapshot) => self.skip(*snapshot),
            Step::Old if self.session.writer.is_some() && self.session.begun > 0 => {
                let (part_bytes, deflated) = (3, false);
                self.send_snapshot(self.session.begun - 1, Snapshot { part_bytes, deflated });
            }
            Step::Old => {}
            Step::Inflated => self.inflated(),
            Step::Down => {
                self.pump_output();
                if let Some(event) = self.session.down.pop_front() {
                    self.event(event);
                }
            }
            Step::Up => self.take_input(),
            Step::Drawn => {
                if let Some(mark) = self.marks.pop_front() {
                    self.event(Event::Drawn(mark));
                }
            }
            Step::Die => {
                self.cut();
                let connection = self.connection;
                self.event(Event::Closed { connection });
            }
            Step::Wait => self.wait(),
            Step::Taken => self.taken(),
        }
    }

    fn wait(&mut self) {
        if let Some(at) = self.feed.wake_at_ms() {
            self.now_ms = self.now_ms.max(at);
            self.event(Event::Wake);
        }
    }

    /// A duplicated tab connects under this writer's id.
    fn taken(&mut self) {
        let Some(writer) = self.session.writer.take() else {
            return;
        };
        let at = self.session.writers.get(&writer).copied().unwrap_or(0);
        self.session.up.clear();
        self.session.down.clear();
        let error = ServerText::Error {
            code: sempre_protocol::texts::ErrorCode::WriterTaken,
            message: String::new(),
            input_offset: Some(Offset(at)),
        };
        self.say(&error);
    }

    /// Everything that is under way arrives.
    fn settle(&mut self) {
        while !(self.feed.view().connection == Connection::Live && self.feed.pending_bytes() == 0)
            || self.screen.len() < self.session.journal.len()
        {
            for step in [Step::Down, Step::Down, Step::Inflated, Step::Up, Step::Drawn] {
                self.step(&step);
            }
            if self.session.writer.is_none() {
                self.wait();
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<u8>().prop_map(Step::Output),
        // Control characters act at once when input is stuck; letters queue.
        4 => (b'a'..=b'z').prop_map(Step::Typed),
        1 => (1..9_usize, any::<bool>())
            .prop_map(|(part_bytes, deflated)| Step::Skip(Snapshot { part_bytes, deflated })),
        1 => Just(Step::Old),
        2 => Just(Step::Inflated),
        8 => Just(Step::Down),
        6 => Just(Step::Up),
        3 => Just(Step::Drawn),
        1 => Just(Step::Die),
        2 => Just(Step::Wait),
        1 => Just(Step::Taken),
    ]
}

proptest! {
    #[test]
    fn no_byte_is_lost_or_doubled_whatever_dies(steps in prop::collection::vec(step(), 0..200)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.settle();
        prop_assert_eq!(&world.screen, &world.session.journal);
        // A writer the holder never heard of is asked about; nothing is ever typed twice.
        let parked = world.feed.view().parked.map(|parked| parked.bytes.clone()).unwrap_or_default();
        if parked.is_empty() {
            prop_assert_eq!(&world.session.pty, &world.typed);
        } else {
            prop_assert_eq!(world.session.pty.len() + parked.len(), world.typed.len());
        }
    }
}
