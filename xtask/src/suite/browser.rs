//! The browser tests: Playwright with a real Chromium against the built programs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::browser_programs::{Chromium, SCREEN_PROGRAMS, find_chromium, require_programs};
use super::playwright_report::PlaywrightReport;
use super::{Report, Suite};
use crate::page;

const DIR: &str = "end2end";

/// The tests' own types.
pub(super) fn types(suite: &Suite<'_>) -> Result<Report> {
    page::npm_install(suite.workspace, DIR)?;
    suite.must("types", &mut tool(suite, "tsc"))?;
    Ok(Report::ok())
}

/// All of them; one that fails is tried a second time, unless the run is strict.
pub(super) fn run(suite: &Suite<'_>) -> Result<Report> {
    page::npm_install(suite.workspace, DIR)?;
    require_programs(suite, &SCREEN_PROGRAMS)?;
    let json = suite.workspace.scratch("playwright.json")?;
    if json.exists() {
        fs::remove_file(&json).with_context(|| format!("cannot remove {}", json.display()))?;
    }
    let mut command = tool(suite, "playwright");
    let retries = if suite.strict {
        "--retries=0"
    } else {
        "--retries=1"
    };
    command
        .args(["test", retries])
        .env("SEMPRE_PLAYWRIGHT_JSON", &json);
    suite.prepare(&mut command);
    match find_chromium(suite)? {
        Chromium::At(path) => command.env("CHROMIUM", path),
        Chromium::Playwrights => command.env_remove("CHROMIUM"),
    };
    let finished = suite.quiet("browser", &mut command)?;
    let Ok(text) = fs::read_to_string(&json) else {
        bail!("Playwright left no report\n{}", finished.report());
    };
    let report: PlaywrightReport = serde_json::from_str(&text).context("cannot read Playwright's report")?;
    let account = report.account();
    if !finished.success || account.failed > 0 {
        return Ok(account.with_problem(finished.report()));
    }
    ensure!(account.passed > 0, "Playwright found no test to run");
    Ok(account)
}

/// A program from the tests' own packages, in their directory and without the variables of who runs them.
pub(super) fn tool(suite: &Suite<'_>, name: &str) -> Command {
    let dir: PathBuf = suite.workspace.root.join(DIR);
    let mut command = Command::new(dir.join("node_modules/.bin").join(name));
    crate::workspace::without_sempre(&mut command);
    command.current_dir(dir);
    command
}
