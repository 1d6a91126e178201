//! The pool of programs that answers `/kiro/chat`: flags of `sempre serve`.

use std::time::Duration;

use clap::Args;

use crate::sessions::workers::{MAX_WORKERS, Pattern, WorkerOptions};

/// Workers unless told otherwise.
const DEFAULT_WORKERS: usize = 2;
/// Longest reply unless told otherwise, ms.
const DEFAULT_TIMEOUT_MS: u64 = 60_000;

/// Flags about workers.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Workers behind POST /kiro/chat")]
pub struct WorkerFlags {
    /// Command line of a program that answers in its terminal, such as "python3 -i"; none: no workers
    #[arg(long, value_name = "CMD", env = "SEMPRE_WORKER_COMMAND")]
    pub worker_command: Option<String>,

    /// How many of them run [default: 2]
    #[arg(long, value_name = "COUNT", env = "SEMPRE_WORKERS", value_parser = parse_count)]
    pub workers: Option<usize>,

    /// What stands before the cursor when a worker is ready, such as "^>>> $" [default: it says nothing for a while]
    #[arg(long, value_name = "REGEX", env = "SEMPRE_WORKER_READY")]
    pub worker_ready: Option<Pattern>,

    /// What stands before the cursor when a reply has ended [default: as --worker-ready]
    #[arg(long, value_name = "REGEX", env = "SEMPRE_WORKER_REPLY_END")]
    pub worker_reply_end: Option<Pattern>,

    /// A reply has ended when nothing came for this long, ms [default: 1000 without a pattern, else 0]
    #[arg(long, value_name = "MS", env = "SEMPRE_WORKER_QUIET_MS")]
    pub worker_quiet_ms: Option<u64>,

    /// Longest reply, and longest start of a worker, ms [default: 60000]
    #[arg(long, value_name = "MS", env = "SEMPRE_WORKER_TIMEOUT_MS")]
    pub worker_timeout_ms: Option<u64>,
}

fn parse_count(text: &str) -> Result<usize, String> {
    let count = text
        .parse()
        .ok()
        .filter(|count| (1..=MAX_WORKERS).contains(count));
    count.ok_or_else(|| format!("it is 1 to {MAX_WORKERS}"))
}

impl WorkerFlags {
    /// What the flags mean together; none without a command.
    pub fn options(&self) -> Option<WorkerOptions> {
        let command = self
            .worker_command
            .clone()
            .filter(|command| !command.trim().is_empty())?;
        Some(WorkerOptions {
            command,
            count: self.workers.unwrap_or(DEFAULT_WORKERS),
            ready: self.worker_ready.clone(),
            reply_end: self.worker_reply_end.clone(),
            quiet_ms: self.worker_quiet_ms,
            timeout: Duration::from_millis(self.worker_timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k5_without_a_command_there_are_no_workers() {
        let flags = WorkerFlags {
            workers: Some(3),
            ..WorkerFlags::default()
        };
        assert!(flags.options().is_none());
        let flags = WorkerFlags {
            worker_command: Some("bc -q".into()),
            ..flags
        };
        assert_eq!(flags.options().unwrap().count, 3);
        assert!(parse_count("0").is_err() && parse_count("65").is_err());
    }
}
