//! `sempre doctor` (rows K2, K3, K9, L5): what was found, printed; what can be mended, mended after a question.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use sempre_protocol::api::Health;
use serde_json::json;
use tokio::time::timeout;

use super::connect::block_on;
use super::out;
use super::table::plain;
use crate::client::{Client, Target};
use crate::config::doctor::DoctorFlags;
use crate::doctor::{self, Check, Fix, Report, Status, Subject};
use crate::store::HTTP_SOCKET;

/// What could not be checked.
const COULD_NOT_CHECK: u8 = 2;
/// A server that does not say how it is by then says nothing.
const HEALTH_LIMIT: Duration = Duration::from_secs(10);

/// 0: healthy; 1: problems; 2: something could not be checked.
pub(super) fn run(flags: &DoctorFlags) -> ExitCode {
    match examine(flags) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            super::exit::complain(&error);
            ExitCode::from(COULD_NOT_CHECK)
        }
    }
}

fn examine(flags: &DoctorFlags) -> anyhow::Result<u8> {
    let mut subject = flags.subject()?;
    subject.health = health(&subject.data_dir).ok();
    let mut report = doctor::examine(&subject);
    let mut mended = Vec::new();
    if flags.fix {
        if !flags.json && !report.fixes().is_empty() {
            out::print(&text(&report, flags.trace))?;
        }
        mended = mend(flags, &report)?;
        if !mended.is_empty() {
            report = again(&subject, flags)?;
        }
    }
    let said = match flags.json {
        true => {
            let mut value = serde_json::to_value(&report)?;
            if let (Some(object), true) = (value.as_object_mut(), flags.fix) {
                object.insert("fixes".into(), json!(mended));
            }
            format!("{value}\n")
        }
        false => text(&report, flags.trace),
    };
    out::print(&said)?;
    Ok(report.exit_code())
}

/// What the server of a data directory says of itself.
fn health(data_dir: &Path) -> anyhow::Result<Health> {
    let client = Client::new(Target::local(data_dir, HTTP_SOCKET, None)?)?;
    block_on(async { Ok(timeout(HEALTH_LIMIT, client.health()).await??) })
}

fn again(subject: &Subject, flags: &DoctorFlags) -> anyhow::Result<Report> {
    if !flags.json {
        out::print("\nAfter that:\n\n")?;
    }
    Ok(doctor::examine(subject))
}

/// Does what it may; each act with how it went.
fn mend(flags: &DoctorFlags, report: &Report) -> anyhow::Result<Vec<serde_json::Value>> {
    let mut done = Vec::new();
    for fix in report.fixes() {
        let what = fix.to_string();
        if !flags.yes && !may(&what)? {
            continue;
        }
        let error = Fix::apply(&fix).err().map(|error| format!("{error:#}"));
        out::say(&match &error {
            None => format!("done: {what}"),
            Some(error) => format!("not done: {what}: {error}"),
        });
        done.push(json!({ "act": what, "error": error }));
    }
    Ok(done)
}

/// Asks on standard error, so that standard output stays what it is; silence is a no.
fn may(what: &str) -> anyhow::Result<bool> {
    let mut stderr = std::io::stderr();
    write!(stderr, "{what}? [y/N] ")
        .and_then(|()| stderr.flush())
        .context("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .context("cannot read the answer")?;
    if answer.is_empty() {
        out::say("");
    }
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn text(report: &Report, trace: bool) -> String {
    let count = report.steps.len();
    let mut lines = Vec::new();
    for step in &report.steps {
        lines.push(format!("[{}/{count}] {}", step.number, step.title));
        if trace {
            lines.extend(step.trace.iter().map(|act| format!("      + {}", plain(act))));
        }
        lines.extend(step.checks.iter().flat_map(check_lines));
    }
    lines.push(String::new());
    lines.push(match report.status {
        Status::Ok => "Healthy.".to_owned(),
        Status::Warning => "Healthy, with warnings.".to_owned(),
        Status::Unknown => "Some things could not be checked.".to_owned(),
        Status::Problem => "There are problems; each has the command that mends it.".to_owned(),
    });
    if !report.advice.is_empty() {
        lines.push("\nSupervision:".to_owned());
        lines.extend(report.advice.iter().map(|line| format!("  {line}")));
    }
    lines.join("\n") + "\n"
}

fn check_lines(check: &Check) -> Vec<String> {
    let word = match check.status {
        Status::Ok => "ok     ",
        Status::Warning => "warning",
        Status::Unknown => "unknown",
        Status::Problem => "PROBLEM",
    };
    let mut lines = vec![format!("  {word} {}", plain(&check.message))];
    lines.extend(
        check
            .mend
            .as_ref()
            .map(|mend| format!("          mend: {}", plain(mend))),
    );
    lines
}
