//! A pool of programs in terminals that answer questions (row K5): each worker is a session like any other, to be
//! watched and typed into, labelled `role=worker`.
//!
//! | module | what is in it |
//! |---|---|
//! | `pattern` | what a ready worker, or a finished reply, looks like |
//! | `transcript` | a worker's screen, and the text on it since a question |
//! | `worker` | the task of one worker: starts it, waits for a question, reads the reply, replaces it |

mod pattern;
mod transcript;
mod worker;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sempre_protocol::SessionId;
use sempre_protocol::compat::chat::WorkersInfo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Registry;

pub use pattern::Pattern;

/// Longest question, bytes.
pub const MAX_QUESTION_BYTES: usize = 32 * 1024;
/// Workers there may be.
pub const MAX_WORKERS: usize = 64;
/// Without patterns a reply has ended when nothing came for this long, ms.
const DEFAULT_QUIET_MS: u64 = 1000;
/// Who is told that all workers are busy should come back after this many seconds.
const RETRY_AFTER_S: u64 = 2;

/// What the pool runs and how it knows that a reply has ended.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// A command line for `sh -c`.
    pub command: String,
    /// How many of them.
    pub count: usize,
    /// What stands before the cursor when a worker is ready; none: it says nothing for a while.
    pub ready: Option<Pattern>,
    /// What stands before the cursor when a reply has ended; none: what a ready worker looks like.
    pub reply_end: Option<Pattern>,
    /// Nothing came for this long, ms: with a pattern the reply has ended only then, without one it is the sign.
    pub quiet_ms: Option<u64>,
    /// Longest reply, and longest start.
    pub timeout: Duration,
}

impl WorkerOptions {
    /// What a reply ends with, if that is known.
    fn end(&self) -> Option<&Pattern> {
        self.reply_end.as_ref().or(self.ready.as_ref())
    }

    /// The time without output after which a reply has ended; none: at once when its end is seen.
    fn quiet(&self) -> Option<Duration> {
        let default = self.end().is_none().then_some(DEFAULT_QUIET_MS);
        self.quiet_ms.or(default).map(Duration::from_millis)
    }
}

/// What a worker replied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Text, without the question and without the prompt.
    pub text: String,
    /// Who.
    pub worker: SessionId,
}

/// Why there is no reply, or no whole one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// The question cannot be typed.
    #[error("message: {0}")]
    Invalid(&'static str),
    /// All workers have a question already.
    #[error("all {workers} workers are busy; try again in {retry_after_s} s")]
    Full {
        /// How many there are.
        workers: usize,
        /// When to come back, seconds.
        retry_after_s: u64,
    },
    /// No worker could be made ready.
    #[error("no worker is ready: {0}")]
    NotReady(String),
    /// The reply did not end in time.
    #[error("the worker did not finish within {timeout_ms} ms; what came so far is in `response`")]
    TimedOut {
        /// What came so far.
        so_far: Reply,
        /// How long it had, ms.
        timeout_ms: u64,
    },
    /// The worker ended.
    #[error("the worker ended before it had finished; what came so far is in `response`")]
    Died(Reply),
    /// The server goes down.
    #[error("the server is going down; try again when it is back")]
    Draining,
}

/// A question on its way to a worker.
struct Job {
    question: String,
    answer: oneshot::Sender<Result<Reply, ChatError>>,
    /// Given back when the worker is done.
    _place: OwnedSemaphorePermit,
}

/// What askers and workers share.
#[derive(Debug)]
struct Shared {
    options: WorkerOptions,
    /// Places for questions.
    places: Arc<Semaphore>,
    /// One permit for each mailbox.
    ready: Semaphore,
    /// Of workers that wait, longest first.
    mailboxes: Mutex<VecDeque<oneshot::Sender<Job>>>,
    /// Why the newest start failed; none once one has succeeded.
    problem: watch::Sender<Option<String>>,
    stop: CancellationToken,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A question is nobody else's business.
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

impl Shared {
    fn offer(&self) -> oneshot::Receiver<Job> {
        let (mailbox, job) = oneshot::channel();
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        mailboxes.push_back(mailbox);
        drop(mailboxes);
        self.ready.add_permits(1);
        job
    }

    fn next_mailbox(&self) -> Option<oneshot::Sender<Job>> {
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        mailboxes.pop_front()
    }

    fn set_problem(&self, problem: Option<String>) {
        self.problem.send_replace(problem);
    }
}

/// The pool.
#[derive(Debug)]
pub struct Workers {
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

impl Workers {
    /// Starts the workers. Those of a server before this one are ended: nobody knows what they are in the middle of.
    pub fn start(registry: &Arc<Registry>, options: WorkerOptions) -> Arc<Self> {
        let count = options.count.clamp(1, MAX_WORKERS);
        let shared = Arc::new(Shared {
            places: Arc::new(Semaphore::new(count)),
            ready: Semaphore::new(0),
            mailboxes: Mutex::default(),
            problem: watch::Sender::default(),
            stop: CancellationToken::new(),
            options: WorkerOptions { count, ..options },
        });
        let tasks = TaskTracker::new();
        tasks.spawn(worker::end_left_over(
            worker::left_over(registry, &shared.options.command),
            shared.stop.clone(),
        ));
        for _ in 0..count {
            tasks.spawn(worker::run(Arc::clone(registry), Arc::clone(&shared)));
        }
        tasks.close();
        Arc::new(Self { shared, tasks })
    }

    /// How they are.
    pub fn info(&self) -> WorkersInfo {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let count = self.shared.options.count;
        WorkersInfo {
            size: number(count),
            ready: number(self.shared.ready.available_permits()),
            busy: number(count.saturating_sub(self.shared.places.available_permits())),
        }
    }

    /// Why no worker could be started lately.
    pub fn problem(&self) -> Option<String> {
        self.shared.problem.borrow().clone()
    }

    /// Has a worker answer `question`.
    ///
    /// # Errors
    /// See [`ChatError`].
    pub async fn ask(&self, question: &str) -> Result<Reply, ChatError> {
        check(question)?;
        let shared = &self.shared;
        let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() else {
            return Err(ChatError::Full {
                workers: shared.options.count,
                retry_after_s: RETRY_AFTER_S,
            });
        };
        let (answer, answered) = oneshot::channel();
        let mut job = Job {
            question: question.to_owned(),
            answer,
            _place: place,
        };
        loop {
            let mailbox = self.mailbox().await?;
            match mailbox.send(job) {
                Ok(()) => break,
                // That worker ended while it waited.
                Err(back) => job = back,
            }
        }
        answered.await.unwrap_or(Err(ChatError::Draining))
    }

    /// The mailbox of a worker that waits; waits for one as long as a worker may take to start.
    async fn mailbox(&self) -> Result<oneshot::Sender<Job>, ChatError> {
        let shared = &self.shared;
        let mut problem = shared.problem.subscribe();
        loop {
            let ready = tokio::select! {
                biased;
                () = shared.stop.cancelled() => return Err(ChatError::Draining),
                ready = timeout(shared.options.timeout, shared.ready.acquire()) => ready,
                Ok(problem) = problem.wait_for(Option::is_some) => {
                    return Err(ChatError::NotReady(problem.clone().unwrap_or_default()));
                }
            };
            match ready {
                Ok(Ok(permit)) => permit.forget(),
                Ok(Err(_)) => return Err(ChatError::Draining),
                Err(_) => {
                    let waited = format!("none within {} ms", shared.options.timeout.as_millis());
                    return Err(ChatError::NotReady(waited));
                }
            }
            if let Some(mailbox) = shared.next_mailbox() {
                return Ok(mailbox);
            }
        }
    }

    /// Ends all workers and waits for it.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.tasks.wait().await;
    }
}

/// A question is text that can be typed: control characters would be keys.
fn check(question: &str) -> Result<(), ChatError> {
    let is_key = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    match question {
        question if question.trim().is_empty() => Err(ChatError::Invalid("it is empty; say what to ask")),
        question if question.len() > MAX_QUESTION_BYTES => {
            Err(ChatError::Invalid("it is longer than 32 KiB"))
        }
        question if question.replace("\r\n", "\n").contains(is_key) => Err(ChatError::Invalid(
            "it holds control characters other than line ends and tabs",
        )),
        _ => Ok(()),
    }
}
