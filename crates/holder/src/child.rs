//! Starting the child: every way it can fail is told with the path and the system's error number.
//!
//! portable-pty's own spawn is not used: it closes the pipe by which a failed `exec` is reported and falls back
//! to the home directory when the working directory is missing (docs/decisions/001).

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use rustix::fs::Access;
use rustix::io::Errno;
use sempre_protocol::confinement::Confinement;
use sempre_protocol::holder::{Manifest, StartError, StartFault};

use crate::cgroup::Group;
use crate::confine::Confined;

/// Starts the manifest's command as the leader of a new Unix session whose terminal is `terminal`.
///
/// `more_args` follow the manifest's own; `env` is the child's whole environment; `confinement` is what the child is held
/// to, with its control group. Must be called while this process has one thread.
pub fn spawn(
    manifest: &Manifest,
    more_args: &[String],
    env: &BTreeMap<String, String>,
    terminal: &File,
    confinement: Option<(&Confinement, Option<&Group>)>,
) -> Result<Child, StartError> {
    check_cwd(&manifest.cwd)?;
    let (name, args) = manifest.cmd.split_first().ok_or_else(|| StartError {
        what: StartFault::Program,
        path: String::new(),
        errno: None,
        message: "the command is empty; name a program".into(),
    })?;
    let program = find_program(name, Path::new(&manifest.cwd), env.get("PATH"))?;
    let mut command = Command::new(&program);
    let arg0 = if manifest.login {
        format!("-{}", file_name(&program))
    } else {
        name.clone()
    };
    command
        .arg0(arg0)
        .args(args)
        .args(more_args)
        .env_clear()
        .envs(env);
    // Another user goes there itself: as who it is, not as who this is.
    if confinement.is_none_or(|(wanted, _)| wanted.user.is_none()) {
        command.current_dir(&manifest.cwd);
    }
    let (confined, failure) = confinement
        .map(|(wanted, group)| Confined::prepare(wanted, group, &manifest.cwd, terminal))
        .transpose()
        .map_err(|error| system_error("the terminal for the session's user", &error))?
        .unzip();
    attach(&mut command, terminal, confined).map_err(|error| system_error("the terminal", &error))?;
    command.spawn().map_err(|error| {
        let told = failure.zip(confinement);
        told.and_then(|(failure, (wanted, _))| failure.read(&error, wanted, &manifest.cwd))
            .unwrap_or_else(|| program_error(&program, &error))
    })
}

/// Gives the child the terminal as its standard streams and as its controlling terminal, then confines it.
#[allow(
    unsafe_code,
    reason = "only a hook between fork and exec can make the child a session leader"
)]
fn attach(command: &mut Command, terminal: &File, confined: Option<Confined>) -> io::Result<()> {
    command
        .stdin(terminal.try_clone()?)
        .stdout(terminal.try_clone()?)
        .stderr(terminal.try_clone()?);
    // SAFETY: the hook makes system calls and allocates nothing; all of them are safe between fork and exec.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
            confined.as_ref().map_or(Ok(()), Confined::apply)
        });
    }
    Ok(())
}

fn check_cwd(cwd: &str) -> Result<(), StartError> {
    let wrong = |errno: Errno| {
        let error = io::Error::from(errno);
        StartError {
            what: StartFault::Cwd,
            path: cwd.into(),
            errno: error.raw_os_error(),
            message: format!(
                "cannot start in the directory {cwd}: {error}; name a directory that exists and may be entered"
            ),
        }
    };
    let metadata = rustix::fs::stat(cwd).map_err(wrong)?;
    if !rustix::fs::FileType::from_raw_mode(metadata.st_mode).is_dir() {
        return Err(wrong(Errno::NOTDIR));
    }
    rustix::fs::access(cwd, Access::EXEC_OK).map_err(wrong)
}

/// The program's path: as given if it holds a slash (relative to `cwd`), else the first match on `path`.
fn find_program(name: &str, cwd: &Path, path: Option<&String>) -> Result<PathBuf, StartError> {
    if name.contains('/') {
        let program = cwd.join(name);
        return match executable(&program) {
            Ok(()) => Ok(program),
            Err(errno) => Err(program_error(&program, &errno.into())),
        };
    }
    let mut worst = Errno::NOENT;
    for directory in std::env::split_paths(path.map_or("", String::as_str)) {
        let candidate = cwd.join(directory).join(name);
        match executable(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(Errno::NOENT | Errno::NOTDIR) => {}
            Err(errno) => worst = errno,
        }
    }
    let error = io::Error::from(worst);
    Err(StartError {
        what: StartFault::Program,
        path: name.into(),
        errno: error.raw_os_error(),
        message: format!(
            "cannot start {name}: {error} on the PATH {}; install it or give its absolute path",
            path.map_or("(empty)", String::as_str)
        ),
    })
}

fn executable(path: &Path) -> Result<(), Errno> {
    let metadata = rustix::fs::stat(path)?;
    if rustix::fs::FileType::from_raw_mode(metadata.st_mode).is_dir() {
        return Err(Errno::ISDIR);
    }
    rustix::fs::access(path, Access::EXEC_OK)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn program_error(program: &Path, error: &io::Error) -> StartError {
    let advice = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) => "check the path, and the interpreter in its first line if it is a script",
        Some(Errno::ACCESS) => "make it executable (chmod +x) or name another program",
        Some(Errno::NOEXEC) => {
            "it is no program for this machine; a script needs a first line such as #!/bin/sh"
        }
        Some(Errno::ISDIR) => "name a program in that directory",
        _ => "see the system's limits on processes, files and memory",
    };
    StartError {
        what: StartFault::Program,
        path: program.display().to_string(),
        errno: error.raw_os_error(),
        message: format!("cannot start {}: {error}; {advice}", program.display()),
    }
}

/// An error of the machine rather than of the request.
pub fn system_error(what: &str, error: &io::Error) -> StartError {
    StartError {
        what: StartFault::System,
        path: what.into(),
        errno: error.raw_os_error(),
        message: format!(
            "cannot open {what}: {error}; see the limits on files and PTYs and the space on the disk"
        ),
    }
}
