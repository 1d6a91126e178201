//! What a quiet session costs: proportional set size of its holder, and growth of the server. The shell's own
//! memory is not counted.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::rounds::Spread;
use crate::server::Server;

/// A quiet process in place of a shell.
const QUIET: [&str; 2] = ["sleep", "100000"];

/// Proportional set size, KiB.
fn pss_kib(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let rollup = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Pss:"))
        .context("no Pss line")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// Children of a process: a server's are its holders.
fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let Some(child) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // The name in parentheses may hold anything; state and parent follow it.
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if parent.is_some_and(|parent| parent == pid.to_string()) {
            found.push(child);
        }
    }
    Ok(found)
}

/// Prints the table.
pub(crate) fn measure(program: &Path) -> anyhow::Result<()> {
    println!(
        "| memory, quiet sessions | holder, KiB PSS | server, KiB PSS | server per session, KiB | both, KiB |"
    );
    println!("|---|---|---|---|---|");
    for count in [10_u64, 100] {
        let server = Server::start(program)?;
        // Warm: what the first session makes the server load is not a session's cost.
        server.create(&QUIET)?;
        let before = pss_kib(server.pid())?;
        for _ in 1..count {
            server.create(&QUIET)?;
        }
        let after = pss_kib(server.pid())?;
        let holders: Vec<f64> = children(server.pid())?
            .into_iter()
            .filter_map(|pid| Some(pss_kib(pid).ok()? as f64))
            .collect();
        let holder = Spread::of(holders);
        let per_session = after.saturating_sub(before) as f64 / (count - 1) as f64;
        println!(
            "| {count} | {} | {after} | {per_session:.0} | {:.0} |",
            holder.show(0),
            holder.median + per_session
        );
    }
    println!();
    Ok(())
}
