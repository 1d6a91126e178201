//! SIGHUP: the certificate, the log and the configuration are read again; what takes effect at a restart only is told.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::layers::{self, Resolved};
use crate::http::Tls;
use crate::log::Log;
use crate::service::notify;
use crate::sessions::{Changeable, Registry};

/// What was read at the start, to read it again.
#[derive(Debug)]
pub(super) struct Reloads {
    args: Vec<OsString>,
    now: Resolved,
    log: Log,
    tls: Option<Arc<Tls>>,
    hangup: Option<Signal>,
}

impl Reloads {
    pub(super) fn new(args: &[OsString], now: Resolved, log: Log) -> Self {
        Self {
            args: args.to_vec(),
            now,
            log,
            tls: None,
            hangup: None,
        }
    }

    /// The log of this process.
    pub(super) fn log(&self) -> Log {
        self.log.clone()
    }

    /// Listens to SIGHUP. At a terminal it means what it means to every program, unless there is a certificate to renew.
    ///
    /// # Errors
    /// If the system has no place for it.
    pub(super) fn listen(&mut self, tls: Option<Arc<Tls>>) -> anyhow::Result<()> {
        if tls.is_some() || !std::io::stdin().is_terminal() {
            self.hangup = Some(signal(SignalKind::hangup()).context("cannot listen to SIGHUP")?);
        }
        self.tls = tls;
        Ok(())
    }

    /// Never ends.
    pub(super) async fn run(&mut self, registry: &Registry) {
        while let Some(hangup) = &mut self.hangup {
            hangup.recv().await;
            notify::reloading();
            // A few small files, once in weeks.
            self.certificate();
            self.configuration(registry);
            notify::ready();
        }
        std::future::pending().await
    }

    fn certificate(&self) {
        match self.tls.as_ref().map(|tls| tls.reload()) {
            Some(Ok(())) => tracing::info!("the certificate was read again; new connections get it"),
            Some(Err(error)) => tracing::error!("{error:#}; the certificate of before stays in use"),
            None => {}
        }
    }

    fn configuration(&mut self, registry: &Registry) {
        let after = match layers::resolve(&self.args).and_then(|after| Ok((changeable(&after)?, after))) {
            Ok(after) => after,
            Err(error) => {
                // Whoever moved the log away wants a new one all the same.
                self.reopen_log(&self.now);
                tracing::error!("{error:#}; the configuration of before stays in use");
                return;
            }
        };
        let (changeable, after) = after;
        self.reopen_log(&after);
        registry.change(changeable);
        let (taken, waiting) = layers::changed(&self.now.settings, &after.settings);
        tracing::info!(changed = taken.join(","), "the configuration was read again");
        if !waiting.is_empty() {
            tracing::warn!(
                keys = waiting.join(","),
                "these changes take effect when the server is started again"
            );
        }
        // What waits is compared with what the server runs with, so it is told each time.
        let reloads = |path: &String| taken.contains(path);
        self.now.settings.retain(|setting| !reloads(&setting.key.path()));
        let new = after
            .settings
            .into_iter()
            .filter(|setting| reloads(&setting.key.path()));
        self.now.settings.extend(new);
        self.now.flags.log = after.flags.log;
    }

    fn reopen_log(&self, to: &Resolved) {
        let flags = &to.flags.log;
        // What somebody set meanwhile stays until the configuration says something new: logrotate comes every night.
        let levels = match flags.log_level == self.now.flags.log.log_level {
            true => Ok(()),
            false => self.log.set_levels(&flags.log_level),
        };
        let done = levels.and_then(|()| self.log.reopen(flags.file()));
        if let Err(error) = done {
            tracing::error!("{error:#}; the log goes on where it was");
        }
    }
}

/// What sessions get of a configuration.
fn changeable(resolved: &Resolved) -> anyhow::Result<Changeable> {
    let life = &resolved.flags.life;
    let policy = life.policy(|name| resolved.dot_env.variable(name).filter(|value| !value.is_empty()))?;
    Ok(Changeable {
        limits: life.limits(),
        default_ttl_s: policy.default_ttl_s,
    })
}
