//! Step 5: servers and holders: who has the data directory, what a crash left behind, who lost its directory.

use std::fs::File;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::process::{Pid, test_kill_process};
use sempre_protocol::holder::{LOCK_NAME, MANIFEST_NAME, SOCKET_NAME};

use super::look::{command_line, connect, processes, program_name};
use super::{Check, Fix, Look, Subject};

/// The lock of a data directory.
pub(super) const SERVER_LOCK: &str = "server.lock";
/// The programs, as the kernel names their processes.
const SERVER: &str = "sempre";
const HOLDER: &str = "sempre-holder";

/// The pid of the server that has the data directory.
pub(super) fn server_of(data_dir: &Path) -> Option<u32> {
    let path = data_dir.join(SERVER_LOCK);
    let pid = recorded_pid(&path).filter(|pid| is_alive(*pid))?;
    is_held(&path).then_some(pid)
}

pub(super) fn check(look: &mut Look, subject: &Subject, server: Option<u32>) -> Vec<Check> {
    let mut checks = vec![own_server(look, &subject.data_dir, server)];
    checks.extend(other_servers(look, server));
    checks.extend(sessions(look, &subject.data_dir, server));
    checks.extend(lost_holders(look, &subject.data_dir));
    checks.extend(
        subject
            .sockets
            .iter()
            .filter_map(|path| listen_socket(look, path)),
    );
    checks
}

fn own_server(look: &mut Look, data_dir: &Path, server: Option<u32>) -> Check {
    let path = data_dir.join(SERVER_LOCK);
    look.note(format!("read {} and look whether it is locked", path.display()));
    match (server, recorded_pid(&path)) {
        (Some(pid), _) => Check::ok(
            "server",
            format!("the server with pid {pid} has {}", data_dir.display()),
        ),
        // A server that stops takes its pid out.
        (None, Some(pid)) if !is_held(&path) => Check::problem(
            "server",
            format!(
                "stale lock: the server with pid {pid} ended without a stop, and no other has {}",
                data_dir.display()
            ),
            format!("sempre serve --data-dir {}", data_dir.display()),
        )
        .fixed_by(Fix::ServerLock(path)),
        (None, Some(_)) => Check::unknown("server", format!("somebody has {} locked", path.display())),
        (None, None) => Check::ok("server", format!("no server has {}", data_dir.display())),
    }
}

/// Each other server, with its data directory if its command line names one.
fn other_servers(look: &mut Look, server: Option<u32>) -> Vec<Check> {
    look.note("read /proc/*/comm and /proc/*/cmdline for other servers");
    let servers = processes().into_iter().filter(|pid| Some(*pid) != server);
    let found = servers.filter_map(|pid| {
        let is_server = program_name(pid)? == SERVER && command_line(pid)?.iter().any(|word| word == "serve");
        is_server.then(|| {
            Check::warning(
                "other_server",
                format!("another Sempre server runs: pid {pid}{}", data_dir_of(pid)),
                format!("kill {pid}, if it is not meant"),
            )
        })
    });
    found.collect()
}

fn data_dir_of(pid: u32) -> String {
    let words = command_line(pid).unwrap_or_default();
    let mut words = words.iter().skip_while(|word| *word != "--data-dir").skip(1);
    let named = words
        .next()
        .map(|directory| format!(", data directory {directory:?}"));
    named.unwrap_or_default()
}

/// How a session's directory stands, by its lock and its socket.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// It ended as it should, or is just being made.
    Quiet,
    /// Its holder answers.
    Runs,
    /// Its holder lives and cannot be reached.
    Unreachable,
    /// Its holder died and left its socket.
    Dead,
}

fn sessions(look: &mut Look, data_dir: &Path, server: Option<u32>) -> Vec<Check> {
    let root = data_dir.join("sessions");
    look.note(format!(
        "list {} and look at lock and sock of each",
        root.display()
    ));
    let entries = match root.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let message = format!("cannot list {}: {error}", root.display());
            return vec![Check::unknown("sessions", message)];
        }
    };
    let mut running: usize = 0;
    let mut checks = Vec::new();
    for directory in entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
    {
        match standing(&directory) {
            Standing::Quiet => {}
            Standing::Runs => running += 1,
            Standing::Unreachable => checks.push(unreachable(&directory)),
            Standing::Dead => checks.extend(dead(&directory)),
        }
    }
    let said = format!("{running} sessions run");
    checks.push(match server {
        None if running > 0 => Check::warning(
            "sessions",
            format!("{said} and no server shows them"),
            format!("sempre serve --data-dir {}", data_dir.display()),
        ),
        _ => Check::ok("sessions", said),
    });
    checks
}

fn standing(directory: &Path) -> Standing {
    let held = is_held(&directory.join(LOCK_NAME));
    let answers = answers(directory);
    match (held, answers) {
        (true, Some(true)) => Standing::Runs,
        // The socket is made last: before that the session is being started.
        (true, _) if !directory.join(MANIFEST_NAME).exists() => Standing::Quiet,
        (true, _) => Standing::Unreachable,
        (false, Some(_)) => Standing::Dead,
        (false, None) => Standing::Quiet,
    }
}

/// Whether somebody answers at a session's socket; none: there is none.
fn answers(directory: &Path) -> Option<bool> {
    let path = directory.join(SOCKET_NAME);
    path.symlink_metadata().ok()?;
    Some(connect(&path).is_ok())
}

fn unreachable(directory: &Path) -> Check {
    let pid = recorded_pid(&directory.join(LOCK_NAME));
    let shown = directory.display();
    match pid {
        // It makes its socket again.
        Some(pid) => Check::problem(
            "session",
            format!("the holder with pid {pid} of {shown} lives and does not answer"),
            format!("kill -USR1 {pid}"),
        ),
        None => Check::unknown("session", format!("somebody has {shown} locked")),
    }
}

fn dead(directory: &Path) -> [Check; 2] {
    let shown = directory.display();
    let (socket, lock) = (directory.join(SOCKET_NAME), directory.join(LOCK_NAME));
    [
        Check::problem(
            "session",
            format!("dead socket: the holder of {shown} was killed; what it wrote is kept"),
            format!("rm {}", socket.display()),
        )
        .fixed_by(Fix::Socket(socket)),
        Check::problem(
            "session",
            format!("stale lock: nobody has {} any more", lock.display()),
            format!("rm {}", lock.display()),
        )
        .fixed_by(Fix::SessionLock(lock)),
    ]
}

/// Holders whose session's directory is gone: no server finds them ever again.
fn lost_holders(look: &mut Look, data_dir: &Path) -> Vec<Check> {
    let root = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_path_buf());
    let root = root.canonicalize().unwrap_or(root);
    look.note("read /proc/*/comm and readlink /proc/*/cwd for holders without a directory");
    let holders = processes()
        .into_iter()
        .filter(|pid| program_name(*pid).is_some_and(|name| name == HOLDER));
    let lost = holders.filter_map(|pid| {
        let directory = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        let lock = directory.join(LOCK_NAME);
        // A holder that starts or ends has no lock, or works elsewhere, for a moment: only one whose directory is gone.
        let gone = directory
            .to_str()
            .is_some_and(|path| path.ends_with(" (deleted)"))
            && !lock.exists();
        let gone = gone && directory.starts_with(&root);
        gone.then(|| {
            Check::problem(
                "orphan_holder",
                format!(
                    "the holder with pid {pid} has lost its directory {}; no server can reach it",
                    directory.display()
                ),
                format!("kill {pid}"),
            )
        })
    });
    lost.collect()
}

/// A socket to listen on that a dead server left.
fn listen_socket(look: &mut Look, path: &Path) -> Option<Check> {
    let shown = path.display();
    look.note(format!("connect {shown}"));
    let metadata = path.symlink_metadata().ok()?;
    if !metadata.file_type().is_socket() {
        let mend = format!("mv {shown} {shown}.away, or name another path");
        return Some(Check::problem(
            "listen_socket",
            format!("{shown} is no socket"),
            mend,
        ));
    }
    Some(match connect(path) {
        Ok(()) => Check::ok("listen_socket", format!("somebody answers at {shown}")),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Check::problem(
            "listen_socket",
            format!("dead socket: nobody answers at {shown}"),
            format!("rm {shown}"),
        )
        .fixed_by(Fix::Socket(path.to_path_buf())),
        Err(error) => Check::unknown("listen_socket", format!("cannot connect to {shown}: {error}")),
    })
}

pub(super) fn is_held(lock: &Path) -> bool {
    File::open(lock).is_ok_and(|file| file.try_lock_shared().is_err())
}

fn recorded_pid(lock: &Path) -> Option<u32> {
    std::fs::read_to_string(lock).ok()?.trim().parse().ok()
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // Of another user: alive as well.
    pid.is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}
