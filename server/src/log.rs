//! The server's log (row K6): lines for people or JSON for machines, on standard error or in a file that is rotated by
//! its size, without control bytes, at a level per room that can be changed while it runs. Field names:
//! docs/logging.md.

mod file;
mod levels;
mod lines;

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt, reload, util::SubscriberInitExt};

pub use file::{FileOptions, LogFile};
pub use levels::{Levels, ROOMS};
use lines::Lines;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A log that is written.
#[derive(Debug, Clone)]
pub struct Log {
    levels: reload::Handle<Targets, Registry>,
    /// What the handle was told last: its targets are not the words that were asked for.
    now: Arc<Mutex<Levels>>,
    file: Option<Arc<LogFile>>,
}

impl Log {
    /// Begins; from here on everything `tracing` gets is written.
    ///
    /// # Errors
    /// If the file cannot be opened, or there is a log already.
    pub fn start(look: Look, levels: &Levels, file: Option<FileOptions>) -> anyhow::Result<Self> {
        let file = file.map(LogFile::open).transpose()?.map(Arc::new);
        let (filter, handle) = reload::Layer::new(levels.targets());
        let colours = file.is_none() && std::io::stderr().is_terminal();
        let lines = Lines::new(file.clone(), colours);
        // A closed standard error or a full disk is no reason to fail.
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(lines)
            .log_internal_errors(false);
        let layer = match look {
            Look::Text => layer.with_target(false).with_ansi(colours).boxed(),
            Look::Json => layer.json().boxed(),
        };
        tracing_subscriber::registry()
            .with(layer.with_filter(filter))
            .try_init()
            .map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))?;
        Ok(Self {
            levels: handle,
            now: Arc::new(Mutex::new(levels.clone())),
            file,
        })
    }

    /// What is written.
    pub fn levels(&self) -> Levels {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what is written.
    ///
    /// # Errors
    /// If the log has ended.
    pub fn set_levels(&self, levels: &Levels) -> anyhow::Result<()> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        self.levels
            .reload(levels.targets())
            .context("cannot change the log's level")?;
        *now = levels.clone();
        Ok(())
    }

    /// Opens the file again, under another name or after somebody moved it away. A log on standard error stays there.
    ///
    /// # Errors
    /// If it cannot be opened; the one of before stays in use.
    pub fn reopen(&self, options: Option<FileOptions>) -> anyhow::Result<()> {
        match (&self.file, options) {
            (Some(file), Some(options)) => file.reopen(options),
            _ => Ok(()),
        }
    }
}
