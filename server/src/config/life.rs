//! When sessions end by themselves, how long they are kept, how many there may be: flags of `sempre serve`.

use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use crate::sessions::Limits;
use crate::sessions::lifecycle::LifePolicy;
use crate::sessions::lifecycle::plan::KeepLimits;

/// A time such as `90s`, `7d` or `1h 30m`; `never` or `0` stands for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(Option<Duration>);

impl Span {
    /// In milliseconds; 0 for none.
    pub fn ms(self) -> u64 {
        let ms = self.0.map_or(0, |span| span.as_millis());
        u64::try_from(ms).unwrap_or(u64::MAX)
    }

    /// In seconds, less than one being one; 0 for none.
    pub(super) fn seconds(self) -> u64 {
        self.ms().div_ceil(1000)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "never" | "0" => Ok(Self(None)),
            text => match humantime::parse_duration(text) {
                Ok(span) => Ok(Self(Some(span).filter(|span| !span.is_zero()))),
                Err(error) => Err(format!("{error}; write a time such as 90s, 5m, 1h 30m or 7d")),
            },
        }
    }
}

/// Flags about the lives of sessions.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Lives of sessions")]
pub struct LifeFlags {
    /// End sessions created by API when nothing happened for this long, unless they ask otherwise; `never`
    /// [default: SESSION_TTL_SECONDS of the environment or .env, else 1h]
    #[arg(long, value_name = "TIME", env = "SEMPRE_SESSION_TTL")]
    pub session_ttl: Option<Span>,

    /// Time between two checks of what is due [default: 5m]
    #[arg(long, value_name = "TIME", env = "SEMPRE_CHECK_INTERVAL")]
    pub check_interval: Option<Span>,

    /// Compress an ended session's journal after this long, or `never` [default: 1h]
    #[arg(long, value_name = "TIME", env = "SEMPRE_COMPRESS_AFTER")]
    pub compress_after: Option<Span>,

    /// Keep an ended session's journal this long, then only a summary and the last screen, or `never` drop it
    /// [default: 7d]
    #[arg(long, value_name = "TIME", env = "SEMPRE_RETENTION")]
    pub retention: Option<Span>,

    /// Forget an archived session this long after its end, or `never` [default: 90d]
    #[arg(long, value_name = "TIME", env = "SEMPRE_ARCHIVE_RETENTION")]
    pub archive_retention: Option<Span>,

    /// Running sessions in all [default: 1000]
    #[arg(long, value_name = "COUNT", env = "SEMPRE_MAX_SESSIONS")]
    pub max_sessions: Option<usize>,

    /// Running sessions in one group [default: 100]
    #[arg(long, value_name = "COUNT", env = "SEMPRE_MAX_SESSIONS_PER_GROUP")]
    pub max_sessions_per_group: Option<usize>,

    /// Running sessions of one user [default: 200]
    #[arg(long, value_name = "COUNT", env = "SEMPRE_MAX_SESSIONS_PER_USER")]
    pub max_sessions_per_user: Option<usize>,
}

impl LifeFlags {
    /// What the flags and the environment mean together.
    ///
    /// # Errors
    /// For a `SESSION_TTL_SECONDS` that is no number of seconds, or no time between checks.
    pub fn policy(&self, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<LifePolicy> {
        let default = LifePolicy::default();
        let ms = |span: Option<Span>, default: u64| span.map_or(default, Span::ms);
        let default_ttl_s = match (self.session_ttl, variable("SESSION_TTL_SECONDS")) {
            // Less than a second is still a limit.
            (Some(ttl), _) => ttl.seconds(),
            (None, Some(seconds)) => seconds.trim().parse().with_context(|| {
                format!("SESSION_TTL_SECONDS={seconds:?} is no number of seconds; 0 means for ever")
            })?,
            (None, None) => default.default_ttl_s,
        };
        let check_interval = match self.check_interval {
            None => default.check_interval,
            Some(span) => span
                .0
                .context("--check-interval must be more than nothing, such as 5m")?,
        };
        Ok(LifePolicy {
            check_interval,
            default_ttl_s,
            keep: KeepLimits {
                retention_ms: ms(self.retention, default.keep.retention_ms),
                archive_retention_ms: ms(self.archive_retention, default.keep.archive_retention_ms),
                compress_after_ms: ms(self.compress_after, default.keep.compress_after_ms),
                ..default.keep
            },
        })
    }

    /// How many sessions there may be.
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            max_active_sessions: self.max_sessions.unwrap_or(default.max_active_sessions),
            max_sessions_per_group: self
                .max_sessions_per_group
                .unwrap_or(default.max_sessions_per_group),
            max_sessions_per_user: self
                .max_sessions_per_user
                .unwrap_or(default.max_sessions_per_user),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &'static str) -> impl Fn(&str) -> Option<String> {
        move |name| (name == "SESSION_TTL_SECONDS").then(|| text.to_owned())
    }

    #[test]
    fn t7_session_ttl_seconds_is_honoured_and_checked() {
        let flags = LifeFlags::default();
        assert_eq!(flags.policy(|_| None).unwrap(), LifePolicy::default());
        assert_eq!(flags.policy(seconds("86400")).unwrap().default_ttl_s, 86_400);
        assert_eq!(flags.policy(seconds("0")).unwrap().default_ttl_s, 0);
        let error = flags.policy(seconds("a day")).unwrap_err().to_string();
        assert!(error.contains("\"a day\""), "{error}");
    }

    #[test]
    fn a_flag_beats_the_environment() {
        let flags = LifeFlags {
            session_ttl: Some("1h 30m".parse().unwrap()),
            retention: Some("never".parse().unwrap()),
            compress_after: Some("0".parse().unwrap()),
            ..LifeFlags::default()
        };
        let policy = flags.policy(seconds("5")).unwrap();
        assert_eq!(policy.default_ttl_s, 5400);
        assert_eq!((policy.keep.retention_ms, policy.keep.compress_after_ms), (0, 0));
    }

    #[test]
    fn times_are_written_with_units() {
        assert_eq!("250ms".parse::<Span>().unwrap().ms(), 250);
        assert!("5".parse::<Span>().unwrap_err().contains("90s"));
        let never = LifeFlags {
            check_interval: Some("never".parse().unwrap()),
            ..LifeFlags::default()
        };
        assert!(never.policy(|_| None).is_err());
    }
}
