//! The process table: CPU time and memory of what is measured.

use std::fs;

use anyhow::Context;

/// The processes of a server whose cost is told apart.
#[derive(Debug, Default)]
pub(crate) struct Pids {
    /// The server itself; none for the raw PTY.
    pub(crate) server: Option<u32>,
    /// What it runs beside each session.
    pub(crate) holders: Vec<u32>,
    /// The programs in the sessions.
    pub(crate) shells: Vec<u32>,
}

/// CPU time, seconds.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Cpu {
    pub(crate) server_s: f64,
    pub(crate) holders_s: f64,
    /// With all that the programs themselves started and waited for.
    pub(crate) shells_s: f64,
}

impl Pids {
    /// CPU time used so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Cpu> {
        let own = |pids: &[u32]| -> anyhow::Result<f64> {
            let ticks = pids.iter().map(|&pid| Ok(Process::look(pid)?.own_ticks));
            Ok(seconds(ticks.sum::<anyhow::Result<u64>>()?))
        };
        let server: Vec<u32> = self.server.into_iter().collect();
        Ok(Cpu {
            server_s: own(&server)?,
            holders_s: own(&self.holders)?,
            shells_s: seconds(self.shells.iter().copied().map(tree_ticks).sum()),
        })
    }

    /// Proportional set size of server and holders, KiB.
    pub(crate) fn pss_kib(&self) -> anyhow::Result<f64> {
        let all = self.server.iter().chain(&self.holders);
        let kib = all.map(|&pid| kib(pid, "smaps_rollup", "Pss:"));
        Ok(kib.sum::<anyhow::Result<u64>>()? as f64)
    }

    /// Memory of server and holders that is no file's, KiB.
    pub(crate) fn anonymous_kib(&self) -> anyhow::Result<f64> {
        let all = self.server.iter().chain(&self.holders);
        let kib = all.map(|&pid| kib(pid, "status", "RssAnon:"));
        Ok(kib.sum::<anyhow::Result<u64>>()? as f64)
    }
}

fn kib(pid: u32, file: &str, field: &str) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/{file}");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let line = line.with_context(|| format!("no {field} in {path}"))?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// User and system time of its own, clock ticks.
    own_ticks: u64,
    /// The same of the children it waited for, and theirs.
    waited_ticks: u64,
}

impl Process {
    fn look(pid: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{pid}/stat");
        let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        Self::parse(pid, &stat).with_context(|| format!("{path} makes no sense: {stat}"))
    }

    /// Reads `pid (name) state ppid …` (proc_pid_stat(5)); the name may hold anything.
    fn parse(pid: u32, stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: u32::try_from(number(1)?).ok()?,
            own_ticks: number(11)? + number(12)?,
            waited_ticks: number(13)? + number(14)?,
        })
    }
}

/// All processes that can be seen now.
pub(crate) fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Process::look(pid).ok())
        .collect()
}

/// Children of these processes.
pub(crate) fn children(parents: &[u32]) -> anyhow::Result<Vec<u32>> {
    let found = all().into_iter();
    Ok(found
        .filter(|process| parents.contains(&process.parent))
        .map(|process| process.pid)
        .collect())
}

/// A process and all below it, parents first.
pub(crate) fn tree(root: u32) -> Vec<Process> {
    let table = all();
    let mut found: Vec<Process> = table
        .iter()
        .filter(|process| process.pid == root)
        .copied()
        .collect();
    let mut next = 0;
    while let Some(&Process { pid, .. }) = found.get(next) {
        found.extend(table.iter().filter(|process| process.parent == pid));
        next += 1;
    }
    found
}

/// CPU time of a process, all below it, and all those waited for, clock ticks.
pub(crate) fn tree_ticks(root: u32) -> u64 {
    let all = tree(root);
    all.iter()
        .map(|process| process.own_ticks + process.waited_ticks)
        .sum()
}

/// Clock ticks as seconds.
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_name_with_parentheses() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194304 1 2 3 4 50 6 700 8 20 0 1";
        let process = Process::parse(7, stat).unwrap();
        assert_eq!(process.parent, 3);
        assert_eq!((process.own_ticks, process.waited_ticks), (56, 708));
    }
}
