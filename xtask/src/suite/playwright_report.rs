//! Playwright's JSON report, as far as the account needs it.

use serde::Deserialize;

use super::Report;
use super::not_run::NotRun;

/// The whole report.
#[derive(Debug, Deserialize)]
pub(super) struct PlaywrightReport {
    stats: Stats,
    #[serde(default)]
    suites: Vec<Group>,
}

/// Counts of tests by outcome.
#[derive(Debug, Deserialize)]
struct Stats {
    expected: u64,
    unexpected: u64,
    /// Failed, then passed: a failure here.
    flaky: u64,
}

/// A file or a `describe` block.
#[derive(Debug, Deserialize)]
struct Group {
    title: String,
    #[serde(default)]
    suites: Vec<Group>,
    #[serde(default)]
    specs: Vec<Spec>,
}

#[derive(Debug, Deserialize)]
struct Spec {
    title: String,
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Debug, Deserialize)]
struct Test {
    status: String,
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Debug, Deserialize)]
struct Annotation {
    #[serde(default)]
    description: Option<String>,
}

impl PlaywrightReport {
    /// Its numbers, and each skipped test with the reason it gives.
    pub(super) fn account(&self) -> Report {
        let mut not_run = Vec::new();
        for group in &self.suites {
            skipped(group, "browser", &mut not_run);
        }
        Report {
            passed: self.stats.expected,
            failed: self.stats.unexpected + self.stats.flaky,
            not_run,
            ..Report::default()
        }
    }
}

fn skipped(group: &Group, above: &str, found: &mut Vec<NotRun>) {
    let name = format!("{above}:{}", group.title);
    for spec in &group.specs {
        for test in spec.tests.iter().filter(|test| test.status == "skipped") {
            let reason = test
                .annotations
                .iter()
                .find_map(|annotation| annotation.description.as_deref());
            found.push(NotRun::new(
                &format!("{name}:{}", spec.title),
                reason.unwrap_or_default(),
            ));
        }
    }
    for inner in &group.suites {
        skipped(inner, &name, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_tests_are_named_with_their_reason() {
        let report: PlaywrightReport = serde_json::from_str(
            r#"{"stats": {"expected": 3, "unexpected": 0, "flaky": 1, "skipped": 2}, "suites": [{"title": "a.spec.ts",
                "specs": [{"title": "one", "tests": [{"status": "expected"}]}], "suites": [{"title": "group", "specs": [
                {"title": "two", "tests": [{"status": "skipped", "annotations": [{"type": "skip", "description": "long: hours"}]}]},
                {"title": "three", "tests": [{"status": "skipped"}]}]}]}]}"#,
        )
        .unwrap();
        let account = report.account();
        assert_eq!((account.passed, account.failed), (3, 1));
        let names: Vec<_> = account
            .not_run
            .iter()
            .map(|item| (&*item.name, &*item.ground))
            .collect();
        assert_eq!(
            names,
            [
                ("browser:a.spec.ts:group:two", "long"),
                ("browser:a.spec.ts:group:three", "")
            ]
        );
    }
}
