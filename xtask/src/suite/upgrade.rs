//! The programs of the latest release, built from its commit: the tests of `server/tests/it/upgrade.rs` let them and
//! today's serve one data directory. The release is the newest one that CHANGELOG.md names the commit of.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Report, SITE, Suite};
use crate::workspace::Profile;

/// Before the commit of a release, in the changelog.
const COMMIT: &str = "Commit: `";

/// Builds them and runs the tests, in a full run.
pub(super) fn check(suite: &Suite<'_>) -> Result<Report> {
    if !suite.full {
        return Ok(Report::left_out("upgrade", "long: it builds the latest release"));
    }
    let changelog = suite.workspace.root.join("CHANGELOG.md");
    let text =
        fs::read_to_string(&changelog).with_context(|| format!("cannot read {}", changelog.display()))?;
    let commit = newest_release(&text).context("CHANGELOG.md names no commit of a release")?;
    let programs = build(suite, commit).with_context(|| format!("cannot build the release {commit}"))?;
    let mut tests = suite.workspace.cargo(SITE, "test")?;
    tests.args(["--package", "sempre-server", "--test", "it"]);
    if suite.profile() == Profile::Release {
        tests.arg("--release");
    }
    tests.args(["--", "upgrade::"]);
    suite.prepare(&mut tests);
    tests
        .env("SEMPRE_OLD_SERVER", programs.join("sempre"))
        .env("SEMPRE_OLD_HOLDER", programs.join("sempre-holder"));
    suite.must("upgrade", &mut tests)?;
    Ok(Report::ok())
}

/// The commit that stands first: newer releases stand above older ones.
fn newest_release(changelog: &str) -> Option<&str> {
    let (_, rest) = changelog.split_once(COMMIT)?;
    let (commit, _) = rest.split_once('`')?;
    let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then_some(commit)
}

/// Its sources in a directory of their own, and the directory of its programs.
fn build(suite: &Suite<'_>, commit: &str) -> Result<PathBuf> {
    let sources = suite.workspace.scratch(&format!("release-{commit}/Cargo.toml"))?;
    let dir = sources.with_file_name("");
    let archive = suite.temp.path().join("release.tar");
    let mut pack = Command::new("git");
    pack.args(["archive", "--output"]).arg(&archive).arg(commit);
    suite
        .must("upgrade:archive", pack.current_dir(&suite.workspace.root))
        .context("if this clone is shallow: git fetch --unshallow")?;
    let mut unpack = Command::new("tar");
    unpack
        .arg("--extract")
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(&dir);
    suite.must("upgrade:unpack", &mut unpack)?;
    let target = dir.join("target");
    let mut build = suite.workspace.cargo(SITE, "build")?;
    build
        .args([
            "--locked",
            "--package",
            "sempre-server",
            "--package",
            "sempre-holder",
        ])
        .current_dir(&dir)
        .env("CARGO_TARGET_DIR", &target);
    suite.must("upgrade:build", &mut build)?;
    Ok(target.join("debug"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_with_a_commit_is_taken() {
        let (new, old) = ("a".repeat(40), "b".repeat(40));
        let text = format!("## Unreleased\n\n## 0.2.0\nCommit: `{new}`\n\n## 0.1.0\nCommit: `{old}`\n");
        assert_eq!(newest_release(&text), Some(&*new));
        assert_eq!(newest_release("## 0.1.0\nCommit: `HEAD`\n"), None);
    }
}
