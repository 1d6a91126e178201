//! The life of the Debian package: installed, upgraded, removed, purged, with a session that goes on through all of it
//! and a machine that is as it was at the end.
//!
//! It runs as a process of its own, with other mounts and process ids ([`ENTER`]): what dpkg changes in `/usr`, `/etc` and
//! `/var` goes into memory, `/run` is empty (no systemd is told anything), and whatever is left running ends with it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use walkdir::WalkDir;

use super::browser_programs::on_path;
use super::leftovers::wait_for_end;
use crate::processes::{self, Process};

/// A shell script that prepares the mounts below its first argument, an empty directory, then becomes the rest.
pub(super) const ENTER: &str = "\
set -e
mount -t tmpfs tmpfs \"$1\"
for room in usr etc var; do
    mkdir -p \"$1/$room/new\" \"$1/$room/work\"
    mount -t overlay overlay -o \"lowerdir=/$room,upperdir=$1/$room/new,workdir=$1/$room/work\" \"/$room\"
done
mount -t tmpfs tmpfs /run
shift
exec \"$@\"";
/// What one waits for here, at most, also on a machine with much else to do.
const LONG: Duration = Duration::from_secs(5 * 60);
const PROGRAM: &str = "/usr/bin/sempre";
const HOLDER: &str = "/usr/bin/sempre-holder";
const UNIT: &str = "/usr/lib/systemd/system/sempre.service";
const SETTINGS: &str = "/etc/sempre/sempre.toml";
const HOME: &str = "/var/lib/sempre";
/// What dpkg and the tools of accounts keep for themselves: their lists, logs, caches, and copies of before.
const KEPT_BY_OTHERS: [&str; 6] = [
    "/var/lib/dpkg",
    "/var/cache",
    "/var/log",
    "/var/backups",
    "/var/lib/systemd",
    "/etc/.pwd.lock",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The package.
    package: PathBuf,
    /// The same with a later revision.
    later: PathBuf,
    /// What `sempre --version` says.
    version: String,
}

/// Lives it.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let before = paths();
    let accounts = || std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd");
    let accounts_before = accounts()?;
    installed(args).context("after the installation")?;
    session_goes_on(args)?;
    dpkg(&["--purge", "sempre"])?;
    let left: Vec<_> = paths().difference(&before).cloned().collect();
    ensure!(left.is_empty(), "the purge left {left:?}");
    ensure!(accounts()? == accounts_before, "the purge left an account");
    Ok(ExitCode::SUCCESS)
}

/// What the package brings is there and fits.
fn installed(args: &Args) -> Result<()> {
    install(&args.package)?;
    let version = run_program(Command::new(PROGRAM).arg("--version"))?;
    ensure!(
        version.trim() == args.version,
        "{PROGRAM} --version says {version}, not {}",
        args.version
    );
    let unit =
        run_program(as_user().args([PROGRAM, "service", "print", "--system", "--run-as-user", "sempre"]))?;
    let there = std::fs::read_to_string(UNIT).with_context(|| format!("cannot read {UNIT}"))?;
    ensure!(
        unit == there,
        "{UNIT} is not what sempre service prints:\n{there}\n{unit}"
    );
    if on_path("systemd-analyze").is_some() {
        run_program(Command::new("systemd-analyze").args(["verify", UNIT]))?;
    }
    let checked = run_program(as_user().args([PROGRAM, "config", "check"]))?;
    ensure!(
        checked.contains(SETTINGS),
        "the settings of the package are not read: {checked}"
    );
    let completed = "source /usr/share/bash-completion/completions/sempre; complete -p sempre";
    run_program(Command::new("bash").args(["-c", completed]))?;
    for file in [
        "/usr/share/zsh/vendor-completions/_sempre",
        "/usr/share/fish/vendor_completions.d/sempre.fish",
        "/usr/share/man/man1/sempre.1",
        "/usr/share/man/man1/sempre-attach.1",
        "/usr/share/doc/sempre/copyright",
    ] {
        ensure!(Path::new(file).is_file(), "{file} is missing");
    }
    Ok(())
}

/// One session from its start to its end, while the package comes and goes.
fn session_goes_on(args: &Args) -> Result<()> {
    let server = Server::start()?;
    let lines = "while read -r word; do echo got-$word; done";
    let id = run_program(as_user().args([PROGRAM, "new", "--", "sh", "-c", lines]))?
        .trim()
        .to_owned();
    let session = Session {
        pid: pid_of(&id)?,
        id,
    };
    session.answers("first")?;

    install(&args.later)?;
    session.answers("upgraded-below-the-server")?;
    let server = server.again()?;
    session.answers("upgraded")?;

    install(&args.later)?;
    let server = server.again()?;
    session.answers("reinstalled")?;

    // A service would be stopped by the package; there is none here.
    server.stop()?;
    dpkg(&["--remove", "sempre"])?;
    for file in [PROGRAM, HOLDER, UNIT] {
        ensure!(!Path::new(file).exists(), "{file} is there after the removal");
    }
    ensure!(
        Path::new(SETTINGS).exists(),
        "{SETTINGS} is the user's, and the removal took it"
    );
    session.runs().context("after the removal")?;
    dpkg(&["--purge", "sempre"])?;
    session.runs().context("after the purge")?;
    ensure!(
        Path::new(HOME).exists(),
        "the purge took the data of a session that runs"
    );

    install(&args.package)?;
    let server = Server::start()?;
    session.answers("installed-again")?;
    session.end()?;
    server.stop()
}

/// A session that repeats what it is told.
struct Session {
    id: String,
    pid: u64,
}

impl Session {
    /// It is the same process, and what it answers arrives.
    fn answers(&self, word: &str) -> Result<()> {
        let ask = || -> Result<()> {
            ensure!(
                pid_of(&self.id)? == self.pid,
                "the session is another process now"
            );
            run_program(as_user().args([PROGRAM, "send", &self.id, "--enter", word]))?;
            let answer = format!("got-{word}");
            run_program(as_user().args([PROGRAM, "wait", &self.id, "--text", &answer, "--from", "0"]))?;
            Ok(())
        };
        ask().with_context(|| format!("the session does not answer to \"{word}\""))
    }

    fn runs(&self) -> Result<()> {
        ensure!(
            Path::new("/proc").join(self.pid.to_string()).exists(),
            "the session was ended"
        );
        Ok(())
    }

    /// Ends it and waits until nothing of it runs.
    fn end(self) -> Result<()> {
        run_program(as_user().args([PROGRAM, "stop", &self.id]))?;
        let started = Instant::now();
        while let Some(holder) = holders().first() {
            let left = LONG.saturating_sub(started.elapsed());
            ensure!(!left.is_zero(), "the holder {} does not end", holder.pid);
            wait_for_end(holder.pid, left);
        }
        Ok(())
    }
}

fn holders() -> Vec<Process> {
    let is_holder = |process: &Process| process.program().is_some_and(|path| path == Path::new(HOLDER));
    processes::all().into_iter().filter(is_holder).collect()
}

fn pid_of(id: &str) -> Result<u64> {
    let text = run_program(as_user().args([PROGRAM, "show", id, "--json"]))?;
    let value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("show said {text}"))?;
    let pid = value.get("pid").and_then(serde_json::Value::as_u64);
    pid.with_context(|| format!("the session has no pid: {text}"))
}

/// The server of the package's user, as the unit starts it, at a port of its own.
struct Server(Child);

impl Server {
    fn start() -> Result<Self> {
        let mut command = as_user();
        command
            .args([PROGRAM, "serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the server")?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let listens = lines.any(|line| line.starts_with("sempre: listening on http"));
        // It may say more, and must not wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        ensure!(listens, "the server did not start");
        Ok(Self(child))
    }

    /// Stops it and starts the one that is installed now.
    fn again(self) -> Result<Self> {
        self.stop()?;
        Self::start()
    }

    fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.0), Signal::TERM).context("cannot stop the server")?;
        let status = self.0.wait().context("cannot wait for the server")?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

/// A command as the package's user, with what that user's login has and no more.
fn as_user() -> Command {
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=sempre",
            "--regid=sempre",
            "--init-groups",
            "--reset-env",
            "--",
        ])
        .current_dir(HOME)
        .stdin(Stdio::null());
    command
}

fn install(package: &Path) -> Result<()> {
    dpkg(&["--install", &package.to_string_lossy()])
}

fn dpkg(args: &[&str]) -> Result<()> {
    let mut command = Command::new("dpkg");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C")
        .args(args);
    println!("dpkg {}", args.join(" "));
    print!("{}", run_program(&mut command)?);
    Ok(())
}

/// Runs to the end; what it printed. It must succeed.
fn run_program(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?} ended with {}\n{printed}{said}", output.status);
    }
    Ok(printed)
}

/// All that is in the directories a package writes to.
fn paths() -> BTreeSet<PathBuf> {
    let ours = |path: &Path| {
        let copy_of_before =
            path.parent() == Some(Path::new("/etc")) && path.to_string_lossy().ends_with('-');
        !copy_of_before && !KEPT_BY_OTHERS.iter().any(|kept| path.starts_with(kept))
    };
    ["/usr", "/etc", "/var"]
        .iter()
        .flat_map(|room| {
            WalkDir::new(room)
                .into_iter()
                .filter_entry(|entry| ours(entry.path()))
        })
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .collect()
}
