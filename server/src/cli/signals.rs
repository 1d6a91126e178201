//! Signals of a program that has taken its terminal: what ends it, and what changes the terminal's size.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals, listened to.
#[derive(Debug)]
pub(super) struct Signals {
    /// The terminal has another size.
    pub(super) resized: Signal,
    /// What ends the program.
    pub(super) ending: Ending,
}

/// Signals that end the program once its terminal is itself again.
#[derive(Debug)]
pub(super) struct Ending {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// If the system does not let it.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen to signals");
        Ok(Self {
            resized: listen(SignalKind::window_change())?,
            ending: Ending {
                terminate: listen(SignalKind::terminate())?,
                hangup: listen(SignalKind::hangup())?,
                interrupt: listen(SignalKind::interrupt())?,
                quit: listen(SignalKind::quit())?,
            },
        })
    }
}

impl Ending {
    /// The number of the next one. May be cancelled.
    pub(super) async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => 15,
            _ = self.hangup.recv() => 1,
            _ = self.interrupt.recv() => 2,
            _ = self.quit.recv() => 3,
        }
    }
}
