//! The feed's rules one by one: what a viewer notices when the line, the server or another tab interferes.

mod connection;
mod input;
mod news;
mod output;
mod snapshot;

use sempre_protocol::frames::ServerFrame;
use sempre_protocol::limits::{PENDING_KEYS_BYTES, SILENCE_LIMIT_MS};
use sempre_protocol::texts::{ClientText, ErrorCode, ExitStatus, Hello, Role, ServerText, Signal};
use sempre_protocol::{Offset, RunId, SessionId, Size, WriterId};

use super::*;

const WRITER: WriterId = WriterId::from_bytes([1; 16]);
const RUN: RunId = RunId::from_bytes([7; 16]);
const OTHER_RUN: RunId = RunId::from_bytes([8; 16]);

/// Always the middle of the range, and ids that count up.
struct Fixed(u8);

impl Chance for Fixed {
    fn fraction(&mut self) -> f64 {
        0.5
    }
    fn id_bytes(&mut self) -> [u8; 16] {
        self.0 += 1;
        [100 + self.0; 16]
    }
}

/// A feed on a bench: its clock is turned by hand.
struct Bench {
    feed: Feed,
    chance: Fixed,
    now_ms: u64,
    connection: u32,
}

fn hello() -> Hello {
    Hello {
        session: SessionId::from_bytes([9; 16]),
        writer: WRITER,
        run: RUN,
        writer_known: false,
        offset: Offset(0),
        base_offset: Offset(0),
        tail_offset: Offset(0),
        input_offset: Offset(0),
        input_accepted: None,
        input_window: 262_144,
        size: Size::DEFAULT,
        role: Role::Writer,
        viewer: 1,
        answers: false,
        reset: true,
        records_input: false,
        server_version: "0.1.0".into(),
    }
}

/// What a server says to a viewer that comes back to `offset`.
fn again(offset: u64, input_offset: u64) -> Hello {
    Hello {
        writer_known: true,
        offset: Offset(offset),
        tail_offset: Offset(offset),
        input_offset: Offset(input_offset),
        reset: false,
        ..hello()
    }
}

impl Bench {
    fn new() -> Self {
        Self {
            feed: Feed::new(WRITER),
            chance: Fixed(0),
            now_ms: 1_000_000,
            connection: 0,
        }
    }

    fn live() -> Self {
        let mut bench = Self::new();
        bench.on(Event::Start);
        bench.text(ServerText::Hello(hello()));
        let effects = bench.snapshot(0, 0, b"");
        bench.drawn(&effects);
        bench
    }

    /// The terminal has parsed what these effects told it to draw.
    fn drawn(&mut self, effects: &[Effect]) -> Vec<Effect> {
        let marks = effects.iter().filter_map(|effect| match effect {
            Effect::Write { mark, .. } | Effect::Snapshot { mark, .. } => Some(*mark),
            _ => None,
        });
        marks.flat_map(|mark| self.on(Event::Drawn(mark))).collect()
    }

    fn on(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.feed.handle(self.now_ms, &mut self.chance, event);
        for effect in &effects {
            if let Effect::Connect { connection, .. } = effect {
                self.connection = *connection;
            }
        }
        effects
    }

    fn text(&mut self, text: ServerText) -> Vec<Effect> {
        self.on(Event::Text {
            connection: self.connection,
            text: serde_json::to_string(&text).unwrap(),
        })
    }

    fn output(&mut self, offset: u64, bytes: &[u8]) -> Vec<Effect> {
        let mut frame = Vec::new();
        let offset = Offset(offset);
        ServerFrame::Output { offset, bytes }.encode(&mut frame);
        self.on(Event::Binary {
            connection: self.connection,
            frame,
        })
    }

    fn snapshot(&mut self, offset: u64, flags: u8, ansi: &[u8]) -> Vec<Effect> {
        let mut frame = Vec::new();
        ServerFrame::Snapshot {
            offset: Offset(offset),
            size: Size::new(100, 30),
            flags,
            ansi,
        }
        .encode(&mut frame);
        self.on(Event::Binary {
            connection: self.connection,
            frame,
        })
    }

    fn close(&mut self) -> Vec<Effect> {
        self.on(Event::Closed {
            connection: self.connection,
        })
    }

    /// Turns the clock to the next moment the feed asked for.
    fn wake(&mut self) -> Vec<Effect> {
        self.now_ms = self
            .now_ms
            .max(self.feed.wake_at_ms().expect("the feed waits for something"));
        self.on(Event::Wake)
    }

    fn typed(&mut self, text: &str) -> Vec<Effect> {
        self.on(Event::Typed(text.as_bytes().to_vec()))
    }

    /// Closes, waits the delay, and is welcomed back.
    fn come_back(&mut self, hello: Hello) -> Vec<Effect> {
        self.close();
        self.wake();
        self.text(ServerText::Hello(hello))
    }

    fn state(&self) -> Connection {
        self.feed.view().connection
    }
}

fn written(effects: &[Effect]) -> Vec<u8> {
    let bytes = effects.iter().filter_map(|effect| match effect {
        Effect::Write { bytes, .. } => Some(bytes.clone()),
        _ => None,
    });
    bytes.flatten().collect()
}

fn sent_input(effects: &[Effect]) -> Vec<(u64, String)> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::SendInput { offset, bytes } => Some((offset.0, String::from_utf8_lossy(bytes).into_owned())),
        _ => None,
    });
    frames.collect()
}

fn connects(effects: &[Effect]) -> Option<(WriterId, Option<Offset>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Connect { writer, from, .. } => Some((*writer, *from)),
        _ => None,
    })
}

fn says(effects: &[Effect], text: &ClientText) -> bool {
    effects.contains(&Effect::SendText(text.clone()))
}
