//! When credentials expire: one task that sleeps until the next deadline and cancels what is due.
//!
//! Deadlines are times of the wall clock, so the timer is the kernel's for that clock: it fires at once after a sleep of
//! the machine and when someone sets the clock beyond a deadline.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::calendar::now_ms;

/// From so many on, those that were cancelled early are cleared away before one is added.
const MANY: usize = 1024;

/// Deadlines, in order; cheap to clone.
#[derive(Debug, Clone)]
pub struct Deadlines(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    waiting: Mutex<Waiting>,
    /// The next deadline, ms since the Unix epoch.
    next: watch::Sender<Option<u64>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By time, then in the order they came.
    tokens: BTreeMap<(u64, u64), CancellationToken>,
    count: u64,
}

impl Deadlines {
    /// No deadline yet; [`Deadlines::run`] keeps them.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            waiting: Mutex::default(),
            next: watch::Sender::new(None),
        }))
    }

    /// Cancels `token` at `at_ms`, ms since the Unix epoch.
    pub fn cancel_at(&self, at_ms: u64, token: CancellationToken) {
        self.change(|waiting| {
            if waiting.tokens.len() >= MANY {
                waiting.tokens.retain(|_, token| !token.is_cancelled());
            }
            waiting.count += 1;
            waiting.tokens.insert((at_ms, waiting.count), token);
        });
    }

    /// Cancels what is due.
    fn cancel_due(&self, now_ms: u64) {
        self.change(|waiting| {
            let later = waiting.tokens.split_off(&(now_ms.saturating_add(1), 0));
            let due = std::mem::replace(&mut waiting.tokens, later);
            due.into_values().for_each(|token| token.cancel());
        });
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut waiting);
        let next = waiting.tokens.keys().next().map(|(at_ms, _)| *at_ms);
        drop(waiting);
        self.0
            .next
            .send_if_modified(|current| std::mem::replace(current, next) != next);
    }

    /// Keeps the deadlines until `stop`.
    ///
    /// # Errors
    /// If the system has no timer to give.
    pub async fn run(self, stop: CancellationToken) -> io::Result<()> {
        let timer = timerfd_create(
            TimerfdClockId::Realtime,
            TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
        )?;
        #[expect(
            deprecated,
            reason = "what replaces it is unsafe code; an OwnedFd stays the descriptor it is until it is dropped"
        )]
        let timer = AsyncFd::new(timer)?;
        let mut next = self.0.next.subscribe();
        loop {
            self.cancel_due(now_ms());
            let at_ms = *next.borrow_and_update();
            set(&timer, at_ms)?;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                changed = next.changed() => if changed.is_err() { return Ok(()) },
                ready = timer.readable() => {
                    let mut ready = ready?;
                    // How often it fired does not matter, nor that the clock was set: what is due is looked up.
                    let _ = rustix::io::read(timer.get_ref(), &mut [0; 8]);
                    ready.clear_ready();
                }
            }
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::new()
    }
}

fn set(timer: &AsyncFd<OwnedFd>, at_ms: Option<u64>) -> io::Result<()> {
    let zero = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // All zero disarms it.
    let it_value = at_ms.map_or(zero, |at_ms| Timespec {
        tv_sec: i64::try_from(at_ms / 1000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(at_ms % 1000).unwrap_or_default() * 1_000_000 + 1,
    });
    let new_value = Itimerspec {
        it_interval: zero,
        it_value,
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(timer.get_ref(), flags, &new_value)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_due_is_cancelled_and_the_rest_is_not() {
        let (deadlines, stop) = (Deadlines::new(), CancellationToken::new());
        let [past, soon, sooner, far] = [(); 4].map(|()| CancellationToken::new());
        deadlines.cancel_at(1, past.clone());
        let task = tokio::spawn(deadlines.clone().run(stop.clone()));
        past.cancelled().await;
        deadlines.cancel_at(u64::MAX, far.clone());
        deadlines.cancel_at(now_ms() + 60, soon.clone());
        deadlines.cancel_at(now_ms() + 20, sooner.clone());
        sooner.cancelled().await;
        soon.cancelled().await;
        assert!(!far.is_cancelled());
        stop.cancel();
        task.await.unwrap().unwrap();
    }
}
