//! `cargo test` of one package, what its output says, and a second try for what failed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::browser_programs::{SERVER_PROGRAMS, require_programs};
use super::failure::{self, Failure};
use super::not_run::NotRun;
use super::plan::{Build, Step};
use super::{Report, SITE, Suite};
use crate::run::Finished;
use crate::workspace::Profile;

/// Names the file in which a test that finds out at run time that it cannot run here says so: `test`, tab, reason.
const NOT_RUN_LIST: &str = "SEMPRE_NOT_RUN";
/// More tests than these have a cause in common when they fail: none is tried again.
const MAX_TRIED_AGAIN: usize = 5;

/// Runs all tests of a package: units, integration, documentation.
pub(super) fn run(suite: &Suite<'_>, step: &Step, build: &Build) -> Result<Report> {
    if build.package == "sempre-server" {
        require_programs(suite, &SERVER_PROGRAMS)?;
    }
    let (finished, report) = attempt(suite, &step.name, build, &[])?;
    if finished.success {
        return Ok(report);
    }
    let failures = failure::of_libtest(&finished.output).unwrap_or_default();
    if !suite.strict && pass_again(suite, step, build, &failures)? {
        return Ok(report.flaky(failures));
    }
    let report = Report { failures, ..report };
    Ok(report.with_problem(finished.report()))
}

/// Whether all that failed passes when it is tried alone.
fn pass_again(suite: &Suite<'_>, step: &Step, build: &Build, failures: &[Failure]) -> Result<bool> {
    if failures.is_empty() || failures.len() > MAX_TRIED_AGAIN {
        return Ok(false);
    }
    let names: Vec<_> = failures.iter().map(|failure| failure.name.as_str()).collect();
    let (finished, report) = attempt(suite, &format!("{}-again", step.name), build, &names)?;
    Ok(finished.success && report.passed >= failures.len() as u64)
}

/// Runs all tests of a package, or those with these names; what came of it, in a log called `name`.
fn attempt(suite: &Suite<'_>, name: &str, build: &Build, names: &[&str]) -> Result<(Finished, Report)> {
    let list = suite.workspace.scratch("not-run")?;
    // A list of before is of another run.
    let _ = fs::remove_file(&list);
    let finished = suite.quiet(name, &mut tests(suite, build, &list, names)?)?;
    let left_out = fs::read_to_string(&list).unwrap_or_default();
    let report = read(name, &finished.output).leaving_out(name, &left_out);
    Ok((finished, report))
}

/// The call that runs all tests of a package, or those with these names.
fn tests(suite: &Suite<'_>, build: &Build, not_run_list: &Path, names: &[&str]) -> Result<Command> {
    let mut command = suite.workspace.cargo(SITE, "test")?;
    command
        .args(["--no-fail-fast", "--package", &build.package])
        .args(&build.args);
    if suite.profile() == Profile::Release {
        command.arg("--release");
    }
    command.arg("--");
    if suite.full {
        command.arg("--include-ignored");
    }
    if !names.is_empty() {
        command.arg("--exact").args(names);
    }
    suite.prepare(&mut command);
    command.env(NOT_RUN_LIST, not_run_list);
    Ok(command)
}

/// Sums the results and lists what was ignored. `#[ignore = "ground: reason"]` names the ground.
fn read(step: &str, output: &str) -> Report {
    let mut report = Report::default();
    for line in output.lines() {
        if let Some(counts) = line.strip_prefix("test result: ") {
            report.passed += count(counts, "passed");
            report.failed += count(counts, "failed");
        } else if let Some((name, reason)) = ignored(line) {
            report
                .not_run
                .push(NotRun::new(&format!("{step}:{name}"), reason));
        }
    }
    report
}

impl Report {
    /// Tests that failed at first and have passed since.
    fn flaky(self, tests: Vec<Failure>) -> Self {
        let again = tests.len() as u64;
        Self {
            passed: self.passed + again,
            failed: self.failed.saturating_sub(again),
            flaky: tests,
            ..self
        }
    }

    /// Tests that passed only because they did nothing, as they have listed themselves.
    fn leaving_out(mut self, step: &str, list: &str) -> Self {
        for (name, reason) in list.lines().filter_map(|line| line.split_once('\t')) {
            self.passed = self.passed.saturating_sub(1);
            self.not_run.push(NotRun::new(&format!("{step}:{name}"), reason));
        }
        self
    }
}

/// The number before a word: `ok. 3 passed; 0 failed; 1 ignored`.
fn count(counts: &str, word: &str) -> u64 {
    counts
        .split([';', '.'])
        .filter_map(|part| part.trim().strip_suffix(word)?.trim().parse::<u64>().ok())
        .next()
        .unwrap_or(0)
}

/// `test name ... ignored, reason`.
fn ignored(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ignored")?;
    Some((name, rest.trim_start_matches([',', ' '])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_could_not_run_did_not_pass() {
        let report = read("test:sempre-shed", "test result: ok. 3 passed; 0 failed\n");
        let report = report.leaving_out("test:sempre-shed", "roof::t1\troot: needs root\n");
        assert_eq!(report.passed, 2);
        let not_run = &report.not_run[0];
        assert_eq!(
            (&*not_run.name, &*not_run.ground),
            ("test:sempre-shed:roof::t1", "root")
        );
    }

    #[test]
    fn sums_all_binaries_and_finds_what_was_ignored() {
        let report = read(
            "test:sempre-shed",
            "test a ... ok\ntest b ... ignored, long: an hour\ntest c ... ignored\n\
             test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\
             test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        assert_eq!((report.passed, report.failed), (11, 2));
        let names: Vec<_> = report
            .not_run
            .iter()
            .map(|item| (&*item.name, &*item.ground))
            .collect();
        assert_eq!(
            names,
            [("test:sempre-shed:b", "long"), ("test:sempre-shed:c", "")]
        );
    }
}
