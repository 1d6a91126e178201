//! Playwright's JSON report, as far as the account needs it.

use std::path::PathBuf;

use serde::Deserialize;

use super::Report;
use super::failure::Failure;
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
    /// Failed, then passed at a second try.
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
    results: Vec<Attempt>,
    #[serde(default)]
    annotations: Vec<Annotation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    #[serde(default)]
    error: Option<Thrown>,
    #[serde(default)]
    error_location: Option<Place>,
}

#[derive(Debug, Deserialize)]
struct Place {
    file: PathBuf,
    line: u32,
}

#[derive(Debug, Deserialize)]
struct Thrown {
    #[serde(default)]
    message: String,
}

#[derive(Debug, Deserialize)]
struct Annotation {
    #[serde(default)]
    description: Option<String>,
}

impl PlaywrightReport {
    /// Its numbers, each skipped test with the reason it gives, each failed one with what it said first.
    pub(super) fn account(&self) -> Report {
        let mut report = Report {
            passed: self.stats.expected + self.stats.flaky,
            failed: self.stats.unexpected,
            ..Report::default()
        };
        for group in &self.suites {
            group.tell("browser", &mut report);
        }
        report
    }
}

impl Group {
    fn tell(&self, above: &str, report: &mut Report) {
        let group = format!("{above}:{}", self.title);
        for spec in &self.specs {
            let name = format!("{group}:{}", spec.title);
            for test in &spec.tests {
                match test.status.as_str() {
                    "skipped" => report.not_run.push(NotRun::new(&name, test.reason())),
                    "flaky" => report.flaky.push(test.failure(&name)),
                    "unexpected" => report.failures.push(test.failure(&name)),
                    _ => {}
                }
            }
        }
        for inner in &self.suites {
            inner.tell(&group, report);
        }
    }
}

impl Test {
    /// Why it was skipped.
    fn reason(&self) -> &str {
        let mut reasons = self
            .annotations
            .iter()
            .filter_map(|annotation| annotation.description.as_deref());
        reasons.next().unwrap_or_default()
    }

    /// Where it first failed, and what it said.
    fn failure(&self, name: &str) -> Failure {
        let first = self.results.iter().find(|attempt| attempt.error.is_some());
        let error = first.and_then(|attempt| attempt.error.as_ref());
        let words = error.map_or("", |error| &error.message);
        let place = first.and_then(|attempt| attempt.error_location.as_ref());
        match place.and_then(|place| place.file.file_name().zip(Some(place.line))) {
            Some((file, line)) => Failure::new(&format!("{name} ({}:{line})", file.display()), words),
            None => Failure::new(name, words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_tests_are_named_with_their_reason_and_failed_ones_with_their_error() {
        let report: PlaywrightReport = serde_json::from_str(
            r#"{"stats": {"expected": 3, "unexpected": 1, "flaky": 1, "skipped": 2}, "suites": [{"title": "a.spec.ts",
                "specs": [{"title": "one", "tests": [{"status": "expected"}]}, {"title": "late", "tests": [{"status": "flaky",
                "results": [{"error": {"message": "not yet"}}, {}]}]}, {"title": "bad", "tests": [{"status": "unexpected",
                "results": [{"error": {"message": "never"}, "errorLocation": {"file": "/x/a.spec.ts", "column": 3, "line": 26}}]}]}], "suites": [{"title": "group", "specs": [
                {"title": "two", "tests": [{"status": "skipped", "annotations": [{"type": "skip", "description": "long: hours"}]}]},
                {"title": "three", "tests": [{"status": "skipped"}]}]}]}]}"#,
        )
        .unwrap();
        let account = report.account();
        assert_eq!((account.passed, account.failed), (4, 1));
        assert_eq!(account.flaky, [Failure::new("browser:a.spec.ts:late", "not yet")]);
        assert_eq!(
            account.failures,
            [Failure::new("browser:a.spec.ts:bad (a.spec.ts:26)", "never")]
        );
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
