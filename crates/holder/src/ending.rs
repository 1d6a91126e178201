//! How a session ends: signals to the child, then the wait for its last output.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, PidfdFlags, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, pidfd_open, waitid,
};
use sempre_protocol::holder::EndReason;
use sempre_protocol::texts::{ExitStatus, Signal};

/// After the child is reaped, output is over when nothing came for this long.
const QUIET: Duration = Duration::from_millis(50);
/// After the child is reaped, output is over at the latest after this long.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// The child as its parent sees it.
pub struct ChildHandle {
    pid: Pid,
    pidfd: OwnedFd,
}

impl ChildHandle {
    /// Watches a child of this process.
    pub fn new(pid: u32) -> io::Result<Self> {
        let pid = i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| io::Error::other(format!("{pid} is no pid")))?;
        Ok(Self {
            pid,
            pidfd: pidfd_open(pid, PidfdFlags::empty())?,
        })
    }

    /// Its pid, which is also its process group and Unix session.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Collects its status if it has ended; afterwards its pid may be anyone's.
    pub fn reap(&self) -> Option<Option<ExitStatus>> {
        let status = waitid(
            WaitId::PidFd(self.pidfd.as_fd()),
            WaitIdOptions::EXITED | WaitIdOptions::NOHANG,
        );
        match status {
            Ok(Some(status)) => Some(exit_status(&status)),
            Ok(None) => None,
            Err(_) => Some(None),
        }
    }

    /// Signals the foreground group, or the child's own group if there is none.
    pub fn signal(&self, foreground: Option<Pid>, signal: Signal) -> io::Result<()> {
        kill_process_group(foreground.unwrap_or(self.pid), signal_number(signal))?;
        Ok(())
    }

    /// Signals the foreground group and the child's own group; a stopped one is woken to see it.
    pub fn signal_all(&self, foreground: Option<Pid>, signal: Signal) {
        let own = Some(self.pid);
        for group in [own, foreground.filter(|group| Some(*group) != own)]
            .into_iter()
            .flatten()
        {
            let _ = kill_process_group(group, signal_number(signal));
            let _ = kill_process_group(group, rustix::process::Signal::CONT);
        }
    }
}

impl AsFd for ChildHandle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

fn exit_status(status: &WaitIdStatus) -> Option<ExitStatus> {
    let code = status.exit_status().map(ExitStatus::Code);
    code.or_else(|| status.terminating_signal().map(ExitStatus::Signal))
}

fn signal_number(signal: Signal) -> rustix::process::Signal {
    use rustix::process::Signal as Number;
    match signal {
        Signal::Int => Number::INT,
        Signal::Quit => Number::QUIT,
        Signal::Tstp => Number::TSTP,
        Signal::Term => Number::TERM,
        Signal::Hup => Number::HUP,
        Signal::Kill => Number::KILL,
    }
}

/// Where a session is on its way out.
pub enum Ending {
    /// Nobody asked, the child lives.
    Not,
    /// SIGHUP was sent; SIGKILL follows at the deadline.
    Hung {
        /// When the grace is over; none once SIGKILL was sent.
        kill_at: Option<Instant>,
        /// Why.
        reason: EndReason,
    },
    /// The child is reaped; its last output is awaited.
    Draining(Draining),
}

/// Waiting for the last output.
pub struct Draining {
    /// How the child ended.
    pub status: Option<ExitStatus>,
    /// Why.
    pub reason: EndReason,
    /// Set when the terminal reported that nothing will come any more.
    pub over: bool,
    quiet_at: Instant,
    limit_at: Instant,
}

impl Draining {
    /// Starts to wait.
    pub fn new(status: Option<ExitStatus>, reason: EndReason, now: Instant) -> Self {
        Self {
            status,
            reason,
            over: false,
            quiet_at: now + QUIET,
            limit_at: now + DRAIN_LIMIT,
        }
    }

    /// Notes that output came.
    pub fn heard(&mut self, now: Instant) {
        self.quiet_at = now + QUIET;
    }

    /// When to look again at the latest.
    pub fn deadline(&self) -> Instant {
        self.quiet_at.min(self.limit_at)
    }
}

impl Ending {
    /// When this has to be looked at again.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Not => None,
            Self::Hung { kill_at, .. } => *kill_at,
            Self::Draining(draining) => Some(draining.deadline()),
        }
    }

    /// Why the child ends, if it ends now.
    pub fn reason(&self) -> EndReason {
        match self {
            Self::Not => EndReason::Exited,
            Self::Hung { reason, .. } => *reason,
            Self::Draining(draining) => draining.reason,
        }
    }
}
