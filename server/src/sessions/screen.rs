//! The screens of sessions: engines that read journals, off the way of the bytes, as long as someone needs them.
//!
//! A session's [`Screen`] starts a task (`task`) when there is output or a question, and the task goes when the
//! session is silent and nobody watches: a quiet session keeps no engine in memory. The engine is rebuilt from the
//! newest keyframe. Nothing here is on the way of a byte from the PTY to a viewer.
//!
//! | module | what is in it |
//! |---|---|
//! | `task` | the task of one session: follows output, answers queries, makes keyframes |
//! | `follower` | an engine reading a journal, without a task |
//! | `age`, `replies` | which queries are answered |
//! | `doubt` | damage in what an engine reads |
//! | `exactness` | whether a screen can be trusted after output was lost |
//! | `keyframe`, `keyframes` | screens written down |
//! | `news` | title, directory, bell, …: what is so |
//! | `first_look` | title and directory of sessions that were there before the server |
//! | `timeline` | the same in order, with where the shell stands: what happened |
//! | `snapshot` | a screen cut into frames |
//! | `walk` | rows of the whole journal, in order |
//! | `render` | a screen as text and as HTML |
//! | `page` | the visible screen as rows |
//! | `history`, `search` | pages and matches made of them |

mod age;
mod doubt;
mod exactness;
mod first_look;
mod follower;
mod history;
mod keyframe;
mod keyframes;
mod news;
mod page;
mod render;
mod replies;
mod search;
mod snapshot;
mod task;
mod timeline;
mod walk;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sempre_protocol::Offset;
use sempre_protocol::limits::SKIP_LINES;
use sempre_screen::Engine;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Session, SessionError};
pub(super) use first_look::look_at;
use follower::Follower;
pub(super) use follower::View;
pub use history::Wanted;
pub(super) use news::News;
pub use render::SnapshotFormat;
pub use snapshot::Snapshot;
pub(super) use timeline::Timeline;
pub(super) use timeline::What;
use walk::Source;

/// Questions that may wait for a session's engine.
const MAX_QUESTIONS: usize = 64;
/// Engines that catch up with much output at once, in all sessions together.
const MAX_CATCHING_UP: usize = 2;
/// Renderings of old history at once, in all sessions together.
const MAX_RENDERINGS: usize = 2;
/// A screen that has not caught up by then is given up.
const SCREEN_TIMEOUT: Duration = Duration::from_secs(30);
/// Who waits longer than this for a rendering to begin is told to try again.
const RENDERING_TIMEOUT: Duration = Duration::from_secs(5);

/// What all screens of a server share.
#[derive(Debug)]
pub(super) struct Screens {
    tasks: TaskTracker,
    stop: CancellationToken,
    catching_up: Semaphore,
    renderings: Arc<Semaphore>,
    engines: AtomicUsize,
}

impl Screens {
    /// None yet; their tasks end when `stop` is cancelled.
    pub(super) fn new(stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            tasks: TaskTracker::new(),
            stop,
            catching_up: Semaphore::new(MAX_CATCHING_UP),
            renderings: Arc::new(Semaphore::new(MAX_RENDERINGS)),
            engines: AtomicUsize::new(0),
        })
    }

    /// Engines in memory.
    pub(super) fn count(&self) -> usize {
        self.engines.load(Ordering::Relaxed)
    }

    /// Waits until all tasks have ended.
    pub(super) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The engine, having read all there is, or why it could not.
type Followed<'a> = Result<&'a Follower, SessionError>;

/// Looks at the engine where it is.
struct Look(Box<dyn FnOnce(Followed<'_>) + Send>);

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Look")
    }
}

/// What a session's task can be asked.
#[derive(Debug)]
enum Question {
    /// A snapshot at today's offset.
    Snapshot {
        /// Rows above the screen.
        lines: usize,
        /// Begin with a line that says that older output is left to the history.
        shortened: bool,
        answer: oneshot::Sender<Result<Snapshot, SessionError>>,
    },
    /// A look at the screen at today's offset.
    Look(Look),
    /// Go now, and leave the session's directory alone.
    Stop(oneshot::Sender<()>),
}

/// Which screens serve as well as today's: those the engine comes past on its way there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interim {
    /// Only screens after this.
    pub(super) after: Offset,
    /// Only from then on.
    pub(super) from: Instant,
}

/// The screen of one session.
#[derive(Debug)]
pub(super) struct Screen {
    shared: Arc<Screens>,
    questions: Mutex<Option<mpsc::Sender<Question>>>,
    news: watch::Sender<News>,
    timeline: watch::Sender<Timeline>,
    /// Where the engine is on a long way; none while it is not on one, or nobody asks.
    interim: watch::Sender<Option<Snapshot>>,
    answered: AtomicU64,
}

impl Screen {
    /// Of a session whose shell calls itself `aid`, if it does.
    pub(super) fn new(shared: Arc<Screens>, aid: Option<String>) -> Self {
        Self {
            shared,
            questions: Mutex::default(),
            news: watch::Sender::default(),
            timeline: watch::Sender::new(Timeline::new(aid)),
            interim: watch::Sender::default(),
            answered: AtomicU64::new(0),
        }
    }

    /// What the program told, and how that changes.
    pub(super) fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// What happened, and where the shell stands.
    pub(super) fn timeline(&self) -> watch::Receiver<Timeline> {
        self.timeline.subscribe()
    }

    /// Takes what older output says of the shell, unless newer output said something.
    pub(super) fn remember_shell(&self, stage: sempre_screen::ShellStage) {
        self.timeline.send_modify(|timeline| timeline.remember(stage));
    }

    /// The window title and the shell's directory, as far as they are known.
    pub(super) fn title_and_cwd(&self) -> (Option<String>, Option<String>) {
        let news = self.news.borrow();
        let title = Some(news.title.clone()).filter(|title| !title.is_empty());
        (title, news.cwd.clone())
    }

    /// Notes how far the holder has answered queries.
    pub(super) fn answered(&self, offset: Offset) {
        self.answered.fetch_max(offset.0, Ordering::Relaxed);
    }

    /// Makes sure that output is read: someone may have asked the terminal something.
    pub(super) fn wake(session: &Arc<Session>) {
        // A task that runs watches the output itself.
        Self::task(session);
    }

    /// A snapshot at today's offset with at most `lines` rows above the screen; `shortened`: with a line on top that
    /// says that older output is left to the history.
    ///
    /// # Errors
    /// If the journal cannot be read, or the server goes down.
    pub(super) async fn snapshot(
        session: &Arc<Session>,
        lines: u32,
        shortened: bool,
    ) -> Result<Snapshot, SessionError> {
        let lines = lines as usize;
        if lines > sempre_screen::SCROLLBACK_LINES {
            let source = Source::of(session, Self::view(session).await?);
            return Self::render(session, move || source.deep_snapshot(lines)).await;
        }
        let question = |answer| Question::Snapshot {
            lines,
            shortened,
            answer,
        };
        Self::ask(session, question).await
    }

    /// As [`Screen::snapshot`]; or, while the engine is on its way, one that `interim` allows, with at most
    /// [`SKIP_LINES`] rows above the screen and the line on top.
    ///
    /// # Errors
    /// If the journal cannot be read, or the server goes down.
    pub(super) async fn snapshot_or_interim(
        session: &Arc<Session>,
        lines: u32,
        shortened: bool,
        interim: Interim,
    ) -> Result<Snapshot, SessionError> {
        tokio::select! {
            biased;
            today = Self::snapshot(session, lines, shortened) => today,
            interim = session.screen().came_past(interim) => Ok(interim),
        }
    }

    /// A screen that `wanted` allows, as soon as the engine comes past one.
    async fn came_past(&self, wanted: Interim) -> Snapshot {
        sleep_until(wanted.from.into()).await;
        let mut interim = self.interim.subscribe();
        let is_wanted = |interim: &Snapshot| interim.offset > wanted.after;
        let found = interim.wait_for(|interim| interim.as_ref().is_some_and(is_wanted));
        let found = found.await.ok().and_then(|interim| interim.clone());
        match found {
            Some(found) => found,
            // Its sender is gone, and so is who would wait.
            None => std::future::pending().await,
        }
    }

    /// Shows where `engine` is to those who do not wait for the end of its way.
    fn come_past(&self, engine: &Engine) {
        if self.interim.receiver_count() > 0 {
            let snapshot = Snapshot::of(engine, SKIP_LINES as usize, true);
            self.interim.send_replace(Some(snapshot));
        }
    }

    /// The engine's way is over.
    fn arrived(&self) {
        self.interim.send_if_modified(|interim| interim.take().is_some());
    }

    /// What `look` sees of the engine at today's offset; the timeline has come as far. It holds up the session's task:
    /// what takes long is for a [`Screen::view`].
    ///
    /// # Errors
    /// If the journal cannot be read, or the server goes down.
    pub(super) async fn look<T: Send + 'static>(
        session: &Arc<Session>,
        look: impl FnOnce(&Engine) -> T + Clone + Send + 'static,
    ) -> Result<T, SessionError> {
        Self::follow(session, |follower| look(follower.engine())).await
    }

    /// A copy of the screen at today's offset, for who has more to do with it than a look.
    ///
    /// # Errors
    /// If the journal cannot be read, or the server goes down.
    pub(super) async fn view(session: &Arc<Session>) -> Result<View, SessionError> {
        Self::follow(session, Follower::view).await
    }

    async fn follow<T: Send + 'static>(
        session: &Arc<Session>,
        look: impl FnOnce(&Follower) -> T + Clone + Send + 'static,
    ) -> Result<T, SessionError> {
        let question = |answer: oneshot::Sender<Result<T, SessionError>>| {
            let look = look.clone();
            // Who asked may have stopped waiting.
            let look = |followed: Followed<'_>| drop(answer.send(followed.map(look)));
            Question::Look(Look(Box::new(look)))
        };
        Self::ask(session, question).await
    }

    /// Lets go of the engine at once.
    pub(super) async fn stop(&self) {
        let task = self.lock().take();
        if let Some(task) = task {
            let (answer, done) = oneshot::channel();
            // Gone already: as good.
            if task.send(Question::Stop(answer)).await.is_ok() {
                let _ = done.await;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Question>>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session's task, started if there is none.
    fn task(session: &Arc<Session>) -> mpsc::Sender<Question> {
        let screen = session.screen();
        let mut questions = screen.lock();
        match questions.as_ref().filter(|task| !task.is_closed()) {
            Some(task) => task.clone(),
            None => {
                let (sender, receiver) = mpsc::channel(MAX_QUESTIONS);
                let task = task::run(Arc::clone(session), Arc::clone(&screen.shared), receiver);
                screen.shared.tasks.spawn(task);
                questions.insert(sender).clone()
            }
        }
    }

    async fn ask<T>(
        session: &Arc<Session>,
        question: impl Fn(oneshot::Sender<Result<T, SessionError>>) -> Question,
    ) -> Result<T, SessionError> {
        let asked = async {
            // A task may be on its way out when it is asked; the next one is not.
            for _ in 0..3 {
                let (answer, answered) = oneshot::channel();
                if Self::task(session).send(question(answer)).await.is_ok()
                    && let Ok(answer) = answered.await
                {
                    return answer;
                }
            }
            Err(SessionError::Draining)
        };
        match timeout(SCREEN_TIMEOUT, asked).await {
            Ok(answer) => answer,
            Err(_) => {
                let what = format!("the screen of session {} was not ready in time", session.id());
                Err(SessionError::system(what)(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    /// Runs a rendering off the async threads; few at a time.
    ///
    /// # Errors
    /// [`SessionError::Busy`], or what `work` fails by.
    pub(super) async fn render<T: Send + 'static>(
        session: &Arc<Session>,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, SessionError> {
        let places = Arc::clone(&session.screen().shared.renderings);
        let Ok(Ok(place)) = timeout(RENDERING_TIMEOUT, places.acquire_owned()).await else {
            return Err(SessionError::Busy);
        };
        let rendered = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        let rendered = rendered
            .await
            .map_err(io::Error::other)
            .and_then(|rendered| rendered);
        rendered.map_err(SessionError::system("cannot read the journal"))
    }
}
