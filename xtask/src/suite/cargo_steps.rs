//! Steps that are calls of cargo: formatting, lints, documentation, builds. Always one package at a time, as the
//! features of the page's two halves must not meet.

use anyhow::Result;

use super::plan::{Build, Step};
use super::{Report, SITE, Suite};
use crate::page;
use crate::progress::Progress;
use crate::verbs::build;

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
