//! A running holder with the directory of its session; both are gone when it is dropped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use sempre_journal::{ReadAt, Reader};
use sempre_protocol::holder::{CONTROL_VERSION, LOCK_NAME, Manifest, Spec, StartReport};
use sempre_protocol::{RunId, SessionId, Size};

use super::{Client, LONG};

const HOLDER: &str = env!("CARGO_BIN_EXE_sempre-holder");

/// What a holder is started with.
#[derive(Debug, Clone)]
pub(crate) struct SpecBuilder(pub(crate) Spec);

impl SpecBuilder {
    pub(crate) fn new(cmd: &[&str]) -> Self {
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into());
        Self(Spec {
            version: CONTROL_VERSION,
            manifest: Manifest {
                session: SessionId::from_bytes(*b"0123456789abcdef"),
                run: RunId::from_bytes(*b"fedcba9876543210"),
                started_at_ms: 1,
                shell: "test".into(),
                cmd: cmd.iter().map(|&word| word.into()).collect(),
                login: false,
                cwd: "/".into(),
                size: Size::DEFAULT,
                env: BTreeMap::new(),
                group: None,
                labels: BTreeMap::new(),
                user_id: None,
                owner: None,
                restarted_from: None,
                ttl_s: 0,
                idle_s: 0,
                shell_aid: None,
                records_input: false,
                run_as: None,
                limits: Default::default(),
                cgroup: None,
                imported_at_ms: None,
                pid: 0,
            },
            args: Vec::new(),
            confinement: None,
            child_env: BTreeMap::from([("PATH".into(), path)]),
            budget_bytes: sempre_journal::DEFAULT_BUDGET_BYTES,
            input_budget_bytes: None,
            open_files: None,
        })
    }

    /// Runs a shell script.
    pub(crate) fn script(script: &str) -> Self {
        Self::new(&["sh", "-c", script])
    }

    pub(crate) fn size(mut self, cols: u16, rows: u16) -> Self {
        self.0.manifest.size = Size { cols, rows };
        self
    }

    pub(crate) fn cwd(mut self, cwd: &Path) -> Self {
        self.0.manifest.cwd = cwd.to_str().unwrap().into();
        self
    }

    /// Where programs are looked for.
    pub(crate) fn path(mut self, path: &str) -> Self {
        self.0.child_env.insert("PATH".into(), path.into());
        self
    }

    pub(crate) fn budget(mut self, bytes: u64) -> Self {
        self.0.budget_bytes = bytes;
        self
    }

    /// Records what is typed.
    pub(crate) fn recorded(mut self) -> Self {
        self.0.manifest.records_input = true;
        self
    }

    pub(crate) fn input_budget(mut self, bytes: u64) -> Self {
        self.0.input_budget_bytes = Some(bytes);
        self
    }

    pub(crate) fn start(self) -> Holder {
        let root = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let directory = root.path().join("session");
        fs::create_dir(&directory).unwrap();
        let mut holder = Holder::start(&[], directory, &self.0);
        holder.root = Some(root);
        holder
    }
}

/// Starts a holder in `directory`, through `before` (a program with arguments) if that is not empty, and gives it
/// `json` as its spec; what it reports, and its process.
pub(crate) fn start_with(
    before: &[&str],
    directory: &Path,
    json: &[u8],
) -> (Child, Result<StartReport, String>) {
    let mut words: Vec<OsString> = before.iter().map(OsString::from).collect();
    words.extend([HOLDER.into(), directory.into()]);
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may refuse before it has read all of it.
    let _ = child.stdin.take().unwrap().write_all(json);
    let mut report = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut report).unwrap();
    let report = serde_json::from_slice(&report);
    (child, report.map_err(|error| error.to_string()))
}

/// Starts a holder in `directory`; what it reports, and its process.
pub(crate) fn start_in(directory: &Path, spec: &Spec) -> (Child, StartReport) {
    let (child, report) = start_with(&[], directory, &serde_json::to_vec(spec).unwrap());
    (child, report.expect("the holder reports"))
}

/// A holder whose child runs.
#[derive(Debug)]
pub(crate) struct Holder {
    process: Child,
    /// The child's pid.
    pub(crate) child: u32,
    pub(crate) directory: PathBuf,
    pub(crate) session: SessionId,
    root: Option<tempfile::TempDir>,
    ended: Option<ExitStatus>,
}

impl Holder {
    /// Runs a shell script in a new holder.
    pub(crate) fn script(script: &str) -> Self {
        SpecBuilder::script(script).start()
    }

    /// Starts one in a directory that someone else removes.
    pub(crate) fn start(before: &[&str], directory: PathBuf, spec: &Spec) -> Self {
        let (process, report) = start_with(before, &directory, &serde_json::to_vec(spec).unwrap());
        let child = match report {
            Ok(StartReport::Ok { pid }) => pid,
            other => panic!("the holder did not start: {other:?}"),
        };
        Self {
            process,
            child,
            directory,
            session: spec.manifest.session,
            root: None,
            ended: None,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(&self.directory, self.session)
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        if let Some(status) = self.ended {
            return status;
        }
        let ended = ended_within_limit(&self.process);
        if !ended {
            self.process.kill().unwrap();
        }
        let status = self.process.wait().unwrap();
        self.ended = Some(status);
        assert!(ended, "the holder did not end within {LONG:?}");
        status
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.ended = Some(self.process.wait().unwrap());
    }

    /// Whether it holds its lock: that it lives, to servers.
    pub(crate) fn holds_lock(&self) -> bool {
        let lock = File::open(self.directory.join(LOCK_NAME)).unwrap();
        lock.try_lock_shared().is_err()
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.directory).unwrap()
    }

    /// All output the journal holds from `from` on; it must be there without gaps.
    pub(crate) fn journal(&self, from: u64) -> Vec<u8> {
        let mut reader = self.reader();
        let mut all = Vec::new();
        let mut chunk = vec![0; 256 * 1024];
        loop {
            match reader.read_at(from + all.len() as u64, &mut chunk).unwrap() {
                ReadAt::Bytes(count) => all.extend_from_slice(&chunk[..count]),
                ReadAt::End => return all,
                other => panic!("{other:?} at {}", all.len()),
            }
        }
    }

    /// The journal's output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.journal(0)).into_owned()
    }
}

fn ended_within_limit(process: &Child) -> bool {
    let pid = Pid::from_child(process);
    let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else {
        return true;
    };
    let limit = Timespec::try_from(LONG).unwrap();
    poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&limit)).is_ok_and(|count| count > 0)
}

impl Drop for Holder {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.signal(Signal::CONT);
            self.signal(Signal::TERM);
            if !ended_within_limit(&self.process) {
                let _ = self.process.kill();
                assert!(std::thread::panicking(), "the holder did not end by SIGTERM");
            }
            let _ = self.process.wait();
        }
        if let Some(root) = self.root.take()
            && !std::thread::panicking()
        {
            root.close().expect("the test directory can be removed");
        }
    }
}
