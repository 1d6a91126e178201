//! Licences, sources and known weaknesses of the libraries, by cargo-deny.

use std::process::Command;

use anyhow::Result;

use super::not_run::NotRun;
use super::{Report, Suite};
use crate::cargo_tool::CargoTool;

const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
    version_args: &["--version"],
};

/// Everything that needs no network, then the advisories if their database can be fetched.
pub(super) fn check(suite: &Suite<'_>) -> Result<Report> {
    let program = DENY.find_or_install(suite.workspace)?;
    let deny = |args: &[&str]| {
        let mut command = Command::new(&program);
        command
            .current_dir(&suite.workspace.root)
            .arg("--all-features")
            .args(args);
        command
    };
    suite.must(
        "deny",
        &mut deny(&["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]),
    )?;
    let mut report = Report::ok();
    let fetched = suite.quiet("deny:fetch", &mut deny(&["fetch", "db"]))?;
    if fetched.success {
        suite.must(
            "deny:advisories",
            &mut deny(&["check", "--disable-fetch", "advisories"]),
        )?;
        report.passed += 1;
    } else {
        let reason = "offline: the advisory database could not be fetched";
        report.not_run.push(NotRun::new("deny:advisories", reason));
    }
    Ok(report)
}
