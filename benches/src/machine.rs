//! What machine this is and how busy it was meanwhile.

use std::fmt;
use std::fs;

use anyhow::Context;

/// The machine at the start of a run.
pub(crate) struct Machine {
    model: String,
    cores: usize,
    kernel: String,
    start: Cpu,
}

#[derive(Clone, Copy)]
struct Cpu {
    busy: u64,
    all: u64,
}

fn cpu() -> anyhow::Result<Cpu> {
    let stat = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|n| n.parse().ok())
        .collect();
    let all = ticks.iter().sum();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    Ok(Cpu {
        busy: all - idle,
        all,
    })
}

impl Machine {
    /// Looks at it.
    pub(crate) fn look() -> anyhow::Result<Self> {
        let info = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
        let model = info
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Ok(Self {
            model: model.map_or_else(|| "unknown CPU".into(), |(_, name)| name.trim().to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            start: cpu()?,
        })
    }

    /// How busy all cores were since the start, this program's own work included.
    pub(crate) fn busy_since(&self) -> anyhow::Result<String> {
        let now = cpu()?;
        let share = (now.busy - self.start.busy) as f64 / (now.all - self.start.all).max(1) as f64;
        Ok(format!(
            "Cores were busy {:.0} % of the run, this benchmark's own work included.",
            share * 100.0
        ))
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}, Linux {}", self.cores, self.model, self.kernel)
    }
}
