//! The task of one worker: starts it, waits for a question, reads the reply, and replaces it when it is no good any more.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sempre_protocol::Size;
use sempre_protocol::api::CreateSession;
use sempre_protocol::holder::EndReason;
use sempre_protocol::texts::{Role, ServerText};
use sempre_protocol::viewers::PeerKind;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::transcript::{Mark, Transcript};
use super::{ChatError, Job, Reply, Shared};
use crate::sessions::follow::{Begin, FollowOptions, FollowedOutput, Piece, follow};
use crate::sessions::viewer::ViewerInput;
use crate::sessions::{Identity, Registry, Session, SessionError, last_words};

/// The group of all workers.
const GROUP: &str = "workers";
/// The label of each, and its value.
const ROLE: (&str, &str) = ("role", "worker");
/// The size of their terminals: wide, so that little wraps.
const SIZE: Size = Size::new(200, 50);
/// First and longest pause before a worker that does not start is tried again.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_LONGEST: Duration = Duration::from_secs(30);

/// Why a worker is given up.
enum Over {
    /// The server goes down.
    Stopped,
    /// It has ended, or is in the middle of a reply that took too long.
    Spent,
    /// It did not become ready.
    NotReady(String),
}

/// Keeps one worker until the pool is stopped.
pub(super) async fn run(registry: Arc<Registry>, shared: Arc<Shared>) {
    let mut pause = PAUSE_FIRST;
    while !shared.stop.is_cancelled() {
        let problem = match Worker::start(&registry, &shared).await {
            Err(error) => error.to_string(),
            Ok(mut worker) => {
                let over = worker.serve(&shared).await;
                worker.end().await;
                match over {
                    Over::Stopped => return,
                    Over::Spent => {
                        pause = PAUSE_FIRST;
                        continue;
                    }
                    Over::NotReady(problem) => {
                        let problem = worker.explain(problem).await;
                        // It never answered anything: there is nothing to look up later.
                        if let Err(error) = registry.delete(worker.session.id(), None).await {
                            tracing::debug!(%error, "a worker that did not start stays");
                        }
                        problem
                    }
                }
            }
        };
        tracing::warn!(problem, "a worker did not start; it is tried again");
        shared.set_problem(Some(problem));
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = sleep(pause) => pause = (pause * 2).min(PAUSE_LONGEST),
        }
    }
}

/// Running workers that a server before this one has left.
pub(super) fn left_over(registry: &Registry, command: &str) -> Vec<Arc<Session>> {
    let command = command_line(command);
    let mut sessions = registry.sessions();
    sessions.retain(|session| {
        let manifest = session.manifest();
        let is_worker = manifest.labels.get(ROLE.0).is_some_and(|role| role == ROLE.1);
        let runs = session.exit().is_none();
        runs && is_worker && manifest.group.as_deref() == Some(GROUP) && manifest.cmd == command
    });
    sessions
}

/// Ends them.
pub(super) async fn end_left_over(sessions: Vec<Arc<Session>>, stop: CancellationToken) {
    let ends = sessions.iter().map(|session| session.end(EndReason::Shutdown));
    tokio::select! {
        () = stop.cancelled() => {}
        _ = futures_util::future::join_all(ends) => {}
    }
}

fn command_line(command: &str) -> Vec<String> {
    ["sh", "-c", command].map(str::to_owned).into()
}

/// A worker that runs.
struct Worker {
    session: Arc<Session>,
    output: FollowedOutput,
    input: ViewerInput,
    screen: Transcript,
    ended: bool,
}

impl Worker {
    async fn start(registry: &Arc<Registry>, shared: &Shared) -> Result<Self, SessionError> {
        let request = CreateSession {
            cmd: Some(command_line(&shared.options.command)),
            rows: Some(SIZE.rows),
            cols: Some(SIZE.cols),
            group: Some(GROUP.to_owned()),
            labels: [ROLE]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ttl: Some(0),
            ..CreateSession::default()
        };
        let session = registry.create(request).await?;
        let options = FollowOptions {
            begin: Begin::SoFar(u64::MAX),
            lines: 0,
            role: Role::Writer,
            identity: Identity {
                name: Some("workers".to_owned()),
                client: Some("sempre".to_owned()),
                peer: PeerKind::Loopback,
            },
        };
        let followed = follow(&session, options, &shared.stop).await?;
        let mut screen = Transcript::new(followed.size, followed.offset);
        followed
            .snapshot
            .iter()
            .for_each(|snapshot| screen.feed(&snapshot.ansi));
        Ok(Self {
            session,
            output: followed.output,
            input: followed.input,
            screen,
            ended: false,
        })
    }

    async fn serve(&mut self, shared: &Arc<Shared>) -> Over {
        if let Err(over) = self.become_ready(shared).await {
            return over;
        }
        shared.set_problem(None);
        loop {
            let mut job = shared.offer();
            let job = loop {
                tokio::select! {
                    biased;
                    () = shared.stop.cancelled() => return Over::Stopped,
                    // Who drops the mailbox is the pool that goes.
                    job = &mut job => match job {
                        Ok(job) => break job,
                        Err(_) => return Over::Stopped,
                    },
                    piece = self.output.next() => {
                        if !self.take(piece) {
                            return self.gone(&mut job);
                        }
                    }
                }
            };
            if let Err(over) = self.answer(job, shared).await {
                return over;
            }
        }
    }

    /// It ended while it waited. A question that came in the same moment is answered so.
    fn gone(&self, job: &mut oneshot::Receiver<Job>) -> Over {
        job.close();
        if let Ok(job) = job.try_recv() {
            let nothing = Reply {
                text: String::new(),
                worker: self.session.id(),
            };
            // Who asked may have gone.
            let _ = job.answer.send(Err(ChatError::Died(nothing)));
        }
        Over::Spent
    }

    /// Takes in what came; false if nothing more will.
    fn take(&mut self, piece: Piece) -> bool {
        match piece {
            Piece::Output { bytes, .. } => self.screen.feed(&bytes),
            Piece::Text(ServerText::Resized { cols, rows, .. }) => self.screen.resize(Size::new(cols, rows)),
            Piece::Text(ServerText::Exit { .. }) | Piece::Close(_) => self.ended = true,
            Piece::Text(_) => {}
        }
        !self.ended
    }

    /// Waits until it looks ready, or is silent if nobody said how that looks.
    async fn become_ready(&mut self, shared: &Shared) -> Result<(), Over> {
        let options = &shared.options;
        let deadline = Instant::now() + options.timeout;
        let mut look = Look::new(options.quiet());
        loop {
            let looks_ready = || {
                options
                    .ready
                    .as_ref()
                    .is_none_or(|ready| self.screen.shows(ready, None))
            };
            if look.is_due() && looks_ready() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => return Err(Over::Stopped),
                piece = self.output.next() => {
                    if !self.take(piece) {
                        return Err(Over::NotReady("it ended at once".to_owned()));
                    }
                    look.again();
                }
                () = sleep_until(deadline) => {
                    let waited = options.timeout.as_millis();
                    return Err(Over::NotReady(format!("it did not look ready within {waited} ms")));
                }
                () = look.time() => {}
            }
        }
    }

    async fn answer(&mut self, job: Job, shared: &Shared) -> Result<(), Over> {
        let asked = Instant::now();
        let mark = self.screen.mark();
        let read = self.read_reply(&job.question, &mark, shared).await;
        let reply = Reply {
            text: self.screen.reply(&mark, &job.question, shared.options.end()),
            worker: self.session.id(),
        };
        tracing::info!(
            session = %self.session.id(),
            duration_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX),
            question_bytes = job.question.len(),
            reply_bytes = reply.text.len(),
            finished = read.is_ok(),
            "a worker was asked"
        );
        let (answer, over) = match read {
            Ok(()) => (Ok(reply), Ok(())),
            Err(Unfinished::Died) => (Err(ChatError::Died(reply)), Err(Over::Spent)),
            Err(Unfinished::Stopped) => (Err(ChatError::Draining), Err(Over::Stopped)),
            Err(Unfinished::TimedOut) => {
                let timeout_ms = u64::try_from(shared.options.timeout.as_millis()).unwrap_or(u64::MAX);
                let error = ChatError::TimedOut {
                    so_far: reply,
                    timeout_ms,
                };
                (Err(error), Err(Over::Spent))
            }
        };
        // Who asked may have gone.
        let _ = job.answer.send(answer);
        over
    }

    /// Types the question and reads until the reply has ended.
    async fn read_reply(&mut self, question: &str, mark: &Mark, shared: &Shared) -> Result<(), Unfinished> {
        let options = &shared.options;
        let lines = question.replace("\r\n", "\n");
        let lines = lines.strip_suffix('\n').unwrap_or(&lines);
        let keys = Bytes::from(format!("{}\r", lines.replace('\n', "\r")));
        let end = options.end();
        let deadline = Instant::now() + options.timeout;
        let mut look = Look::new(options.quiet());
        let Self {
            output,
            input,
            screen,
            ended,
            ..
        } = self;
        let typing = input.append(keys);
        tokio::pin!(typing);
        let mut typed = false;
        loop {
            let looks_over = || match end {
                Some(end) => screen.shows(end, Some(mark)),
                None => screen.is_back_at(mark) || !screen.reply(mark, question, None).is_empty(),
            };
            if typed && look.is_due() && looks_over() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => return Err(Unfinished::Stopped),
                () = &mut typing, if !typed => {
                    typed = true;
                    look.again();
                }
                piece = output.next() => {
                    match piece {
                        Piece::Output { bytes, .. } => screen.feed(&bytes),
                        Piece::Text(ServerText::Resized { cols, rows, .. }) => {
                            screen.resize(Size::new(cols, rows));
                        }
                        Piece::Text(ServerText::Exit { .. }) | Piece::Close(_) => {
                            *ended = true;
                            return Err(Unfinished::Died);
                        }
                        Piece::Text(_) => continue,
                    }
                    look.again();
                }
                () = sleep_until(deadline) => return Err(Unfinished::TimedOut),
                () = look.time() => {}
            }
        }
    }

    /// Ends its session.
    async fn end(&self) {
        if self.ended {
            return;
        }
        match self.session.end(EndReason::Ended).await {
            Ok(_) | Err(SessionError::Ended(_)) => {}
            Err(error) => tracing::warn!(session = %self.session.id(), %error, "a worker could not be ended"),
        }
    }

    /// `problem` with what the worker had to say.
    async fn explain(&self, problem: String) -> String {
        match last_words(&self.session).await {
            Some(words) if !words.lines.is_empty() => format!("{problem}: {}", words.lines.join(" / ")),
            _ => problem,
        }
    }
}

/// Why a reply did not end.
enum Unfinished {
    Died,
    TimedOut,
    Stopped,
}

/// When to look at the screen: after each output, or once when nothing came for a while.
struct Look {
    quiet: Option<Duration>,
    at: Option<Instant>,
}

impl Look {
    fn new(quiet: Option<Duration>) -> Self {
        let mut look = Self { quiet, at: None };
        look.again();
        look
    }

    /// Something came.
    fn again(&mut self) {
        self.at = Some(Instant::now() + self.quiet.unwrap_or_default());
    }

    /// Whether now is the time; only once until something comes again.
    fn is_due(&mut self) -> bool {
        self.at.take_if(|at| *at <= Instant::now()).is_some()
    }

    /// Completes when it is time; never if that was.
    async fn time(&self) {
        match self.at {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}
