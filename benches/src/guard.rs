//! Whatever happens to the measuring (a panic, Ctrl-C, kill -9): no process and no file of it stays.
//!
//! The program runs itself as a child. Orphans below it come to this process, since it is their subreaper; when the
//! child has ended, all that is left is killed and the directory of temporary files removed.

use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, ExitStatus};

use anyhow::Context;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_child_subreaper, wait};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::processes;

/// Tells the child that it is the one that measures.
const GUARDED: &str = "SEMPRE_BENCH_GUARDED";

/// Whether this process is the child.
pub(crate) fn is_guarded() -> bool {
    env::var_os(GUARDED).is_some()
}

/// Runs this program again with these arguments and cleans up after it; its exit code.
pub(crate) fn run(args: Vec<OsString>) -> anyhow::Result<ExitCode> {
    let own = Pid::from_raw(i32::try_from(std::process::id())?);
    set_child_subreaper(own).context("cannot become the parent of orphans")?;
    let (mut ended, child_ended) = UnixStream::pair()?;
    let (mut stop, stopped) = UnixStream::pair()?;
    stop.set_nonblocking(true)?;
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        pipe::register(signal, stopped.try_clone()?)?;
        pipe::register(signal, child_ended.try_clone()?)?;
    }
    pipe::register(SIGCHLD, child_ended)?;
    let temp = tempfile::Builder::new().prefix("sempre-bench-").tempdir()?;
    let mut child = Command::new(env::current_exe()?)
        .args(args)
        .env(GUARDED, "1")
        .env("TMPDIR", temp.path())
        .spawn()
        .context("cannot start the measuring")?;
    let status = until_ended(&mut child, &mut ended, &mut stop);
    sweep();
    let status = status?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        if let Some(signal) = status.signal() {
            anyhow::bail!("the measuring was ended by signal {signal}");
        }
        ExitCode::FAILURE
    })
}

/// Waits; a signal to stop kills the child.
fn until_ended(
    child: &mut Child,
    ended: &mut UnixStream,
    stop: &mut UnixStream,
) -> anyhow::Result<ExitStatus> {
    let mut buffer = [0; 64];
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        // A signal that comes between the two is a byte that waits.
        let _ = ended.read(&mut buffer)?;
        if matches!(stop.read(&mut buffer), Ok(1..)) {
            let _ = child.kill();
        }
    }
}

/// Kills all descendants; killing one may bring others here, so until there is none.
fn sweep() {
    loop {
        let doomed = processes::tree(std::process::id());
        for process in doomed.iter().skip(1) {
            let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw);
            if let Some(pid) = pid {
                // It may have ended meanwhile: then there is nothing to do.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        // Fails when there is no child any more.
        if wait(WaitOptions::empty()).is_err() {
            return;
        }
    }
}
