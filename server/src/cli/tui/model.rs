//! What `sempre tui` knows and what each key and each piece of news makes of it. Pure: nothing here talks to the server,
//! reads a clock or draws.

mod key_bindings;
#[cfg(test)]
mod tests;

use sempre_protocol::{SessionId, Size};

use super::form::{Field, Form};
use super::keys::Key;
use super::list;
use super::page::{Page, Topic};
use super::watch::{Heard, World};
use super::wrapping::{cells, tame};
use crate::cli::describe;

/// The smallest terminal that this can be read on.
pub(super) const MIN_SIZE: Size = Size::new(40, 10);
/// Rows around the list: header, headings, a message, keys.
const ROWS_AROUND_LIST: usize = 4;
/// Longest message; there is a row for it.
const MAX_MESSAGE_CHARS: usize = 1000;

/// Everything that is shown.
#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    /// By this machine's clock, ms since the Unix epoch.
    pub(super) now_ms: u64,
    pub(super) size: Size,
    pub(super) view: View,
    /// Which sessions are listed.
    pub(super) filter: Field,
    /// The sessions listed, in order.
    pub(super) listed: Vec<SessionId>,
    /// The one that keys are about; of those listed, if there is any.
    pub(super) selected: Option<SessionId>,
    /// Where it stands, or stood last.
    at: usize,
    /// The first one on the screen.
    pub(super) top: usize,
    /// What was done last.
    pub(super) message: Option<String>,
    /// What the server is asked for; it is asked one thing at a time.
    pub(super) asked: Option<Request>,
    /// To be selected as soon as it is known.
    awaited: Option<SessionId>,
    /// How to come back from a session.
    pub(super) detach_advice: String,
}

/// What is in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum View {
    /// The list.
    List,
    /// The list, while the filter is typed.
    Filter,
    /// The list behind a question, answered by y.
    Question(Request),
    /// The list behind the form of a new session.
    New(Form),
    /// Text to read.
    Page(Page),
}

/// What the server is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// A session of this name, if it is not empty, that runs this line; the shell if that is empty.
    Create { name: String, command: String },
    /// The end of a running session.
    End(SessionId),
    /// A session like an ended one.
    Restart(SessionId),
    /// That a session is forgotten; one that runs is ended before.
    Remove { id: SessionId, runs: bool },
}

impl Request {
    /// What is being done, in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Create { .. } => "starting a session".to_owned(),
            Self::End(id) => format!("ending {}", describe::short(*id)),
            Self::Restart(id) => format!("starting {} again", describe::short(*id)),
            Self::Remove { id, .. } => format!("removing {}", describe::short(*id)),
        }
    }
}

/// What happens.
#[derive(Debug)]
pub(super) enum Event {
    /// A key.
    Key(Key),
    /// The terminal has this size.
    Size(Size),
    /// It is so late, ms since the Unix epoch.
    Clock(u64),
    /// News of the server.
    News(World),
    /// What was asked for is done, or was refused with these words.
    Answer(Result<Done, String>),
    /// The terminal is back from a session, and this is why.
    Back(String),
}

/// What came of a request.
#[derive(Debug)]
pub(super) struct Done {
    /// In words.
    pub(super) said: String,
    /// The session that was started.
    pub(super) started: Option<SessionId>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Leave.
    Quit,
    /// Draw everything anew.
    Redraw,
    /// Give the terminal to the shell until it says to go on.
    Suspend,
    /// Show a session on this terminal until somebody detaches.
    Attach(SessionId),
    /// Ask the server.
    Ask(Request),
}

impl State {
    /// The list of these sessions on a terminal of this size.
    pub(super) fn new(world: World, size: Size, now_ms: u64, detach_advice: String) -> Self {
        let mut state = Self {
            world,
            now_ms,
            size,
            view: View::List,
            filter: Field::default(),
            listed: Vec::new(),
            selected: None,
            at: 0,
            top: 0,
            message: None,
            asked: None,
            awaited: None,
            detach_advice,
        };
        state.settle();
        state
    }

    /// Takes what happens; what is to be done then.
    pub(super) fn take(&mut self, event: Event) -> Option<Act> {
        let act = match event {
            Event::Key(key) => self.key(&key),
            Event::Size(size) => {
                self.size = size;
                None
            }
            Event::Clock(now_ms) => {
                self.now_ms = now_ms;
                None
            }
            Event::News(world) => {
                self.world = world;
                None
            }
            Event::Answer(answer) => {
                self.answer(answer);
                None
            }
            Event::Back(why) => {
                self.say(why);
                None
            }
        };
        self.settle();
        act
    }

    fn answer(&mut self, answer: Result<Done, String>) {
        self.asked = None;
        match answer {
            Ok(done) => {
                if done.started.is_some() {
                    self.awaited = done.started;
                    self.filter = Field::default();
                }
                self.say(done.said);
            }
            Err(words) => self.say(words),
        }
    }

    /// Shows words below the list, or on a page if there is no room for them.
    fn say(&mut self, words: String) {
        let fits = !words.contains('\n') && cells(&words) <= usize::from(self.size.cols);
        if fits || self.view != View::List {
            self.message = Some(tame(&words.replace('\n', " "), MAX_MESSAGE_CHARS));
        } else {
            self.message = None;
            self.view = View::Page(Page::new(Topic::Words(words)));
        }
    }

    /// Whether anything but the way out can be shown.
    pub(super) fn is_too_small(&self) -> bool {
        self.size.cols < MIN_SIZE.cols || self.size.rows < MIN_SIZE.rows
    }

    /// Sessions that are on the screen at once.
    pub(super) fn list_rows(&self) -> usize {
        usize::from(self.size.rows)
            .saturating_sub(ROWS_AROUND_LIST)
            .max(1)
    }

    /// What is known of a session.
    pub(super) fn heard(&self, id: SessionId) -> Option<&Heard> {
        self.world.sessions.get(&id)
    }

    /// The session that keys are about.
    pub(super) fn chosen(&self) -> Option<&Heard> {
        self.heard(self.selected?)
    }

    /// Makes what is listed, selected and in sight fit what is known.
    fn settle(&mut self) {
        self.listed = list::listed(&self.world, self.filter.text());
        if let Some(awaited) = self.awaited
            && self.listed.contains(&awaited)
        {
            self.selected = Some(awaited);
            self.awaited = None;
        }
        let place = |id| self.listed.iter().position(|listed| *listed == id);
        let last = self.listed.len().saturating_sub(1);
        // One that is gone leaves its place to the next.
        self.at = self.selected.and_then(place).unwrap_or(self.at).min(last);
        self.selected = self.listed.get(self.at).copied();
        let rows = self.list_rows();
        let lowest_top = self.at.saturating_sub(rows - 1);
        self.top = self.top.clamp(lowest_top, self.at);
        // No empty rows while sessions stand above.
        self.top = self.top.min(self.listed.len().saturating_sub(rows));
        if let View::Page(page) = &self.view {
            let mut page = page.clone();
            page.top = page.top.min(page.last_top(self));
            self.view = View::Page(page);
        }
    }
}
