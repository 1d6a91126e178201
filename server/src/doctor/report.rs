//! What the doctor found: checks in steps, the worst of them, and advice.

use serde::Serialize;

use super::Fix;

/// How a check went; later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works; something could be better.
    Warning,
    /// It could not be checked.
    Unknown,
    /// Something is wrong.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What was looked at, a word for programs.
    pub name: &'static str,
    /// How it is.
    pub status: Status,
    /// How it is, for people.
    pub message: String,
    /// The command, or the act, that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// What `--fix` does about it.
    #[serde(skip)]
    pub fix: Option<Fix>,
}

impl Check {
    fn new(name: &'static str, status: Status, message: impl Into<String>) -> Self {
        Self {
            name,
            status,
            message: message.into(),
            mend: None,
            fix: None,
        }
    }

    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, message)
    }

    pub(super) fn warning(name: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(name, Status::Warning, message).mended_by(mend)
    }

    pub(super) fn problem(name: &'static str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(name, Status::Problem, message).mended_by(mend)
    }

    /// It could not be looked at.
    pub(super) fn unknown(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, Status::Unknown, message)
    }

    pub(super) fn fixed_by(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    fn mended_by(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }
}

/// A numbered step.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// What it is about.
    pub title: &'static str,
    /// What was found.
    pub checks: Vec<Check>,
    /// What was read and run, in order.
    pub trace: Vec<String>,
}

impl Step {
    /// The worst of its checks.
    pub fn status(&self) -> Status {
        self.checks
            .iter()
            .map(|check| check.status)
            .max()
            .unwrap_or(Status::Ok)
    }
}

/// Everything that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The worst of all checks.
    pub status: Status,
    /// All steps.
    pub steps: Vec<Step>,
    /// How the server is kept running; shown last.
    pub advice: Vec<String>,
}

impl Report {
    pub(super) fn new(steps: Vec<Step>, advice: Vec<String>) -> Self {
        let status = steps.iter().map(Step::status).max().unwrap_or(Status::Ok);
        Self {
            status,
            steps,
            advice,
        }
    }

    /// 0: healthy; 1: problems; 2: something could not be checked.
    pub fn exit_code(&self) -> u8 {
        match self.status {
            Status::Ok | Status::Warning => 0,
            Status::Problem => 1,
            Status::Unknown => 2,
        }
    }

    /// What `--fix` can do.
    pub fn fixes(&self) -> Vec<Fix> {
        let checks = self.steps.iter().flat_map(|step| &step.checks);
        checks.filter_map(|check| check.fix.clone()).collect()
    }
}
