//! How fast output gets through, and what it costs: program → PTY → … → WebSocket → viewer that reads every byte.

use std::time::{Duration, Instant};

use super::{Measure, Round, Row, ready};
use crate::contender::{Column, Manner, Server};
use crate::processes::Cpu;
use crate::workload::{Workload, log_line, sgr_line};

/// Output per workload and round, bytes.
const WORKLOAD_BYTES: u64 = 48 * 1024 * 1024;
/// Output before anything is measured, bytes.
const WARM_UP_BYTES: u64 = 8 * 1024 * 1024;
/// Shows a file when told to, and stays, so that what it cost can be read.
const SHOW: &str = "stty -echo; printf ready; read go; cat \"$1\"; printf done.; exec sleep 1000";
const DONE: &[u8] = b"done.";
/// What a server still does after the last byte (its screen, its journal) belongs to the cost: two looks this far
/// apart with the same figures end it …
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// … and so do this many looks.
const MOST_LOOKS: usize = 25;

/// Log lines and dense colours.
pub(crate) struct Throughput {
    warm_up: Workload,
    log: Workload,
    sgr: Workload,
}

/// What one file took.
struct Shown {
    mb_per_s: f64,
    cpu_s_per_gb: Option<Cpu>,
}

impl Throughput {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            warm_up: Workload::of_bytes(WARM_UP_BYTES, log_line)?,
            log: Workload::of_bytes(WORKLOAD_BYTES, log_line)?,
            sgr: Workload::of_bytes(WORKLOAD_BYTES, sgr_line)?,
        })
    }
}

impl Measure for Throughput {
    fn name(&self) -> &'static str {
        "throughput"
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (name, goal) in [("log lines", "≤ 10"), ("dense SGR", "≤ 12")] {
            rows.push(Row::against_raw(format!("throughput, {name}, MB/s"), 1, "≥ 0.9"));
            rows.push(Row::plain(
                format!("CPU of server and holder, {name}, s per GB"),
                1,
                goal,
            ));
            rows.push(Row::plain(format!("… the server, {name}"), 1, ""));
            rows.push(Row::plain(format!("… the holder, {name}"), 1, ""));
            rows.push(Row::plain(
                format!("CPU of the program itself, {name}, s per GB"),
                1,
                "",
            ));
        }
        rows
    }

    fn warm_up(&self, server: &dyn Server) -> anyhow::Result<()> {
        show(server, &self.warm_up).map(drop)
    }

    fn round(&self, server: &dyn Server) -> anyhow::Result<Round> {
        let mut figures = Vec::new();
        for workload in [&self.log, &self.sgr] {
            let Shown {
                mb_per_s,
                cpu_s_per_gb,
            } = show(server, workload)?;
            let has_holder = server.column() == Column::Sempre;
            figures.extend([
                Some(mb_per_s),
                cpu_s_per_gb.map(|cpu| cpu.server_s + cpu.holders_s),
                cpu_s_per_gb.filter(|_| has_holder).map(|cpu| cpu.server_s),
                cpu_s_per_gb.filter(|_| has_holder).map(|cpu| cpu.holders_s),
                cpu_s_per_gb.map(|cpu| cpu.shells_s),
            ]);
        }
        Ok(figures)
    }
}

fn show(server: &dyn Server, workload: &Workload) -> anyhow::Result<Shown> {
    let path = workload.path();
    let (session, mut viewer) = ready(server, &["sh", "-c", SHOW, "sh", &path], Manner::EveryByte)?;
    let pids = server.pids()?;
    let before = pids.cpu()?;
    let started = Instant::now();
    viewer.write(b"\n")?;
    let mut total = 0;
    let mut tail = Vec::new();
    while !tail.ends_with(DONE) {
        let seen = viewer.next()?;
        let text = seen.text();
        total += text.len() as u64;
        viewer.drawn()?;
        tail.extend_from_slice(
            text.get(text.len().saturating_sub(DONE.len())..)
                .unwrap_or_default(),
        );
        tail.drain(..tail.len().saturating_sub(DONE.len()));
    }
    let elapsed = started.elapsed();
    let expected = workload.terminal_bytes + DONE.len() as u64;
    anyhow::ensure!(total == expected, "{total} of {expected} bytes arrived");
    let cpu_s_per_gb = match pids.server {
        None => None,
        Some(_) => {
            let after = when_quiet(|| pids.cpu())?;
            let per_gb = |after: f64, before: f64| (after - before) / (total as f64 / 1e9);
            Some(Cpu {
                server_s: per_gb(after.server_s, before.server_s),
                holders_s: per_gb(after.holders_s, before.holders_s),
                shells_s: per_gb(after.shells_s, before.shells_s),
            })
        }
    };
    drop(viewer);
    server.end(&session)?;
    Ok(Shown {
        mb_per_s: total as f64 / 1e6 / elapsed.as_secs_f64(),
        cpu_s_per_gb,
    })
}

fn when_quiet(look: impl Fn() -> anyhow::Result<Cpu>) -> anyhow::Result<Cpu> {
    let mut last = look()?;
    for _ in 0..MOST_LOOKS {
        std::thread::sleep(LOOK_INTERVAL);
        let now = look()?;
        if now == last {
            break;
        }
        last = now;
    }
    Ok(last)
}
