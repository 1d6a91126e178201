//! How a server is started: its flags, its environment, and the directory that holds all of it.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;

use rustix::process::Signal;

use super::process::{Pidfd, holder_pid};
use super::{LONG, Server};

/// The server program under test.
pub(super) const SEMPRE: &str = env!("CARGO_BIN_EXE_sempre");

/// The holder program: named by `SEMPRE_HOLDER`, else beside the server.
pub(crate) fn holder_program() -> PathBuf {
    let named = std::env::var_os("SEMPRE_HOLDER").map(PathBuf::from);
    let path = named.unwrap_or_else(|| Path::new(SEMPRE).with_file_name("sempre-holder"));
    assert!(
        path.is_file(),
        "these tests need the holder at {}: run `cargo build -p sempre-holder` first, or name it in SEMPRE_HOLDER",
        path.display()
    );
    path
}

/// A directory for one server: its data, its log, the home of its shells. Nothing is left of it.
#[derive(Debug)]
pub(crate) struct TestDir {
    root: Option<tempfile::TempDir>,
}

impl TestDir {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        fs::create_dir(root.path().join("home")).unwrap();
        Self { root: Some(root) }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.as_ref().unwrap().path()
    }

    /// Longer than the address of a Unix socket may be, and with a space in it.
    pub(crate) fn data(&self) -> PathBuf {
        self.root().join(format!("data of{}", "-one-server".repeat(12)))
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root().join("server.log")
    }

    /// Ends every session, by its holder's pid while that holds its lock.
    pub(crate) fn end_holders(&self) {
        let sessions = fs::read_dir(self.data().join("sessions")).into_iter().flatten();
        let holders: Vec<_> = sessions
            .flatten()
            .filter_map(|session| Pidfd::open(holder_pid(&session.path())?))
            .collect();
        holders.iter().for_each(|holder| holder.signal(Signal::TERM));
        for holder in holders {
            if !holder.ended_within(LONG) {
                eprintln!("the holder {} did not end by SIGTERM", holder.pid());
                holder.signal(Signal::KILL);
                assert!(std::thread::panicking(), "a holder did not end its session");
            }
        }
    }
}

impl Drop for TestDir {
    fn drop(&mut self) {
        self.end_holders();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            eprintln!("--- the server's log ---\n{log}---");
            return;
        }
        let root = self.root.take().unwrap();
        root.close().expect("the test directory can be removed");
    }
}

/// A server to be started.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    listen: Vec<String>,
    args: Vec<OsString>,
    env: Vec<(String, String)>,
    /// A program in front of the server, with its arguments.
    through: Vec<OsString>,
    /// Server and holder, if they are not today's.
    programs: Option<(PathBuf, PathBuf)>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self {
            programs: None,
            listen: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            through: Vec::new(),
        }
    }

    /// Another address than loopback's; may be given again.
    pub(crate) fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen.push(address.into());
        self
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.args.extend(args.into_iter().map(OsString::from));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Runs `shell` before the server becomes the same process: for limits and masks.
    pub(crate) fn after(mut self, shell: &str) -> Self {
        let script = format!("{shell}; exec \"$@\"");
        self.through = ["sh", "-c", &script, "sh"].map(OsString::from).into();
        self
    }

    /// Runs `program` with `args` in front of the server.
    pub(crate) fn through(mut self, program: &[&str]) -> Self {
        self.through = program.iter().map(OsString::from).collect();
        self
    }

    /// Other programs than today's.
    pub(crate) fn programs(mut self, server: PathBuf, holder: PathBuf) -> Self {
        self.programs = Some((server, holder));
        self
    }

    /// Lets the modes of files stop the server and its holders, also when root runs the tests.
    pub(crate) fn stopped_by_modes(self) -> Self {
        if rustix::process::geteuid().is_root() {
            self.through(&["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"])
        } else {
            self
        }
    }

    /// Gives the sessions a disk of their own with `size_mib` MiB, which nobody outside of the server and its
    /// sessions sees. They have process ids of their own too, and all end with the server.
    pub(crate) fn on_a_small_disk(self, size_mib: u32) -> Self {
        let script = format!(
            "(umask 077; mkdir -p \"$4/sessions\") && \
             mount -t tmpfs -o size={size_mib}m,mode=0700 none \"$4/sessions\" && exec \"$@\""
        );
        let unshare = [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
        ];
        let shell = ["sh", "-c", &script, "sh"];
        self.through(&[&unshare[..], &shell].concat())
    }

    /// Starts it in a new directory.
    pub(crate) fn start(self) -> Server {
        Server::start(self, TestDir::new())
    }

    /// Starts it where it cannot run; its exit and what it said on standard error.
    pub(crate) fn fails(&self, data_dir: &Path) -> (ExitStatus, String) {
        let dir = TestDir::new();
        let mut command = self.command(&dir, data_dir);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let pidfd = Pidfd::open(child.id()).unwrap();
        let ended = pidfd.ended_within(LONG);
        if !ended {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(ended, "the server started where it should not: {said}");
        assert!(!said.contains("panicked"), "{said}");
        (status, said)
    }

    fn command(&self, dir: &TestDir, data_dir: &Path) -> Command {
        let mut words = self.through.clone();
        let todays = || (PathBuf::from(SEMPRE), holder_program());
        let (sempre, holder) = self.programs.clone().unwrap_or_else(todays);
        words.extend([sempre.into(), "serve".into()]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg("--data-dir").arg(data_dir);
        let loopback = vec!["127.0.0.1:0".to_owned()];
        let listen = if self.listen.is_empty() {
            &loopback
        } else {
            &self.listen
        };
        for address in listen {
            command.args(["--listen", address]);
        }
        command.args(&self.args).env_clear();
        // Nothing of who runs the tests but where programs are.
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        command.env("PATH", path).env("LANG", "C.UTF-8");
        command.env("HOME", dir.home()).env("SEMPRE_HOLDER", holder);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0);
        command
    }

    /// Starts it and reads what it says until it serves.
    pub(super) fn spawn(&self, dir: &TestDir) -> (Child, Vec<String>) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.log())
            .unwrap();
        let mut command = self.command(dir, &dir.data());
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, told) = mpsc::channel();
        // Reads on to the end, so that the server can always write.
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let mut lines: Vec<String> = Vec::new();
        // The last line says what lets one in.
        while !lines
            .iter()
            .any(|line| line.contains("token") || line.contains("no authentication"))
        {
            match told.recv_timeout(LONG) {
                Ok(line) => lines.push(line),
                Err(_) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    let log = fs::read_to_string(dir.log()).unwrap_or_default();
                    panic!("the server did not start; it said {lines:?} and\n{log}");
                }
            }
        }
        (child, lines)
    }
}
