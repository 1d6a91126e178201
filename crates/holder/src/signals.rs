//! Signals as bytes in a pipe, so that the poll loop sees them.
//!
//! Handlers, not "ignore": a handler is gone after `exec`, so the child starts with the defaults.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};

/// One pipe that becomes readable when its signal came.
pub struct SignalPipe {
    stream: UnixStream,
}

impl SignalPipe {
    fn for_signals(signals: &[i32]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        for &signal in signals {
            signal_hook::low_level::pipe::register(signal, write.try_clone()?)?;
        }
        Ok(Self { stream: read })
    }

    /// Forgets what came so far.
    pub fn clear(&mut self) {
        let mut buffer = [0; 64];
        while matches!(self.stream.read(&mut buffer), Ok(1..)) {}
    }
}

impl AsFd for SignalPipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The signals a holder listens to.
pub struct Signals {
    /// SIGTERM: the machine goes down; end the session.
    pub terminate: SignalPipe,
    /// SIGUSR1: a server cannot find the socket; make it again.
    pub rebind: SignalPipe,
}

impl Signals {
    /// Installs the handlers; SIGHUP, SIGINT and SIGXFSZ do nothing from now on.
    pub fn install() -> io::Result<Self> {
        let ignored = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGXFSZ] {
            signal_hook::flag::register(signal, Arc::clone(&ignored))?;
        }
        Ok(Self {
            terminate: SignalPipe::for_signals(&[SIGTERM])?,
            rebind: SignalPipe::for_signals(&[SIGUSR1])?,
        })
    }
}
