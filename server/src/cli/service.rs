//! `sempre service`: the unit, printed, written, removed; what systemd has to be told is told or shown.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use serde_json::json;

use super::out;
use crate::config::service::{ServiceFlags, ServiceVerb};
use crate::service::{self, UNIT};

/// Does it.
pub(super) fn run(verb: &ServiceVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ServiceVerb::Print(flags) => out::print(&flags.service()?.unit()?)?,
        ServiceVerb::Install(flags) => install(flags)?,
        ServiceVerb::Uninstall(flags) => uninstall(flags)?,
        ServiceVerb::Status(flags) => return status(flags),
    }
    Ok(ExitCode::SUCCESS)
}

fn install(flags: &ServiceFlags) -> anyhow::Result<()> {
    let path = flags.path()?;
    service::install(&path, &flags.service()?.unit()?)?;
    let mut steps = vec![vec!["daemon-reload"]];
    let start = vec!["enable", "--now", UNIT];
    if flags.now {
        steps.push(start.clone());
    }
    let mut left: Vec<String> = steps
        .iter()
        .filter(|words| !systemctl(flags, words))
        .map(|words| shown(flags, words))
        .collect();
    if !flags.now {
        left.push(shown(flags, &start));
    }
    if flags.is_users() {
        left.push("loginctl enable-linger".into());
    }
    report(flags, "installed", &path, &left)
}

fn uninstall(flags: &ServiceFlags) -> anyhow::Result<()> {
    let path = flags.path()?;
    let mut left = Vec::new();
    let stop = ["disable", "--now", UNIT];
    if path.exists() && !systemctl(flags, &stop) {
        left.push(shown(flags, &stop));
    }
    let was_there = service::uninstall(&path)?;
    if was_there && !systemctl(flags, &["daemon-reload"]) {
        left.push(shown(flags, &["daemon-reload"]));
    }
    report(
        flags,
        if was_there { "removed" } else { "not there" },
        &path,
        &left,
    )
}

/// Exit 0: active; 3, as systemctl has it: not.
fn status(flags: &ServiceFlags) -> anyhow::Result<ExitCode> {
    const NOT_ACTIVE: u8 = 3;
    let path = flags.path()?;
    let installed = path.exists();
    let properties = ["ActiveState", "SubState", "MainPID", "NRestarts"];
    let output = command(flags)
        .args(["show", UNIT, "--property", &properties.join(",")])
        .output()
        .ok()
        .filter(|output| output.status.success());
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    let get = |name: &str| {
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.map(str::to_owned)
    };
    let state = get("ActiveState").unwrap_or_else(|| "unknown".into());
    if flags.json {
        let value = json!({
            "unit": path,
            "installed": installed,
            "active_state": state,
            "sub_state": get("SubState"),
            "pid": get("MainPID").and_then(|pid| pid.parse::<u32>().ok()).filter(|pid| *pid > 0),
            "restarts": get("NRestarts").and_then(|count| count.parse::<u32>().ok()),
        });
        out::json(&value)?;
    } else {
        let there = if installed {
            "is there"
        } else {
            "is not there; sempre service install"
        };
        let pid = get("MainPID")
            .filter(|pid| pid != "0")
            .map(|pid| format!(", pid {pid}"));
        out::print(&format!(
            "{} {there}\n{UNIT}: {state}{}\n",
            path.display(),
            pid.unwrap_or_default()
        ))?;
    }
    Ok(match state.as_str() {
        "active" | "reloading" => ExitCode::SUCCESS,
        _ => ExitCode::from(NOT_ACTIVE),
    })
}

fn command(flags: &ServiceFlags) -> Command {
    let mut command = Command::new("systemctl");
    command
        .args(flags.is_users().then_some("--user"))
        .stdin(Stdio::null());
    command
}

/// Whether systemd did it; where it does not run, it did not.
fn systemctl(flags: &ServiceFlags, words: &[&str]) -> bool {
    let quiet = command(flags)
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

fn shown(flags: &ServiceFlags, words: &[&str]) -> String {
    let whose = if flags.is_users() { " --user" } else { "" };
    format!("systemctl{whose} {}", words.join(" "))
}

fn report(flags: &ServiceFlags, what: &str, path: &Path, left: &[String]) -> anyhow::Result<()> {
    if flags.json {
        return out::json(&json!({ "status": what, "unit": path, "next": left }));
    }
    let mut text = format!("{}: {what}\n", path.display());
    if !left.is_empty() {
        text.push_str("Next:\n");
    }
    left.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    out::print(&text)
}
