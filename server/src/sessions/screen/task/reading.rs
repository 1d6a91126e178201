//! Reading on: from where the engine is to where the session stands, in slices, and what only the holder has.

use std::time::{Duration, Instant};

use sempre_journal::ReadError;

use super::Task;
use crate::sessions::SessionError;
use crate::sessions::screen::age::Age;
use crate::sessions::screen::follower::{Follower, Reached, Target};

/// Output up to this is drawn where it is noticed, bytes: that takes less than a millisecond.
const INLINE_BYTES: u64 = 16 * 1024;
/// Output drawn in one go off the async threads, bytes, …
const SLICE_BYTES: u64 = 1024 * 1024;
/// … or what takes so long, looked at after each step of so many bytes: between slices others see the screen.
const SLICE_TIME: Duration = Duration::from_millis(250);
const STEP_BYTES: u64 = 64 * 1024;
/// An engine further behind than this asks the index how old the output is, bytes.
const OLD_CHECK_BYTES: u64 = 256 * 1024;
/// Output asked of a holder whose disk is full, bytes.
const MEMORY_READ_BYTES: u32 = 256 * 1024;

impl Task {
    /// The engine, having read all there is now.
    pub(super) async fn followed(&mut self) -> Result<&Follower, SessionError> {
        let followed = self.follow().await;
        match (&self.follower, followed) {
            (Some(follower), Ok(())) => Ok(follower),
            (_, Err(error)) => Err(SessionError::system("cannot read the journal")(
                std::io::Error::other(error),
            )),
            (None, Ok(())) => Err(SessionError::Draining),
        }
    }

    pub(super) async fn catch_up(&mut self) {
        if let Err(error) = self.follow().await {
            tracing::warn!(session = %self.session.id(), %error, "the screen cannot follow the output");
            self.follower = None;
        }
    }

    /// Reads all there is now.
    async fn follow(&mut self) -> Result<(), ReadError> {
        let followed = self.read_on().await;
        self.session.screen().arrived();
        followed
    }

    async fn read_on(&mut self) -> Result<(), ReadError> {
        self.read_at = None;
        let status = self.status.borrow_and_update().clone();
        let target = Target {
            offset: status.offset,
            size: status.size,
            size_offset: status.size_offset,
        };
        let mut age = Age::default();
        let mut follower = match self.follower.take() {
            Some(follower) => follower,
            None => {
                age.ask = true;
                self.start(target).await?
            }
        };
        loop {
            follower.set_theme(self.session.roster().theme());
            let behind = target.offset.since(follower.offset());
            age.ask |= behind > OLD_CHECK_BYTES;
            let (moved, reached) = self.advance(follower, target, &mut age).await?;
            follower = moved;
            self.tell(&mut follower, age.old_before);
            self.make_keyframe_if_due(&mut follower);
            if reached != Reached::Target && self.shared.stop.is_cancelled() {
                // The way may be long, and who asked is told that the server goes down.
                return Ok(());
            }
            match reached {
                Reached::Target => break,
                Reached::Limit => {}
                Reached::DiskEnd if self.read_memory(&mut follower, target).await => {}
                Reached::DiskEnd => break,
            }
            self.session.screen().come_past(follower.engine());
        }
        self.quiet_since = Instant::now();
        self.follower = Some(follower);
        Ok(())
    }

    async fn start(&self, target: Target) -> Result<Box<Follower>, ReadError> {
        let directory = self.session.directory().to_path_buf();
        let started = move || {
            let mut follower = Box::new(Follower::start(&directory, target.offset, target.size)?);
            follower.check(target.offset)?;
            Ok(follower)
        };
        tokio::task::spawn_blocking(started)
            .await
            .map_err(std::io::Error::other)?
    }

    /// One slice of the way; a large one off the async threads.
    async fn advance(
        &self,
        mut follower: Box<Follower>,
        target: Target,
        age: &mut Age,
    ) -> Result<(Box<Follower>, Reached), ReadError> {
        if target.offset.since(follower.offset()) <= INLINE_BYTES && !age.is_due() {
            let reached = follower.advance(target, INLINE_BYTES)?;
            return Ok((follower, reached));
        }
        let _place = self
            .shared
            .catching_up
            .acquire()
            .await
            .map_err(std::io::Error::other)?;
        let directory = self.session.directory().to_path_buf();
        let mut known = std::mem::take(age);
        let slice = move || {
            if known.is_due() {
                known.find(&directory);
            }
            let reached = take_slice(&mut follower, target);
            (follower, known, reached)
        };
        let (follower, known, reached) = tokio::task::spawn_blocking(slice)
            .await
            .map_err(std::io::Error::other)?;
        *age = known;
        Ok((follower, reached?))
    }

    /// Draws what only the holder has, while its disk is full; false if it has nothing.
    async fn read_memory(&self, follower: &mut Follower, target: Target) -> bool {
        let at = follower.offset();
        let Some((from, bytes)) = self.session.read_memory(at, MEMORY_READ_BYTES).await else {
            return false;
        };
        if from > at {
            follower.jump(from);
        }
        let room = if from < target.size_offset {
            target.size_offset.since(from)
        } else {
            u64::MAX
        };
        let count = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        follower.feed(bytes.get(..count).unwrap_or_default());
        true
    }
}

/// Goes on by a slice.
fn take_slice(follower: &mut Follower, target: Target) -> Result<Reached, ReadError> {
    let stop = follower.offset().plus(SLICE_BYTES);
    let began = Instant::now();
    loop {
        let reached = follower.advance(target, STEP_BYTES)?;
        let over = follower.offset() >= stop || began.elapsed() >= SLICE_TIME;
        if over || reached != Reached::Limit {
            return Ok(reached);
        }
    }
}
