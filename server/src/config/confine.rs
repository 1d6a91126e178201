//! What sessions are held to: flags of `sempre serve` about memory, processor and processes (T11).

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use sempre_protocol::confinement::ResourceLimits;

use super::life::Span;
use crate::sessions::confinement::{CgroupChoice, ConfinementOptions};

/// Bytes, such as `512MiB`, `2G` or `1073741824`; K, M, G and T are powers of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(u64);

impl ByteSize {
    /// How many bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("{text:?} is no size; write bytes, or a number with K, M, G or T such as 512M");
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let shift = match unit.trim_end_matches("iB").trim_end_matches('B') {
            "" => 0,
            "K" | "k" => 10,
            "M" => 20,
            "G" => 30,
            "T" => 40,
            _ => return Err(wrong()),
        };
        let bytes = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(1 << shift));
        bytes.filter(|&bytes| bytes > 0).map(Self).ok_or_else(wrong)
    }
}

/// Flags about what sessions may use.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Limits of each session")]
pub struct ConfineFlags {
    /// Memory of sessions that ask for no limit, such as 512M; by cgroup v2 of the whole session, else by rlimit of
    /// each process [default: the ceiling]
    #[arg(long, value_name = "SIZE", env = "SEMPRE_SESSION_MEMORY_MAX")]
    pub session_memory_max: Option<ByteSize>,

    /// The most memory a session may ask for [default: no limit]
    #[arg(long, value_name = "SIZE", env = "SEMPRE_SESSION_MEMORY_CEILING")]
    pub session_memory_ceiling: Option<ByteSize>,

    /// Processor time of sessions that ask for no limit, percent of one processor; needs cgroup v2 [default: the
    /// ceiling]
    #[arg(long, value_name = "PERCENT", env = "SEMPRE_SESSION_CPU_MAX_PERCENT",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub session_cpu_max_percent: Option<u64>,

    /// The most processor time a session may ask for, percent of one processor [default: no limit]
    #[arg(long, value_name = "PERCENT", env = "SEMPRE_SESSION_CPU_CEILING_PERCENT",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub session_cpu_ceiling_percent: Option<u64>,

    /// Processor time of each process in its whole life, in sessions that ask for no limit [default: the ceiling]
    #[arg(long, value_name = "TIME", env = "SEMPRE_SESSION_CPU_TIME_MAX")]
    pub session_cpu_time_max: Option<Span>,

    /// The most processor time of each process that a session may ask for [default: no limit]
    #[arg(long, value_name = "TIME", env = "SEMPRE_SESSION_CPU_TIME_CEILING")]
    pub session_cpu_time_ceiling: Option<Span>,

    /// Processes and threads of sessions that ask for no limit; needs cgroup v2 [default: the ceiling]
    #[arg(long, value_name = "COUNT", env = "SEMPRE_SESSION_PROCESSES_MAX",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub session_processes_max: Option<u64>,

    /// The most processes and threads a session may ask for [default: no limit]
    #[arg(long, value_name = "COUNT", env = "SEMPRE_SESSION_PROCESSES_CEILING",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub session_processes_ceiling: Option<u64>,

    /// Directory of cgroup v2 below which each limited session gets a group, or `off` [default: the one systemd has
    /// delegated to the server, if it has]
    #[arg(long, value_name = "DIR", env = "SEMPRE_SESSION_CGROUP")]
    pub session_cgroup: Option<PathBuf>,
}

impl ConfineFlags {
    /// What they mean together.
    pub fn options(&self) -> ConfinementOptions {
        let bytes = |size: Option<ByteSize>| size.map(|size| size.0);
        let seconds = |span: Option<Span>| span.map(Span::seconds).filter(|&s| s > 0);
        ConfinementOptions {
            defaults: ResourceLimits {
                memory_max_bytes: bytes(self.session_memory_max),
                cpu_max_percent: self.session_cpu_max_percent,
                cpu_time_max_s: seconds(self.session_cpu_time_max),
                processes_max: self.session_processes_max,
            },
            ceilings: ResourceLimits {
                memory_max_bytes: bytes(self.session_memory_ceiling),
                cpu_max_percent: self.session_cpu_ceiling_percent,
                cpu_time_max_s: seconds(self.session_cpu_time_ceiling),
                processes_max: self.session_processes_ceiling,
            },
            cgroup: match &self.session_cgroup {
                None => CgroupChoice::Delegated,
                Some(directory) if directory.as_os_str() == "off" => CgroupChoice::Off,
                Some(directory) => CgroupChoice::Below(directory.clone()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t11_sizes_are_written_with_units() {
        let bytes = |text: &str| text.parse::<ByteSize>().map(|size| size.0);
        for (text, expected) in [
            ("1073741824", 1 << 30),
            ("512M", 512 << 20),
            ("512MiB", 512 << 20),
            ("2GB", 2 << 30),
            ("64k", 64 << 10),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "M", "0", "-1", "1.5G", "12 M", "5X", "99999999999T"] {
            assert!(bytes(text).unwrap_err().contains("512M"), "{text}");
        }
    }

    #[test]
    fn t11_flags_are_defaults_and_ceilings() {
        let flags = ConfineFlags {
            session_memory_ceiling: "1G".parse().ok(),
            session_cpu_time_max: "90s".parse().ok(),
            session_cgroup: Some("off".into()),
            ..ConfineFlags::default()
        };
        let options = flags.options();
        assert_eq!(options.ceilings.memory_max_bytes, Some(1 << 30));
        assert_eq!(options.defaults.cpu_time_max_s, Some(90));
        assert_eq!(options.cgroup, CgroupChoice::Off);
        assert_eq!(ConfineFlags::default().options(), ConfinementOptions::default());
    }
}
