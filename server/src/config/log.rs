//! Flags of `sempre serve` about its log.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::log::{FileOptions, Levels, Look};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// A log file begins anew before it is longer, unless told otherwise, bytes.
const DEFAULT_MAX_BYTES: u64 = 10 * 1024 * 1024;
/// Older files unless told otherwise.
const DEFAULT_KEEP: u32 = 5;

/// Flags about the log.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Log")]
pub struct LogFlags {
    /// How log lines look
    #[arg(
        long,
        alias = "log",
        value_name = "FORMAT",
        env = "SEMPRE_LOG_FORMAT",
        value_enum,
        default_value = "text"
    )]
    pub log_format: LogFormat,

    /// What is logged: off, error, warn, info, debug or trace; for single rooms too, such as info,http=debug
    #[arg(long, value_name = "LEVELS", env = "SEMPRE_LOG_LEVEL", default_value = "info")]
    pub log_level: Levels,

    /// File the log is appended to [default: standard error]
    #[arg(long, value_name = "FILE", env = "SEMPRE_LOG_FILE")]
    pub log_file: Option<PathBuf>,

    /// Begin the log file anew before it is longer; 0: never
    #[arg(long, value_name = "BYTES", env = "SEMPRE_LOG_MAX_BYTES", default_value_t = DEFAULT_MAX_BYTES)]
    pub log_max_bytes: u64,

    /// Older log files that are kept, as FILE.1, FILE.2, …
    #[arg(long, value_name = "COUNT", env = "SEMPRE_LOG_KEEP", default_value_t = DEFAULT_KEEP,
          value_parser = clap::value_parser!(u32).range(..=1000))]
    pub log_keep: u32,
}

impl Default for LogFlags {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Text,
            log_level: Levels::default(),
            log_file: None,
            log_max_bytes: DEFAULT_MAX_BYTES,
            log_keep: DEFAULT_KEEP,
        }
    }
}

impl LogFlags {
    /// How lines look.
    pub fn look(&self) -> Look {
        match self.log_format {
            LogFormat::Text => Look::Text,
            LogFormat::Json => Look::Json,
        }
    }

    /// The file; none: standard error.
    pub fn file(&self) -> Option<FileOptions> {
        Some(FileOptions {
            path: self.log_file.clone()?,
            max_bytes: self.log_max_bytes,
            keep: self.log_keep,
        })
    }
}
