//! Running other programs: quiet, with their output in a log that is shown when they fail, and with a time limit.

use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::processes;
use crate::progress::seconds;

/// Lines of a failed program's output that are shown; the log has them all.
const SHOWN_LINES: usize = 400;
/// Begin the lines by which cargo says what it is busy with; they would stand between a failure and its reason.
const BUSY_WORDS: [&str; 6] = [
    "Blocking",
    "Checking",
    "Compiling",
    "Documenting",
    "Downloaded",
    "Downloading",
];
/// How often a long run says that it is still going.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// How a program is run.
#[derive(Debug)]
pub(crate) struct Job {
    /// Takes its output.
    pub(crate) log: PathBuf,
    /// After this it is killed with all it started.
    pub(crate) limit: Duration,
    /// On a terminal, let its standard error through (cargo's progress) instead of logging it.
    pub(crate) shows_progress: bool,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// It ended by itself, with success.
    pub(crate) success: bool,
    /// In words, for an error.
    pub(crate) how: String,
    /// What it wrote.
    pub(crate) output: String,
    /// Where all of it stands.
    pub(crate) log: PathBuf,
}

impl Finished {
    /// The end of the output and how it ended.
    pub(crate) fn report(&self) -> String {
        let lines: Vec<&str> = self.output.lines().filter(|line| !is_progress(line)).collect();
        let skipped = lines.len().saturating_sub(SHOWN_LINES);
        let shown = lines.get(skipped..).unwrap_or_default().join("\n");
        let note = if skipped > 0 {
            format!("({skipped} lines before)\n")
        } else {
            String::new()
        };
        format!("{}\n{note}{shown}\n(log: {})", self.how, self.log.display())
    }
}

/// Whether cargo wrote this line only to say what it is busy with.
fn is_progress(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    line.starts_with(' ') && BUSY_WORDS.contains(&first)
}

/// Whether children may draw on the terminal.
fn talks() -> bool {
    io::stderr().is_terminal()
}

/// Runs to the end; an exit code other than zero is not an error here.
pub(crate) fn run(command: &mut Command, job: &Job) -> Result<Finished> {
    let program = command.get_program().to_string_lossy().into_owned();
    let log = File::create(&job.log).with_context(|| format!("cannot write {}", job.log.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("cannot share the log")?);
    if job.shows_progress && talks() {
        command.stderr(Stdio::inherit());
    } else {
        command.stderr(log);
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let in_time = wait_within(&child, job)?;
    if !in_time {
        processes::kill_tree(child.id());
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for {program}"))?;
    Ok(Finished {
        success: in_time && status.success(),
        how: if in_time {
            ending(&program, status)
        } else {
            overdue(&program, job.limit)
        },
        output: read_lossy(&job.log)?,
        log: job.log.clone(),
    })
}

/// Runs to the end and fails, with the output, unless it succeeded.
pub(crate) fn must(command: &mut Command, job: &Job) -> Result<String> {
    let finished = run(command, job)?;
    if !finished.success {
        bail!("{}", finished.report());
    }
    Ok(finished.output)
}

/// What a program says on its standard output, if it can be run and succeeds.
pub(crate) fn answer(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// True if the child ended within the limit. It is left unreaped, so its pid cannot mean another process yet.
fn wait_within(child: &Child, job: &Job) -> Result<bool> {
    let handle = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).context("cannot watch the child")?;
    let started = Instant::now();
    loop {
        let left = job.limit.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Ok(false);
        }
        let timeout = Timespec::try_from(left.min(SIGN_OF_LIFE)).context("the time limit is too long")?;
        match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout)) {
            Ok(0) if started.elapsed() < job.limit && !(job.shows_progress && talks()) => {
                println!(
                    "      still running after {}, log: {}",
                    seconds(started.elapsed()),
                    job.log.display()
                );
            }
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error).context("cannot wait for the child"),
        }
    }
}

fn ending(program: &str, status: ExitStatus) -> String {
    format!("{program} ended with {status}")
}

fn overdue(program: &str, limit: Duration) -> String {
    format!("{program} was killed: it ran longer than {}", seconds(limit))
}

fn read_lossy(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(dir: &tempfile::TempDir, limit: Duration) -> Job {
        Job {
            log: dir.path().join("log"),
            limit,
            shows_progress: false,
        }
    }

    #[test]
    fn a_failure_carries_its_output() {
        let dir = tempfile::tempdir().unwrap();
        let error = must(
            Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]),
            &job(&dir, Duration::from_secs(30)),
        )
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("exit status: 3") && error.contains("out\nerr"),
            "{error}"
        );
    }

    #[test]
    fn what_cargo_was_busy_with_does_not_stand_before_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let error = must(
            Command::new("sh").args([
                "-c",
                "echo '   Compiling serde v1'; echo 'error: no space'; exit 101",
            ]),
            &job(&dir, Duration::from_secs(30)),
        )
        .unwrap_err()
        .to_string();
        assert!(error.contains("101\nerror: no space\n(log:"), "{error}");
    }

    #[test]
    fn an_overdue_program_is_ended_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let finished = run(
            Command::new("sh").args(["-c", "sleep 600 & echo $!; wait"]),
            &job(&dir, Duration::from_millis(500)),
        )
        .unwrap();
        assert!(
            !finished.success && finished.how.contains("longer than"),
            "{finished:?}"
        );
        let sleeper = finished.output.trim().parse().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while processes::alive(sleeper) {
            assert!(
                Instant::now() < deadline,
                "the child of the killed program is still there"
            );
            std::thread::yield_now();
        }
    }
}
