//! The task that keeps a session's engine: it reads on when there is output, answers what programs ask of their
//! terminal, writes keyframes, and goes when the session is silent and nobody watches.

mod reading;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sempre_protocol::Offset;
use sempre_screen::Event;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use super::follower::Follower;
use super::keyframes::Keyframes;
use super::replies::replies;
use super::snapshot::Snapshot;
use super::{Look, Question, Screens};
use crate::measure;
use crate::sessions::Session;
use crate::sessions::link::Order;
use crate::sessions::roster::Presence;
use crate::sessions::session::Status;

/// Output waits this long for company before the engine reads it: viewers come first.
const GATHER: Duration = Duration::from_millis(3);
/// An engine of a session that is silent and unwatched is kept this long.
const REST: Duration = Duration::from_secs(10);
/// A keyframe is made after this much output, bytes, …
const KEYFRAME_BYTES: u64 = 4 * 1024 * 1024;
/// … but not more often than this …
const KEYFRAME_INTERVAL: Duration = Duration::from_secs(1);
/// … unless so much came, bytes.
const KEYFRAME_FLOOD_BYTES: u64 = 16 * 1024 * 1024;
/// An engine that goes leaves a keyframe if so much came since the last, bytes.
const KEYFRAME_REST_BYTES: u64 = 512 * 1024;
/// The list of sessions hears of new titles no more often than this.
const LIST_INTERVAL: Duration = Duration::from_millis(250);

/// Counts an engine as long as it is there.
struct Counted(Arc<Screens>);

impl Counted {
    fn new(shared: &Arc<Screens>) -> Self {
        shared.engines.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.engines.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs until the session is silent and unwatched, or the server stops.
pub(super) async fn run(session: Arc<Session>, shared: Arc<Screens>, questions: mpsc::Receiver<Question>) {
    let now = Instant::now();
    let task = Task {
        status: session.watch(),
        presence: session.roster().watch(),
        follower: None,
        _counted: Counted::new(&shared),
        session,
        shared,
        quiet_since: now,
        read_at: None,
        list_at: None,
        list_told: now.checked_sub(LIST_INTERVAL).unwrap_or(now),
        keyframe_made: now.checked_sub(KEYFRAME_INTERVAL).unwrap_or(now),
        keyframe_job: None,
    };
    task.run(questions).await;
}

struct Task {
    session: Arc<Session>,
    shared: Arc<Screens>,
    status: watch::Receiver<Status>,
    presence: watch::Receiver<Presence>,
    follower: Option<Box<Follower>>,
    _counted: Counted,
    /// When something last happened.
    quiet_since: Instant,
    /// When the new output is to be read.
    read_at: Option<Instant>,
    /// When the list of sessions is to hear of a new title.
    list_at: Option<Instant>,
    list_told: Instant,
    keyframe_made: Instant,
    keyframe_job: Option<tokio::task::JoinHandle<()>>,
}

/// What woke the task.
enum Woken {
    Asked(Option<Question>),
    Read,
    Output,
    Presence,
    List,
    Rest,
    Stop,
}

impl Task {
    async fn run(mut self, mut questions: mpsc::Receiver<Question>) {
        // The output that was there before it began to watch.
        self.status.mark_changed();
        loop {
            match self.woken(&mut questions).await {
                Woken::Asked(Some(Question::Stop(done))) => return self.stop(done).await,
                Woken::Asked(Some(question)) => self.answer(question).await,
                Woken::Read => {
                    self.read_at = None;
                    self.catch_up().await;
                }
                Woken::Output => self.read_at = Some(Instant::now() + GATHER),
                Woken::Presence => self.quiet_since = Instant::now(),
                Woken::List => self.tell_list(),
                Woken::Rest => break,
                Woken::Asked(None) | Woken::Stop => return,
            }
        }
        // From here on, who asks or has output starts another task.
        questions.close();
        while let Some(question) = questions.recv().await {
            match question {
                Question::Stop(done) => return self.stop(done).await,
                question => self.answer(question).await,
            }
        }
        if self.status.has_changed().unwrap_or_default() {
            self.catch_up().await;
        }
        self.tell_list();
        self.leave_keyframe();
    }

    /// Ends at once; nothing is written in the session's directory afterwards.
    async fn stop(self, done: tokio::sync::oneshot::Sender<()>) {
        if let Some(job) = self.keyframe_job {
            // Whether it could be written does not matter any more.
            let _ = job.await;
        }
        // Who asked may have stopped waiting.
        let _ = done.send(());
    }

    async fn woken(&mut self, questions: &mut mpsc::Receiver<Question>) -> Woken {
        let unwatched = self.presence.borrow_and_update().count == 0;
        let rest_at = (unwatched && self.read_at.is_none()).then_some(self.quiet_since + REST);
        let reading = self.read_at.is_some();
        tokio::select! {
            biased;
            () = self.shared.stop.cancelled() => Woken::Stop,
            question = questions.recv() => Woken::Asked(question),
            () = at(self.read_at) => Woken::Read,
            _ = self.status.changed(), if !reading => Woken::Output,
            _ = self.presence.changed() => Woken::Presence,
            () = at(self.list_at) => Woken::List,
            () = at(rest_at) => Woken::Rest,
        }
    }

    async fn answer(&mut self, question: Question) {
        self.quiet_since = Instant::now();
        match question {
            Question::Stop(_) => {}
            // Who asked may have stopped waiting, then and afterwards.
            Question::Snapshot { answer, .. } if answer.is_closed() => {}
            Question::Snapshot {
                lines,
                shortened,
                answer,
            } => {
                let snapshot = self.followed().await;
                drop(answer.send(snapshot.map(|follower| Snapshot::of(follower.engine(), lines, shortened))));
            }
            Question::Look(Look(look)) => look(self.followed().await),
        }
    }

    /// Passes on what the engine told.
    fn tell(&mut self, follower: &mut Follower, old_before: Offset) {
        let events = follower.take_events();
        self.reply(&events, old_before);
        self.session
            .screen()
            .timeline
            .send_if_modified(|timeline| timeline.note(&events, old_before, follower.offset()));
        let engine = follower.engine();
        let mut listed = false;
        self.session.screen().news.send_if_modified(|news| {
            let before = (news.bells, news.notified, news.progress, news.inexact);
            news.note(&events, old_before, follower.offset());
            news.inexact = follower.is_inexact();
            if news.title != engine.title() || news.cwd.as_deref() != engine.cwd() {
                news.title = engine.title().to_owned();
                news.cwd = engine.cwd().map(str::to_owned);
                listed = true;
            }
            listed || before != (news.bells, news.notified, news.progress, news.inexact)
        });
        if listed && self.list_at.is_none() {
            self.list_at = Some((self.list_told + LIST_INTERVAL).max(Instant::now()));
        }
    }

    fn tell_list(&mut self) {
        if self.list_at.take().is_some() {
            self.list_told = Instant::now();
            self.session.announce();
        }
    }

    /// Answers queries.
    fn reply(&self, events: &[Event], old_before: Offset) {
        let answered = &self.session.screen().answered;
        let before = Offset(answered.load(Ordering::Relaxed));
        for (query_offset, bytes) in replies(events, before, old_before) {
            answered.fetch_max(query_offset.0, Ordering::Relaxed);
            let reply = Order::EngineReply {
                query_offset,
                bytes,
                made_at: Instant::now(),
            };
            if !self.session.try_order(reply) {
                tracing::debug!(session = %self.session.id(), "a query is not answered: the holder is away");
            }
        }
    }

    fn make_keyframe_if_due(&mut self, follower: &mut Follower) {
        let since = follower.offset().since(follower.keyframe_offset());
        let due = since >= KEYFRAME_FLOOD_BYTES
            || (since >= KEYFRAME_BYTES && self.keyframe_made.elapsed() >= KEYFRAME_INTERVAL)
            || !follower.is_anchored();
        if due {
            self.make_keyframe(follower);
        }
    }

    /// What a rebuild would cost much of is written down.
    fn leave_keyframe(&mut self) {
        if let Some(mut follower) = self.follower.take()
            && follower.offset().since(follower.keyframe_offset()) >= KEYFRAME_REST_BYTES
        {
            self.make_keyframe(&mut follower);
        }
    }

    /// Writes the screen down, off the async threads, and tells the holder; one at a time.
    fn make_keyframe(&mut self, follower: &mut Follower) {
        if self.keyframe_job.as_ref().is_some_and(|job| !job.is_finished()) {
            return;
        }
        self.keyframe_made = Instant::now();
        let keyframe = follower.make_keyframe();
        let session = Arc::clone(&self.session);
        let job = async move {
            let (offset, bytes) = (keyframe.head.offset, keyframe.ansi.len());
            let base = session.status().base_offset;
            let keyframes = Keyframes::of(session.directory());
            let write = move || keyframes.write(&keyframe).map(|()| keyframes.prune(base));
            match tokio::task::spawn_blocking(write).await {
                Ok(Ok(())) => {
                    measure::keyframe(bytes);
                    session.keyframe_made(offset).await;
                }
                // Without it a restart takes longer, no more.
                Ok(Err(error)) => {
                    tracing::debug!(session = %session.id(), %error, "cannot write a keyframe");
                }
                Err(_) => {}
            }
        };
        self.keyframe_job = Some(self.shared.tasks.spawn(job));
    }
}

/// Completes then; never if there is no time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
