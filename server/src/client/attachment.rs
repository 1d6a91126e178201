//! A viewer of a session that comes back by itself: no byte of output twice, none left out, no key typed twice.
//!
//! [`Attachment::next`] is the one place where it waits; what is to be sent is noted and sent there, so that it may be
//! cancelled at any time.

use std::time::Duration;

use bytes::Bytes;
use sempre_protocol::limits::SILENCE_LIMIT_MS;
use sempre_protocol::texts::{ClientText, ErrorCode, ExitStatus, Hello, ServerText};
use sempre_protocol::{Offset, SessionId, Size, WriterId};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::input::InputQueue;
use super::wire::{Incoming, Snapshot, Wire};
use super::{Client, ClientError};
use crate::random::random_bytes;

/// Wait before the first attempt to come back, and the longest one.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// How to attach.
#[derive(Debug, Clone, Default)]
pub struct AttachOptions {
    /// Output from here on; none: the screen first.
    pub from: Option<Offset>,
    /// Rows above the screen in the first snapshot.
    pub lines: u32,
    /// Only look.
    pub read_only: bool,
    /// What other viewers see of this one.
    pub name: Option<String>,
}

/// What happened.
#[derive(Debug)]
pub enum Attached {
    /// A connection is up.
    Up {
        /// What the server said.
        hello: Box<Hello>,
        /// Typed bytes thrown away: they may have been typed already, or were meant for another shell.
        lost_input: usize,
    },
    /// The screen, to be drawn anew.
    Snapshot(Snapshot),
    /// Output that follows what came before; say [`Attachment::drawn`] when it is taken.
    Output(Bytes),
    /// Something else the server tells.
    Text(ServerText),
    /// The session is over, and all its output came.
    Exit {
        /// Code or signal, if known.
        status: Option<ExitStatus>,
        /// Why, in a word.
        reason: String,
    },
    /// The connection is gone; it comes back by itself.
    Lost,
}

#[derive(Debug)]
enum Link {
    Up(Box<Wire>),
    Connecting(JoinSet<Result<(Wire, Hello), ClientError>>),
    Waiting(Instant),
    Over,
}

/// A viewer of one session.
#[derive(Debug)]
pub struct Attachment {
    client: Client,
    id: SessionId,
    options: AttachOptions,
    writer: WriterId,
    link: Link,
    heard: Instant,
    failures: u32,
    /// Output comes from here on; none: a screen is wanted.
    next: Option<Offset>,
    /// Lines of the next snapshot.
    lines: u32,
    /// Taken and not told yet.
    drawn: Option<Offset>,
    size: Option<Size>,
    size_told: bool,
    input: InputQueue,
    /// A person typed since the last frame of input.
    typing: bool,
}

impl Attachment {
    /// Attaches for the first time.
    ///
    /// # Errors
    /// What the server refuses, or that it does not answer.
    pub async fn open(client: Client, id: SessionId, options: AttachOptions) -> Result<Self, ClientError> {
        let mut attachment = Self {
            writer: new_writer()?,
            next: options.from,
            lines: options.lines,
            client,
            id,
            options,
            link: Link::Over,
            heard: Instant::now(),
            failures: 0,
            drawn: None,
            size: None,
            size_told: true,
            input: InputQueue::default(),
            typing: false,
        };
        let opened = attachment.connect().await;
        let mut tasks = JoinSet::new();
        let opened = opened?;
        tasks.spawn(async { Ok(opened) });
        attachment.link = Link::Connecting(tasks);
        Ok(attachment)
    }

    /// The server to attach to, as a future that owns what it needs.
    fn connect(&self) -> impl Future<Output = Result<(Wire, Hello), ClientError>> + Send + 'static {
        let role = if self.options.read_only {
            "viewer"
        } else {
            "writer"
        };
        let mut query = vec![
            ("writer", self.writer.to_string()),
            ("role", role.to_owned()),
            ("acks", "1".to_owned()),
            ("lines", self.lines.to_string()),
        ];
        query.extend(self.next.map(|next| ("from", next.to_string())));
        query.extend(self.options.name.clone().map(|name| ("name", name)));
        let (client, id) = (self.client.clone(), self.id);
        async move {
            match Wire::open(client.target().clone(), id, &query).await {
                // The answer to a refused upgrade may come without its body: ask in the plain way why.
                Err(error @ ClientError::Strange { .. }) => match client.session(id).await {
                    Err(why) => Err(why),
                    Ok(_) => Err(error),
                },
                opened => opened,
            }
        }
    }

    /// What happens next. May be cancelled: nothing is lost.
    ///
    /// # Errors
    /// What makes coming back useless: the session is gone, the key is worth nothing any more, somebody disconnected
    /// this viewer.
    pub async fn next(&mut self) -> Result<Attached, ClientError> {
        loop {
            match &mut self.link {
                Link::Up(_) => match self.converse().await {
                    Ok(Some(incoming)) => {
                        self.heard = Instant::now();
                        if let Some(event) = self.take(incoming)? {
                            return Ok(event);
                        }
                    }
                    Ok(None) | Err(_) => {
                        self.lose();
                        return Ok(Attached::Lost);
                    }
                },
                Link::Waiting(until) => {
                    sleep_until(*until).await;
                    let mut tasks = JoinSet::new();
                    tasks.spawn(self.connect());
                    self.link = Link::Connecting(tasks);
                }
                Link::Connecting(tasks) => match tasks.join_next().await {
                    Some(Ok(Ok((wire, hello)))) => return Ok(self.greet(wire, hello)),
                    Some(Ok(Err(error))) if !error.is_passing() => return Err(error),
                    _ => self.lose(),
                },
                Link::Over => std::future::pending().await,
            }
        }
    }

    /// Sends what is noted, then hears what comes.
    async fn converse(&mut self) -> Result<Option<Incoming>, ClientError> {
        let Link::Up(wire) = &mut self.link else {
            return Ok(None);
        };
        if let Some(size) = self.size.filter(|_| !self.size_told) {
            let (cols, rows) = (size.cols, size.rows);
            wire.say(&ClientText::Resize { cols, rows }).await?;
            self.size_told = true;
        }
        if let Some(offset) = self.drawn {
            wire.say(&ClientText::Ack { offset }).await?;
            self.drawn = None;
        }
        while let Some((offset, bytes)) = self.input.frame() {
            if self.typing {
                wire.say(&ClientText::Typing).await?;
                self.typing = false;
            }
            wire.input(offset, &bytes).await?;
            self.input.sent(bytes.len());
        }
        let silence = self.heard + Duration::from_millis(SILENCE_LIMIT_MS);
        // A server that is silent for so long is gone, and so is the connection.
        timeout_at(silence, wire.next()).await.unwrap_or(Ok(None))
    }

    fn greet(&mut self, wire: Wire, hello: Hello) -> Attached {
        self.link = Link::Up(Box::new(wire));
        self.heard = Instant::now();
        self.failures = 0;
        self.size_told = self.size.is_none();
        self.drawn = None;
        let lost_input = self.input.greet(&hello);
        if hello.reset {
            // A snapshot comes, whatever was asked for.
            self.next = None;
        }
        Attached::Up {
            hello: Box::new(hello),
            lost_input,
        }
    }

    fn take(&mut self, incoming: Incoming) -> Result<Option<Attached>, ClientError> {
        match incoming {
            Incoming::Nothing => Ok(None),
            Incoming::Output(offset, bytes) => Ok(self.output(offset, bytes)),
            Incoming::Snapshot(snapshot) => {
                self.next = Some(snapshot.offset);
                // What is above the screen has been shown once.
                self.lines = 0;
                Ok(Some(Attached::Snapshot(snapshot)))
            }
            Incoming::Text(ServerText::InputAck { offset }) => {
                self.input.acknowledge(offset);
                Ok(None)
            }
            Incoming::Text(ServerText::Exit { status, reason, .. }) => {
                self.link = Link::Over;
                Ok(Some(Attached::Exit { status, reason }))
            }
            Incoming::Text(ServerText::Error {
                code,
                message,
                input_offset,
            }) => self.error(code, message, input_offset),
            Incoming::Text(text) => Ok(Some(Attached::Text(text))),
        }
    }

    /// Output that is not known yet; what lies before it cannot have been missed on a connection, but the end of one
    /// that was lost may come again.
    fn output(&mut self, offset: Offset, bytes: Bytes) -> Option<Attached> {
        let next = self.next.unwrap_or(offset);
        let known = usize::try_from(next.since(offset)).unwrap_or(usize::MAX);
        let end = offset.plus(bytes.len() as u64);
        if offset > next {
            // Something is missing: ask for it.
            self.lose();
            return Some(Attached::Lost);
        }
        if end <= next {
            return None;
        }
        self.next = Some(end);
        Some(Attached::Output(bytes.slice(known..)))
    }

    fn error(
        &mut self,
        code: ErrorCode,
        message: String,
        input_offset: Option<Offset>,
    ) -> Result<Option<Attached>, ClientError> {
        match code {
            ErrorCode::Disconnected | ErrorCode::LoggedOut => Err(ClientError::Told(message)),
            ErrorCode::WriterTaken => {
                self.writer = new_writer()?;
                self.input.begin_anew();
                self.lose();
                Ok(Some(Attached::Lost))
            }
            ErrorCode::InputGap | ErrorCode::InputWindow => {
                input_offset
                    .into_iter()
                    .for_each(|offset| self.input.again_from(offset));
                Ok(None)
            }
            ErrorCode::Unreachable | ErrorCode::OutputTrimmed => {
                self.lose();
                Ok(Some(Attached::Lost))
            }
            _ => Ok(Some(Attached::Text(ServerText::Error {
                code,
                message,
                input_offset,
            }))),
        }
    }

    fn lose(&mut self) {
        let wait = FIRST_RETRY
            .saturating_mul(1 << self.failures.min(6))
            .min(LONGEST_RETRY);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Waiting(Instant::now() + jittered(wait));
    }

    /// Notes what was typed; `typing`: by a person, and no report of the terminal.
    pub fn type_in(&mut self, bytes: &[u8], typing: bool) {
        self.input.push(bytes);
        self.typing |= typing;
    }

    /// Whether more may be typed: else too much waits already.
    pub fn takes_input(&self) -> bool {
        self.input.has_room()
    }

    /// Notes the size this viewer has room for.
    pub fn resize(&mut self, size: Size) {
        self.size_told &= self.size == Some(size);
        self.size = Some(size);
    }

    /// All output so far has been taken.
    pub fn drawn(&mut self) {
        self.drawn = self.next;
    }

    /// Whether a connection is up.
    pub fn is_up(&self) -> bool {
        matches!(self.link, Link::Up(_))
    }

    /// What was drawn is not there any more: the next connection begins with the screen.
    pub fn forget_screen(&mut self) {
        self.next = None;
    }
}

fn new_writer() -> Result<WriterId, ClientError> {
    let bytes = random_bytes().map_err(ClientError::system("cannot get random bytes"))?;
    Ok(WriterId::from_bytes(bytes))
}

/// Up to a fifth longer, so that the viewers of a restarted server do not all return at one moment.
fn jittered(wait: Duration) -> Duration {
    // Without it the wait is the same for all, and nothing else.
    let [byte] = random_bytes().unwrap_or_default();
    wait + wait / 5 * u32::from(byte) / 255
}
