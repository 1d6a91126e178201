//! What machine this is, and how busy it was with other things.

use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime};

use anyhow::Context;

use crate::processes::tree_ticks;

/// How long the machine is watched before anything starts.
const BEFORE: Duration = Duration::from_secs(2);

/// The machine at the start of a run.
pub(crate) struct Machine {
    model: String,
    cores: usize,
    kernel: String,
    date: String,
    /// Others' share of all cores before the run.
    before: f64,
    start: Moment,
}

/// Counters to compare with later ones, clock ticks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    busy: u64,
    all: u64,
    own: u64,
}

/// What happened since a moment, as shares of all cores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Anything at all, what the hypervisor took away included.
    pub(crate) busy: f64,
    /// Not by this program and what it started.
    pub(crate) others: f64,
}

impl Moment {
    /// Now.
    ///
    /// # Errors
    /// If `/proc/stat` cannot be read.
    pub(crate) fn now() -> anyhow::Result<Self> {
        let stat = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
        let line = stat.lines().next().unwrap_or_default();
        let ticks = line.split_whitespace().skip(1).take(8);
        let ticks: Vec<u64> = ticks.filter_map(|n| n.parse().ok()).collect();
        let all = ticks.iter().sum();
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        Ok(Self {
            busy: all - idle,
            all,
            own: tree_ticks(std::os::unix::process::parent_id()),
        })
    }

    /// What happened since.
    ///
    /// # Errors
    /// If `/proc/stat` cannot be read.
    pub(crate) fn load_since(self) -> anyhow::Result<Load> {
        let now = Self::now()?;
        let all = now.all.saturating_sub(self.all).max(1) as f64;
        let busy = now.busy.saturating_sub(self.busy);
        let own = now.own.saturating_sub(self.own);
        Ok(Load {
            busy: busy as f64 / all,
            others: busy.saturating_sub(own) as f64 / all,
        })
    }
}

impl Machine {
    /// Looks at it, for two seconds.
    ///
    /// # Errors
    /// If `/proc` cannot be read.
    pub(crate) fn look() -> anyhow::Result<Self> {
        let info = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
        let model = info
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let calm = Moment::now()?;
        std::thread::sleep(BEFORE);
        Ok(Self {
            model: model.map_or_else(|| "unknown CPU".into(), |(_, name)| name.trim().to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            before: calm.load_since()?.others,
            start: Moment::now()?,
        })
    }

    /// How busy all cores were since the start.
    ///
    /// # Errors
    /// If `/proc` cannot be read.
    pub(crate) fn busy(&self) -> anyhow::Result<String> {
        let load = self.start.load_since()?;
        Ok(format!(
            "Others kept the cores busy for {:.0} % before the run and {:.0} % during it; with the benchmark's own work \
             they were busy for {:.0} %.",
            self.before * 100.0,
            load.others * 100.0,
            load.busy * 100.0
        ))
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} × {}, Linux {}",
            self.date, self.cores, self.model, self.kernel
        )
    }
}
