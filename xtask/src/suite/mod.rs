//! Everything `cargo xtask test` runs, in order, and the account of it.
//!
//! A step never starts or skips itself silently: it passes, it fails, or what it left out stands in the list of
//! things not run and is allowed there by `not-run.toml`.

mod browser;
mod browser_programs;
mod cargo_steps;
mod container;
mod deb_life;
mod deny;
mod described;
mod dist;
mod failure;
mod leftovers;
mod not_run;
mod plan;
mod playwright_report;
mod rust_tests;
mod source_steps;
mod summary;
mod systemd;
mod upgrade;

pub(crate) use deb_life::{Args as LifeArgs, run as life_of_a_package};
pub(crate) use plan::plan;

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::prerequisites;
use crate::processes;
use crate::progress::seconds;
use crate::run::{Finished, Job, must, run as run_program};
use crate::workspace::{Profile, Workspace};
use failure::Failure;
use leftovers::Before;
use not_run::{Allowed, NotRun};
use plan::{Action, Step};

/// After this a hanging step is ended. A cold build on two cores takes minutes, a hang takes forever.
const STEP_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Which page is tested: the one that is shipped. Compiling it costs seconds more than a dev page, and each of
/// the many page loads is quicker.
const SITE: Profile = Profile::Release;

/// What a step found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Tests that passed; a check without tests counts as one.
    passed: u64,
    /// Tests that failed; a step that fails without a failed test counts as one.
    failed: u64,
    /// What it left out.
    not_run: Vec<NotRun>,
    /// The tests that failed, where they can be told apart.
    failures: Vec<Failure>,
    /// Tests that failed and passed at a second try: bugs, of the test or of what it tests.
    flaky: Vec<Failure>,
    /// What should be looked at, without failing.
    warnings: Vec<String>,
    /// What is wrong; the step has failed.
    problem: Option<String>,
}

impl Report {
    /// A check that holds.
    fn ok() -> Self {
        Self {
            passed: 1,
            ..Self::default()
        }
    }

    /// A step that could not do its work.
    fn failure(problem: String) -> Self {
        Self {
            failed: 1,
            problem: Some(problem),
            ..Self::default()
        }
    }

    /// Tests that did not all pass.
    fn with_problem(self, problem: String) -> Self {
        Self {
            failed: self.failed.max(1),
            problem: Some(problem),
            ..self
        }
    }

    /// A step that is left out.
    fn left_out(name: &str, reason: &str) -> Self {
        Self {
            not_run: vec![NotRun::new(name, reason)],
            ..Self::default()
        }
    }

    /// A check that holds if `errors` is empty.
    fn of_errors(errors: &[String]) -> Result<Self> {
        if !errors.is_empty() {
            bail!("{}", errors.join("\n"));
        }
        Ok(Self::ok())
    }
}

/// A step that is over.
struct Ended {
    name: String,
    elapsed: Duration,
    report: Report,
}

/// What a developer asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// Run also what takes long.
    pub(crate) full: bool,
    /// A test that passes only at a second try has failed.
    pub(crate) strict: bool,
    /// Run also what starts units of systemd on this machine.
    pub(crate) systemd: bool,
}

/// What the steps share.
pub(crate) struct Suite<'a> {
    workspace: &'a Workspace,
    /// Run also what takes long.
    full: bool,
    /// Try no test a second time.
    strict: bool,
    /// Start units of systemd.
    systemd: bool,
    /// The temporary directory of everything that is started here.
    temp: TempDir,
    /// What was there before.
    before: Before,
}

/// Runs the plan to its end, whatever fails, and prints the account. True if all is well.
pub(crate) fn run(workspace: &Workspace, plan: &[Step], how: How) -> Result<bool> {
    prerequisites::check()?;
    prerequisites::check_lints()?;
    prerequisites::add_wasm_target()?;
    let allowed = Allowed::read(&workspace.root.join("xtask/not-run.toml"))?;
    let suite = Suite::new(workspace, how)?;
    let started = Instant::now();
    let mut ended: Vec<Ended> = Vec::new();
    for (index, step) in plan.iter().enumerate() {
        println!("[{}/{}] {} …", index + 1, plan.len(), step.name);
        let step_started = Instant::now();
        let report = suite
            .run(step, &ended)
            .unwrap_or_else(|error| Report::failure(format!("{error:#}")));
        let elapsed = step_started.elapsed();
        summary::print_end(&report, elapsed);
        ended.push(Ended {
            name: step.name.clone(),
            elapsed,
            report,
        });
    }
    suite
        .temp
        .close()
        .context("cannot remove the tests' temporary directory")?;
    println!("\nall steps took {}", seconds(started.elapsed()));
    Ok(summary::print(&ended, &allowed))
}

impl<'a> Suite<'a> {
    fn new(workspace: &'a Workspace, how: How) -> Result<Self> {
        // A short path: tests bind Unix sockets below it. A name nobody can guess, since the directory is shared.
        let temp = tempfile::Builder::new().prefix("sempre-run-").tempdir();
        let temp = temp.context("cannot make a temporary directory")?;
        let before = Before::look();
        Ok(Self {
            workspace,
            full: how.full,
            strict: how.strict,
            systemd: how.systemd,
            temp,
            before,
        })
    }

    /// How server and holder are built: the checks of a dev build find more, a release build is what is shipped.
    fn profile(&self) -> Profile {
        Profile::from_flag(self.full)
    }

    fn run(&self, step: &Step, ended: &[Ended]) -> Result<Report> {
        for need in &step.needs {
            if ended
                .iter()
                .any(|other| other.name == *need && other.report.problem.is_some())
            {
                bail!("not run, since {need} failed");
            }
        }
        match &step.action {
            Action::Arrows => source_steps::arrows(self.workspace),
            Action::Tidy => source_steps::tidy(self.workspace),
            Action::Fmt => cargo_steps::fmt(self),
            Action::Clippy(package) => cargo_steps::clippy(self, step, package),
            Action::Docs(package) => cargo_steps::docs(self, step, package),
            Action::Deny => deny::check(self),
            Action::Page => cargo_steps::page(self),
            Action::Program(package) => cargo_steps::program(self, package),
            Action::RustTests(package) => rust_tests::run(self, step, package),
            Action::Packages(dir) => cargo_steps::packages(self, dir),
            Action::Wasm(package) => cargo_steps::wasm(self, step, package),
            Action::Fuzz => cargo_steps::fuzz(self, step),
            Action::Types => browser::types(self),
            Action::Described => described::check(self),
            Action::Browser => browser::run(self),
            Action::Container => container::check(self),
            Action::Dist => dist::check(self),
            Action::Upgrade => upgrade::check(self),
            Action::Systemd => systemd::check(self),
            Action::Leftovers => leftovers::check(self),
        }
    }

    /// A quiet run of a program for a step: what it says is kept in a log of the step's name.
    fn quiet(&self, name: &str, command: &mut Command) -> Result<Finished> {
        run_program(command, &self.job(name)?)
    }

    /// As [`Self::quiet`], and it must succeed.
    fn must(&self, name: &str, command: &mut Command) -> Result<String> {
        must(command, &self.job(name)?)
    }

    fn job(&self, name: &str) -> Result<Job> {
        let log = self
            .workspace
            .scratch(&format!("logs/{}.log", name.replace([':', '/'], "-")))?;
        Ok(Job {
            log,
            limit: STEP_LIMIT,
            shows_progress: true,
        })
    }

    /// What tests need to know, and where they may write: never in the state directory of who runs them.
    fn prepare(&self, command: &mut Command) {
        let profile = self.profile();
        command
            .env("TMPDIR", self.temp.path())
            .env("XDG_STATE_HOME", self.temp.path().join("state"))
            .env("SEMPRE_BIN", self.workspace.program(profile, "sempre"))
            .env("SEMPRE_HOLDER", self.workspace.program(profile, "sempre-holder"));
        if self.full {
            command.env("SEMPRE_FULL", "1");
        }
    }
}

/// Ids of all processes that run now.
fn pids_now() -> BTreeSet<u32> {
    processes::all().iter().map(|process| process.pid).collect()
}
