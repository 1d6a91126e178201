//! A viewer: one terminal in the page and its connection. It does what the feed says and tells the feed what
//! happened; it decides nothing itself.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use leptos::prelude::{RwSignal, Set};
use sempre_protocol::frames::ClientFrame;
use sempre_protocol::texts::Role;
use sempre_protocol::{SessionId, WriterId};

use crate::browser::clock::{Timer, now_ms};
use crate::browser::element::{Host, SizeWatch};
use crate::browser::inflate;
use crate::browser::page::{self, PageWatch};
use crate::browser::random::BrowserChance;
use crate::browser::socket::Socket;
use crate::browser::{PageEvent, SocketEvent, storage};
use crate::data::{self, DataError};
use crate::feed::{Chance, Effect, Event, Feed, Probe, View};
use crate::history::{Opening, Reader, Said};
use crate::routes::api;
use crate::term::{Bundle, Shortcut, TermError, Terminal, Told, palette};

/// What a viewer needs of the page around it.
pub struct Setup {
    /// The session to show.
    pub session: SessionId,
    /// Where to put the terminal.
    pub host: Host,
    /// Dark colours or light ones.
    pub dark: bool,
    /// Kept current with what there is to show.
    pub view: RwSignal<Option<View>>,
    /// What is asked for: to type as well, or only to look.
    pub role: Role,
    /// Hears the page's shortcuts.
    pub on_shortcut: Box<dyn Fn(Shortcut)>,
}

/// A running viewer; dropping it closes its connection and takes the terminal out of the page.
pub struct Viewer {
    inner: Rc<Inner>,
    _size_watch: Option<SizeWatch>,
    _page_watch: PageWatch,
}

struct Inner {
    session: SessionId,
    terminal: RefCell<Option<Terminal>>,
    feed: RefCell<Feed>,
    chance: RefCell<BrowserChance>,
    socket: RefCell<Option<Socket>>,
    alarm: RefCell<Option<(u64, Timer)>>,
    events: RefCell<VecDeque<Event>>,
    /// The queue of events is being worked off further up the stack.
    busy: Cell<bool>,
    shown: RefCell<Option<View>>,
    view: RwSignal<Option<View>>,
    role: Role,
    on_shortcut: Box<dyn Fn(Shortcut)>,
    reader: RefCell<Option<Reader>>,
    /// Rows that the terminal holds, if the history goes on above them.
    rows_here: Cell<u64>,
    dark: Cell<bool>,
}

fn writer_key(session: SessionId) -> String {
    format!("sempre.writer.{session}")
}

/// This tab's writer id for a session: kept over reloads, so that unconfirmed input keeps its place.
fn writer_of_tab(session: SessionId) -> WriterId {
    let kept = storage::tab_get(&writer_key(session)).and_then(|id| id.parse().ok());
    kept.unwrap_or_else(|| {
        let writer = WriterId::from_bytes(BrowserChance.id_bytes());
        storage::tab_set(&writer_key(session), &writer.to_string());
        writer
    })
}

impl Viewer {
    /// Opens the terminal and starts to connect.
    pub fn start(bundle: &Bundle, setup: Setup) -> Result<Self, TermError> {
        let inner = Rc::new(Inner {
            session: setup.session,
            terminal: RefCell::default(),
            feed: RefCell::new(Feed::new(writer_of_tab(setup.session))),
            chance: RefCell::default(),
            socket: RefCell::default(),
            alarm: RefCell::default(),
            events: RefCell::default(),
            busy: Cell::default(),
            shown: RefCell::default(),
            view: setup.view,
            role: setup.role,
            on_shortcut: setup.on_shortcut,
            reader: RefCell::default(),
            rows_here: Cell::default(),
            dark: Cell::new(setup.dark),
        });
        let terminal = {
            let inner = Rc::downgrade(&inner);
            let listen = Rc::new(move |told| told_by_terminal(&inner, told));
            Terminal::open(bundle, &setup.host, setup.dark, listen)?
        };
        *inner.terminal.borrow_mut() = Some(terminal);
        inner.measure();
        inner.tell(Event::Start);
        let measured = Rc::downgrade(&inner);
        let noticed = Rc::downgrade(&inner);
        Ok(Self {
            _size_watch: SizeWatch::new(&setup.host, move || {
                if let Some(inner) = measured.upgrade() {
                    inner.measure();
                }
            }),
            _page_watch: page::watch(move |event| noticed_by_page(&noticed, event)),
            inner,
        })
    }

    /// Tells the feed what the person wants.
    pub fn tell(&self, event: Event) {
        self.inner.tell(event);
    }

    /// Puts the focus into the terminal.
    pub fn focus(&self) {
        self.inner.with_terminal(Terminal::focus);
    }

    /// Changes the colours.
    pub fn set_dark(&self, dark: bool) {
        let theme = palette(dark).told();
        self.inner.dark.set(dark);
        self.inner.with_terminal(|terminal| terminal.set_dark(dark));
        self.inner.with_reader(|reader| reader.set_theme(theme));
        self.inner.tell(Event::Themed(theme));
    }

    /// Shows the history in `host`: its newest rows, or those above what the terminal holds if one came that way.
    /// `leave` is called when a finger or the wheel goes on past its end.
    pub fn read_history(&self, host: &Host, said: Said, leave: impl Fn() + 'static) {
        let opening = Opening {
            session: self.inner.session,
            theme: palette(self.inner.dark.get()).told(),
            below: self.inner.rows_here.take(),
            screen_rows: self.inner.screen_rows(),
            said,
            leave: Box::new(leave),
        };
        *self.inner.reader.borrow_mut() = Some(Reader::start(host, opening));
        self.tell(Event::SeenSkipped);
    }

    /// Goes to the next older place of `query` in the history shown, or to the next younger one.
    pub fn search_history(&self, query: String, older: bool) {
        self.inner.with_reader(|reader| reader.search(query, older));
    }

    /// Goes to the newest row of the history shown.
    pub fn history_to_end(&self) {
        self.inner.with_reader(Reader::go_to_end);
    }

    /// The history is no longer shown.
    pub fn leave_history(&self) {
        self.inner.reader.take();
        self.focus();
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // Nothing is shown any more: the signals may be gone already.
        self.inner.socket.take();
        self.inner.alarm.take();
        self.inner.terminal.take();
    }
}

fn told_by_terminal(inner: &Weak<Inner>, told: Told) {
    let Some(inner) = inner.upgrade() else { return };
    match told {
        Told::Typed(bytes) => inner.tell(Event::Typed(bytes)),
        Told::Reported(bytes) => inner.tell(Event::Reported(bytes)),
        Told::Drawn(mark) => inner.tell(Event::Drawn(mark)),
        Told::Shortcut(shortcut) => (inner.on_shortcut)(shortcut),
        Told::PastTop(rows) => {
            inner.rows_here.set(rows);
            (inner.on_shortcut)(Shortcut::History);
        }
    }
}

fn noticed_by_page(inner: &Weak<Inner>, event: PageEvent) {
    let Some(inner) = inner.upgrade() else { return };
    inner.tell(match event {
        PageEvent::Online => Event::Online,
        PageEvent::Offline => Event::Offline,
        PageEvent::Visible => Event::Visible,
        PageEvent::Shown => Event::PageShown,
        PageEvent::Hidden => return,
    });
}

impl Inner {
    fn with_terminal<T>(&self, act: impl FnOnce(&Terminal) -> T) -> Option<T> {
        self.terminal.borrow().as_ref().map(act)
    }

    fn with_reader(&self, act: impl FnOnce(&Reader)) {
        if let Some(reader) = self.reader.borrow().as_ref() {
            act(reader);
        }
    }

    /// Rows of the session's screen, once they are known.
    fn screen_rows(&self) -> u64 {
        let shown = self.shown.borrow();
        let size = shown.as_ref().and_then(|view| view.size);
        size.map_or(0, |size| size.rows.into())
    }

    /// Finds out how much room there is, and fits the session's size into it.
    fn measure(self: &Rc<Self>) {
        let room = self.with_terminal(|terminal| {
            terminal.scale();
            terminal.room()
        });
        if let Some(room) = room.flatten() {
            self.tell(Event::Fitted(room));
        }
    }

    /// Works events off one after the other: doing what one says may bring about the next.
    fn tell(self: &Rc<Self>, event: Event) {
        self.events.borrow_mut().push_back(event);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let event = self.events.borrow_mut().pop_front();
            let Some(event) = event else { break };
            let effects = self
                .feed
                .borrow_mut()
                .handle(now_ms(), &mut *self.chance.borrow_mut(), event);
            for effect in effects {
                self.act(effect);
            }
        }
        self.busy.set(false);
        self.show();
        self.set_alarm();
    }

    fn act(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Connect {
                connection,
                writer,
                from,
            } => self.connect(connection, &api::socket(self.session, writer, self.role, from)),
            Effect::Disconnect => drop(self.socket.take()),
            Effect::SendText(text) => self.send(|socket| {
                if let Ok(json) = serde_json::to_string(&text) {
                    socket.send_text(&json);
                }
            }),
            Effect::SendInput { offset, bytes } => self.send(|socket| {
                let mut frame = Vec::new();
                ClientFrame::Input {
                    offset,
                    bytes: &bytes,
                }
                .encode(&mut frame);
                socket.send_bytes(&frame);
            }),
            Effect::KeepWriter(writer) => storage::tab_set(&writer_key(self.session), &writer.to_string()),
            Effect::Probe => self.probe(),
            Effect::Inflate { ticket, bytes } => self.inflate(ticket, bytes),
            Effect::Reset
            | Effect::Resize(_)
            | Effect::Voice(_)
            | Effect::Snapshot { .. }
            | Effect::Write { .. } => self.draw(effect),
        }
    }

    /// What the terminal does, in stream order.
    fn draw(&self, effect: Effect) {
        self.with_terminal(|terminal| match effect {
            Effect::Reset => terminal.reset(),
            Effect::Resize(size) => terminal.resize(size),
            Effect::Voice(voice) => terminal.set_voice(voice),
            Effect::Snapshot {
                size,
                cut,
                ansi,
                mark,
            } => terminal.show_snapshot(size, cut, ansi, mark),
            Effect::Write { bytes, mark } => terminal.write(&bytes, mark),
            _ => {}
        });
        self.with_reader(|reader| reader.output_came(self.screen_rows()));
    }

    fn inflate(self: &Rc<Self>, ticket: u32, bytes: Vec<u8>) {
        let inner = Rc::downgrade(self);
        leptos::task::spawn_local(async move {
            let ansi = inflate::inflate(bytes).await;
            if let Some(inner) = inner.upgrade() {
                inner.tell(Event::Inflated { ticket, ansi });
            }
        });
    }

    fn connect(self: &Rc<Self>, connection: u32, path: &str) {
        let inner = Rc::downgrade(self);
        let heard = move |event| {
            if let Some(inner) = inner.upgrade() {
                inner.tell(match event {
                    SocketEvent::Text(text) => Event::Text { connection, text },
                    SocketEvent::Binary(frame) => Event::Binary { connection, frame },
                    SocketEvent::Closed => Event::Closed { connection },
                });
            }
        };
        // The former socket goes before the new one opens.
        self.socket.take();
        let socket = Socket::open(path, heard);
        if socket.is_none() {
            self.events.borrow_mut().push_back(Event::Closed { connection });
        }
        *self.socket.borrow_mut() = socket;
    }

    fn send(&self, send: impl FnOnce(&Socket)) {
        if let Some(socket) = self.socket.borrow().as_ref() {
            send(socket);
        }
    }

    /// A WebSocket does not say why it could not be opened; the API does.
    fn probe(self: &Rc<Self>) {
        let inner = Rc::downgrade(self);
        let session = data::session(self.session);
        leptos::task::spawn_local(async move {
            let probe = match session.await {
                Ok(Some(_)) => Probe::Exists,
                Ok(None) | Err(DataError::NotFound) => Probe::Missing,
                Err(DataError::LoggedOut) => Probe::LoggedOut,
                Err(DataError::Refused(_) | DataError::Unreachable(_)) => Probe::Unreachable,
            };
            if let Some(inner) = inner.upgrade() {
                inner.tell(Event::Probed(probe));
            }
        });
    }

    /// Shows what changed: a signal for the page, attributes for tests.
    fn show(&self) {
        let feed = self.feed.borrow();
        let view = feed.view();
        let (state, writer) = (view.connection.word(), view.writer.to_string());
        self.with_terminal(|terminal| {
            terminal.show_state(state, feed.drawn(), &writer, feed.pending_bytes())
        });
        if self.shown.borrow().as_ref() != Some(&view) {
            *self.shown.borrow_mut() = Some(view.clone());
            self.view.try_set(Some(view));
        }
    }

    fn set_alarm(self: &Rc<Self>) {
        let wake_at_ms = self.feed.borrow().wake_at_ms();
        let set_for_ms = self.alarm.borrow().as_ref().map(|(at_ms, _)| *at_ms);
        if wake_at_ms == set_for_ms {
            return;
        }
        let inner = Rc::downgrade(self);
        let alarm = wake_at_ms.map(|at_ms| {
            let ring = move || {
                if let Some(inner) = inner.upgrade() {
                    inner.alarm.take();
                    inner.tell(Event::Wake);
                }
            };
            (at_ms, Timer::after(at_ms.saturating_sub(now_ms()), ring))
        });
        *self.alarm.borrow_mut() = alarm;
    }
}
