//! Licences, sources and known weaknesses of the libraries, by cargo-deny.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::not_run::NotRun;
use super::{Report, Suite};
use crate::run::answer;

/// Installed once into the target directory where there is none.
const VERSION: &str = "0.20.2";

/// Everything that needs no network, then the advisories if their database can be fetched.
pub(super) fn check(suite: &Suite<'_>) -> Result<Report> {
    let program = find_or_install(suite)?;
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

/// The user's own, or the one in the target directory; it takes about two minutes to build on two cores.
fn find_or_install(suite: &Suite<'_>) -> Result<PathBuf> {
    if answer("cargo-deny", &["--version"]).is_some() {
        return Ok("cargo-deny".into());
    }
    let root = suite.workspace.target.join("tools");
    let program = root.join("bin/cargo-deny");
    if answer(&program.to_string_lossy(), &["--version"]).is_some_and(|version| version.ends_with(VERSION)) {
        return Ok(program);
    }
    println!("      building cargo-deny {VERSION}, once");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args([
            "install",
            "cargo-deny",
            "--locked",
            "--force",
            "--version",
            VERSION,
            "--root",
        ])
        .arg(&root);
    suite.must("deny:install", &mut command)?;
    Ok(program)
}
