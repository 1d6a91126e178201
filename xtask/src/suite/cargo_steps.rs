//! Steps that are calls of cargo or npm: formatting, lints, documentation, builds. Always one package at a time, as the
//! features of the page's two halves must not meet.

use anyhow::Result;

use super::plan::{Build, Step};
use super::{Report, SITE, Suite};
use crate::page;
use crate::progress::Progress;
use crate::verbs::{build, fuzz};
use crate::workspace::WASM_TARGET;

/// `cargo fmt --check`.
pub(super) fn fmt(suite: &Suite<'_>) -> Result<Report> {
    let mut command = suite.workspace.cargo(SITE, "fmt")?;
    suite.must(
        "fmt",
        command.args(["--all", "--check", "--", "--files-with-diff", "--color", "never"]),
    )?;
    Ok(Report::ok())
}

/// No warning is left standing.
pub(super) fn clippy(suite: &Suite<'_>, step: &Step, build: &Build) -> Result<Report> {
    let mut command = suite.workspace.cargo(SITE, "clippy")?;
    command.args(["--package", &build.package]).args(&build.args);
    if !build.wasm {
        command.arg("--all-targets");
    }
    suite.must(&step.name, command.args(["--", "--deny", "warnings"]))?;
    Ok(Report::ok())
}

/// Documentation without broken links.
pub(super) fn docs(suite: &Suite<'_>, step: &Step, build: &Build) -> Result<Report> {
    let mut command = suite.workspace.cargo(SITE, "doc")?;
    command
        .args(["--no-deps", "--package", &build.package])
        .args(&build.args);
    suite.must(&step.name, command.env("RUSTDOCFLAGS", "--deny warnings"))?;
    Ok(Report::ok())
}

/// The page that the browser tests load.
pub(super) fn page(suite: &Suite<'_>) -> Result<Report> {
    page::build(suite.workspace, SITE, &mut Progress::new(page::STEPS))?;
    Ok(Report::default())
}

/// A program that tests start.
pub(super) fn program(suite: &Suite<'_>, package: &str) -> Result<Report> {
    build::program(suite.workspace, suite.profile(), SITE, package)?;
    Ok(Report::default())
}

/// What a directory's tests take from npm.
pub(super) fn packages(suite: &Suite<'_>, dir: &str) -> Result<Report> {
    page::npm_install(suite.workspace, dir)?;
    Ok(Report::default())
}

/// A library that the page may use one day compiles for the browser.
pub(super) fn wasm(suite: &Suite<'_>, step: &Step, package: &str) -> Result<Report> {
    let mut command = suite.workspace.cargo(SITE, "build")?;
    command.args(["--package", package, "--lib", "--target", WASM_TARGET]);
    suite.must(&step.name, &mut command)?;
    Ok(Report::ok())
}

/// Each fuzz target for some seconds; `cargo xtask fuzz` goes on for longer.
pub(super) fn fuzz(suite: &Suite<'_>, step: &Step) -> Result<Report> {
    let mut command = fuzz::command(suite.workspace, None, fuzz::SECONDS, 1)?;
    suite.prepare(&mut command);
    suite.must(&step.name, &mut command)?;
    Ok(Report::ok())
}
