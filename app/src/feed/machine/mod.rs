//! The state machine itself: connections, retries, and who gets which event.

use std::sync::Arc;

use sempre_protocol::colours::Theme;
use sempre_protocol::frames::ServerFrame;
use sempre_protocol::limits::SILENCE_LIMIT_MS;
use sempre_protocol::texts::{ClientText, ErrorCode, Hello, Role, ServerText, Signal};
use sempre_protocol::{Offset, Size, WriterId};

mod drawing;
mod stream;

use super::input::Input;
use super::output::{Join, Output, Taken};
use super::snapshot::{Gathered, Snapshots, Whole};
use super::view::ParkReason;
use super::{Chance, Connection, Effect, Ending, Event, News, Parked, Probe, View, Voice, retry_delay_ms};

/// A socket that has not said hello for this long has failed, ms.
const CONNECT_LIMIT_MS: u64 = 15_000;
/// A socket asked for a sign of life must give one within this, ms.
const VERIFY_LIMIT_MS: u64 = 5_000;
/// A connection that held this long was a good one: counting failures starts anew, ms.
const STABLE_MS: u64 = 5_000;
/// A change of this viewer's size is told after it rested this long, ms: each one makes the program redraw.
const RESIZE_REST_MS: u64 = 80;
/// Typed bytes waiting on a live connection that are worth telling about.
const BACKLOG_BYTES: usize = 4 * 1024;

#[derive(Debug, Clone, PartialEq)]
enum Link {
    /// Not wanted yet.
    Idle,
    /// A socket was asked for and has not said hello.
    Opening { since_ms: u64 },
    /// The stream runs.
    Open { since_ms: u64 },
    /// Cut off until then.
    Waiting { retry_at_ms: u64 },
    /// Nothing will come any more.
    Over(Connection),
}

/// One terminal's connection to its session.
#[derive(Debug)]
pub struct Feed {
    link: Link,
    connection: u32,
    failures: u32,
    ever_open: bool,
    heard_ms: u64,
    verify_by_ms: Option<u64>,
    input: Input,
    output: Output,
    snapshots: Snapshots,
    skipped: bool,
    voice: Option<Voice>,
    news: Arc<News>,
    theme: Option<Theme>,
    role: Role,
    records_input: bool,
    viewers: u32,
    size: Option<Size>,
    fit: Option<Size>,
    fit_told: Option<Size>,
    resize_at_ms: Option<u64>,
    parked: Option<Arc<Parked>>,
    notice: Option<String>,
    stuck: bool,
}

/// One call of [`Feed::handle`]: the moment, the randomness, and what is to be done.
struct Turn<'a> {
    now_ms: u64,
    chance: &'a mut dyn Chance,
    effects: Vec<Effect>,
}

impl Turn<'_> {
    fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
}

impl Feed {
    /// A feed that types as `writer`. Nothing happens before [`Event::Start`].
    pub fn new(writer: WriterId) -> Self {
        Self {
            link: Link::Idle,
            connection: 0,
            failures: 0,
            ever_open: false,
            heard_ms: 0,
            verify_by_ms: None,
            input: Input::new(writer),
            output: Output::default(),
            snapshots: Snapshots::default(),
            skipped: false,
            voice: None,
            news: Arc::default(),
            theme: None,
            role: Role::Writer,
            records_input: false,
            viewers: 0,
            size: None,
            fit: None,
            fit_told: None,
            resize_at_ms: None,
            parked: None,
            notice: None,
            stuck: false,
        }
    }

    /// Takes one event at `now_ms` (any clock that never goes back) and says what is to be done, in order.
    pub fn handle(&mut self, now_ms: u64, chance: &mut dyn Chance, event: Event) -> Vec<Effect> {
        let mut turn = Turn {
            now_ms,
            chance,
            effects: Vec::new(),
        };
        self.dispatch(&mut turn, event);
        self.stuck = self.is_open() && self.input.is_stuck(now_ms);
        turn.effects
    }

    /// When [`Event::Wake`] is due, in the ms of [`Self::handle`]; none: only when something happens.
    pub fn wake_at_ms(&self) -> Option<u64> {
        let link = match self.link {
            Link::Opening { since_ms } => Some(since_ms + CONNECT_LIMIT_MS),
            Link::Open { .. } => Some(self.heard_ms + SILENCE_LIMIT_MS),
            Link::Waiting { retry_at_ms } => Some(retry_at_ms),
            Link::Idle | Link::Over(_) => None,
        };
        let stuck = self.input.stuck_at_ms().filter(|_| self.is_open() && !self.stuck);
        let others = [
            self.verify_by_ms,
            self.output.ack_at_ms(),
            self.resize_at_ms,
            stuck,
        ];
        others.into_iter().chain([link]).flatten().min()
    }

    /// What a page shows.
    pub fn view(&self) -> View {
        let connection = self.state();
        let pending = self.input.pending_bytes();
        let told = !connection.is_open() || pending > BACKLOG_BYTES || self.stuck;
        View {
            connection,
            writer: self.input.writer,
            run: self.input.run,
            role: self.role,
            records_input: self.records_input,
            viewers: self.viewers,
            size: self.size,
            fit: self.fit,
            pending_bytes: if told { pending } else { 0 },
            stuck: self.stuck,
            parked: self.parked.clone(),
            news: self.news.clone(),
            skipped: self.skipped,
            notice: self.notice.clone(),
        }
    }

    /// Output offset after the last byte the terminal has parsed.
    pub fn drawn(&self) -> Offset {
        self.output.drawn()
    }

    /// Input bytes not confirmed yet.
    pub fn pending_bytes(&self) -> usize {
        self.input.pending_bytes()
    }

    fn state(&self) -> Connection {
        match &self.link {
            Link::Over(end) => end.clone(),
            Link::Open { .. } if self.output.is_replaying() => Connection::Replaying,
            Link::Open { .. } => Connection::Live,
            Link::Waiting { retry_at_ms } => Connection::Reconnecting {
                attempt: self.failures,
                retry_at_ms: Some(*retry_at_ms),
            },
            Link::Opening { .. } if self.ever_open || self.failures > 0 => Connection::Reconnecting {
                attempt: self.failures,
                retry_at_ms: None,
            },
            Link::Idle | Link::Opening { .. } => Connection::Connecting,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.link, Link::Open { .. })
    }

    fn dispatch(&mut self, turn: &mut Turn<'_>, event: Event) {
        match event {
            Event::Start if self.link == Link::Idle => self.connect(turn),
            Event::Text { connection, .. }
            | Event::Binary { connection, .. }
            | Event::Closed { connection }
                if self.hears(connection, turn.now_ms) =>
            {
                if let Some(event) = self.snapshots.hold(event) {
                    self.arrived(turn, event);
                }
            }
            Event::Inflated { ticket, ansi } => self.inflated(turn, ticket, ansi),
            Event::SeenSkipped => self.skipped = false,
            Event::Probed(probe) => self.probed(turn, probe),
            Event::Drawn(mark) => {
                let due = self.output.on_drawn(mark, turn.now_ms);
                self.acknowledge(turn, due);
            }
            Event::Typed(bytes) => self.typed(turn, &bytes),
            Event::Reported(bytes) => self.reported(turn, &bytes),
            Event::Fitted(size) => self.fitted(turn.now_ms, size),
            Event::Themed(theme) => self.themed(turn, theme),
            Event::Wake => self.wake(turn),
            Event::Online | Event::Offline | Event::Visible | Event::PageShown | Event::TryNow => {
                self.nudged(turn, &event);
            }
            Event::Interrupt => self.interrupt(turn),
            Event::DiscardParked => self.parked = None,
            Event::TypeParked => self.type_parked(turn),
            Event::Start | Event::Text { .. } | Event::Binary { .. } | Event::Closed { .. } => {}
        }
    }

    /// What the current connection brings, in the order it came.
    fn arrived(&mut self, turn: &mut Turn<'_>, event: Event) {
        match event {
            Event::Text { text, .. } => self.text(turn, &text),
            Event::Binary { frame, .. } => self.binary(turn, &frame),
            _ => self.lost(turn),
        }
    }

    /// Whether an event of `connection` counts; a sign of life if so.
    fn hears(&mut self, connection: u32, now_ms: u64) -> bool {
        let current =
            connection == self.connection && matches!(self.link, Link::Opening { .. } | Link::Open { .. });
        if current {
            self.heard_ms = now_ms;
            self.verify_by_ms = None;
        }
        current
    }

    fn connect(&mut self, turn: &mut Turn<'_>) {
        self.connection = self.connection.wrapping_add(1);
        self.link = Link::Opening {
            since_ms: turn.now_ms,
        };
        self.cut_off();
        turn.push(Effect::Connect {
            connection: self.connection,
            writer: self.input.writer,
            from: self.output.resume_from(),
        });
    }

    /// What belonged to the connection goes with it.
    fn cut_off(&mut self) {
        self.verify_by_ms = None;
        self.resize_at_ms = None;
        self.fit_told = None;
        self.output.cut_off();
        self.snapshots.cut_off();
        self.input.cut_off();
    }

    /// The connection failed: wait, then try again. Never gives up.
    fn lost(&mut self, turn: &mut Turn<'_>) {
        let was_open = match self.link {
            Link::Open { since_ms } => {
                if turn.now_ms >= since_ms + STABLE_MS {
                    self.failures = 0;
                }
                true
            }
            _ => false,
        };
        self.failures = self.failures.saturating_add(1);
        let delay = retry_delay_ms(self.failures, turn.chance.fraction());
        self.cut_off();
        self.link = Link::Waiting {
            retry_at_ms: turn.now_ms + delay,
        };
        turn.push(Effect::Disconnect);
        if !was_open {
            turn.push(Effect::Probe);
        }
    }

    /// The connection is over for good.
    fn finish(&mut self, turn: &mut Turn<'_>, link: Link) {
        self.cut_off();
        self.link = link;
        turn.push(Effect::Disconnect);
    }

    fn probed(&mut self, turn: &mut Turn<'_>, probe: Probe) {
        if !matches!(self.link, Link::Opening { .. } | Link::Waiting { .. }) {
            return;
        }
        let end = match probe {
            Probe::Missing => Connection::Gone,
            Probe::LoggedOut => Connection::LoggedOut,
            Probe::Exists | Probe::Unreachable => return,
        };
        self.finish(turn, Link::Over(end));
        let parked = self.input.park(ParkReason::Ended);
        self.park(parked);
    }

    /// The world says that trying may be worth it now, or that the connection may be dead.
    fn nudged(&mut self, turn: &mut Turn<'_>, event: &Event) {
        let hopeful = !matches!(event, Event::Offline);
        let broken = matches!(event, Event::PageShown);
        match self.link {
            Link::Waiting { .. } if hopeful => {
                if !matches!(event, Event::TryNow) {
                    self.failures = 0;
                }
                self.connect(turn);
            }
            Link::Opening { since_ms } if hopeful && turn.now_ms >= since_ms + 1_000 => self.connect(turn),
            Link::Open { .. } | Link::Opening { .. } if broken => self.connect(turn),
            Link::Over(Connection::Disconnected) if matches!(event, Event::TryNow) => self.attach_again(turn),
            Link::Open { .. } if self.verify_by_ms.is_none() => {
                self.verify_by_ms = Some(turn.now_ms + VERIFY_LIMIT_MS);
                turn.push(Effect::SendText(ClientText::Ping));
            }
            _ => {}
        }
    }

    fn wake(&mut self, turn: &mut Turn<'_>) {
        let now_ms = turn.now_ms;
        let due = |at: Option<u64>| at.is_some_and(|at| now_ms >= at);
        match self.link {
            Link::Waiting { retry_at_ms } if now_ms >= retry_at_ms => return self.connect(turn),
            Link::Opening { since_ms } if now_ms >= since_ms + CONNECT_LIMIT_MS => return self.lost(turn),
            Link::Open { .. } if now_ms >= self.heard_ms + SILENCE_LIMIT_MS || due(self.verify_by_ms) => {
                return self.lost(turn);
            }
            _ => {}
        }
        if due(self.output.ack_at_ms()) {
            let offset = self.output.ack();
            self.acknowledge(turn, offset);
        }
        if due(self.resize_at_ms) {
            self.tell_fit(turn);
        }
    }

    fn acknowledge(&mut self, turn: &mut Turn<'_>, offset: Option<Offset>) {
        if let Some(offset) = offset.filter(|_| self.is_open()) {
            turn.push(Effect::SendText(ClientText::Ack { offset }));
        }
    }
}
