//! The account of a run: each step with its time, what was not run, and the two numbers at the end.

use std::time::Duration;

use super::failure::Failure;
use super::not_run::{Allowed, NotRun};
use super::{Ended, Report};
use crate::progress::seconds;

/// One line after a step, and what it has to say.
pub(super) fn print_end(report: &Report, elapsed: Duration) {
    println!("      {}, {}", word(report), seconds(elapsed));
    report
        .warnings
        .iter()
        .for_each(|warning| println!("      warning: {warning}"));
    report.failures.iter().for_each(Failure::print);
    report.problem.iter().for_each(|problem| println!("{problem}"));
}

fn word(report: &Report) -> &'static str {
    if report.problem.is_none() { "ok" } else { "FAILED" }
}

/// Prints the account; true if all is well.
pub(super) fn print(ended: &[Ended], allowed: &Allowed) -> bool {
    let width = ended.iter().map(|step| step.name.len()).max().unwrap_or(0);
    println!("\n{:<width$}  result  passed  failed       time", "step");
    for step in ended {
        let Report { passed, failed, .. } = step.report;
        let (word, time) = (word(&step.report), seconds(step.elapsed));
        println!(
            "{:<width$}  {word:<6}  {passed:>6}  {failed:>6}  {time:>9}",
            step.name
        );
    }
    print_not_run(ended, allowed);
    let tests = |of: fn(&Report) -> &[Failure]| ended.iter().flat_map(move |step| of(&step.report));
    print_tests(
        "FLAKY: passed only at a second try",
        tests(|report| &report.flaky),
    );
    print_tests("FAILED", tests(|report| &report.failures));
    let (passed, failed) = count(ended, allowed);
    println!("\n{passed} passed, {failed} failed");
    failed == 0
}

fn print_not_run(ended: &[Ended], allowed: &Allowed) {
    let not_run: Vec<&NotRun> = ended.iter().flat_map(|step| &step.report.not_run).collect();
    println!("\nNOT RUN: name, reason");
    if not_run.is_empty() {
        println!("  none");
    }
    for item in not_run {
        let reason = if item.reason.is_empty() {
            "no reason given"
        } else {
            &item.reason
        };
        let verdict = if allowed.permits(item) {
            ""
        } else {
            " (xtask/not-run.toml does not allow it: a failure)"
        };
        println!("  {}, {reason}{verdict}", item.name);
    }
}

fn print_tests<'a>(title: &str, tests: impl Iterator<Item = &'a Failure>) {
    let mut tests = tests.peekable();
    if tests.peek().is_some() {
        println!("\n{title}");
        tests.for_each(Failure::print);
    }
}

/// Tests and checks that passed and failed; what was left out without leave counts as failed.
fn count(ended: &[Ended], allowed: &Allowed) -> (u64, u64) {
    ended
        .iter()
        .fold((0, 0), |(passed, failed), Ended { report, .. }| {
            let unlisted = report
                .not_run
                .iter()
                .filter(|item| !allowed.permits(item))
                .count() as u64;
            (passed + report.passed, failed + report.failed + unlisted)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(report: Report) -> Ended {
        Ended {
            name: "step".to_owned(),
            elapsed: Duration::ZERO,
            report,
        }
    }

    #[test]
    fn what_was_left_out_without_leave_is_a_failure() {
        let report = Report {
            passed: 5,
            not_run: vec![NotRun::new("test:a:b", "long: an hour")],
            ..Report::default()
        };
        let steps = [ended(report), ended(Report::failure("broken".to_owned()))];
        assert_eq!(count(&steps, &Allowed::default()), (5, 2));
    }
}
