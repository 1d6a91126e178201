//! Runs the program and keeps what it said.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use serde_json::Value;

use crate::harness::{LONG, Pidfd, Server};

const SEMPRE: &str = env!("CARGO_BIN_EXE_sempre");

/// What a verb did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Its standard output, if it went well.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout.trim_end()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(self.ok()) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {self:?}"),
        }
    }

    /// What it said on standard error, if it failed with this code.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        &self.stderr
    }
}

/// A call of the program with nothing of who runs the tests in its environment.
pub(crate) fn command(home: &Path) -> Command {
    let mut command = Command::new(SEMPRE);
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    command.env_clear().env("PATH", path).env("LANG", "C.UTF-8");
    command.env("HOME", home).current_dir(home);
    command
}

/// The program, to be run against a server by its data directory.
#[derive(Debug)]
pub(crate) struct Sempre {
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    stdin: Vec<u8>,
    home: std::path::PathBuf,
}

impl Sempre {
    /// `sempre WORDS…` for this server.
    pub(crate) fn of(server: &Server, words: &[&str]) -> Self {
        let data_dir = ("SEMPRE_DATA_DIR".to_owned(), server.dir().data().into());
        Self {
            args: words.iter().map(OsString::from).collect(),
            env: vec![data_dir],
            stdin: Vec::new(),
            home: server.home(),
        }
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    fn command(&self) -> Command {
        let mut command = command(&self.home);
        command.args(&self.args);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it and goes on.
    pub(crate) fn start(self) -> Running {
        let mut child = self.command().spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let typed = self.stdin;
        // It may end without reading it.
        std::thread::spawn(move || drop(stdin.write_all(&typed)));
        let stdout = read_on(child.stdout.take().unwrap());
        let stderr = read_on(child.stderr.take().unwrap());
        Running {
            child: Some(child),
            stdout,
            stderr,
            said: Vec::new(),
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ran {
        self.start().end()
    }
}

/// Runs `sempre WORDS…` for this server to its end.
pub(crate) fn sempre(server: &Server, words: &[&str]) -> Ran {
    Sempre::of(server, words).run()
}

/// Tries again until something ended at once: a busy machine may take longer for what takes no time.
pub(crate) fn at_once<T>(mut attempt: impl FnMut() -> T, is_early: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + LONG;
    loop {
        let outcome = attempt();
        if is_early(&outcome) || Instant::now() > deadline {
            return outcome;
        }
    }
}

fn read_on(mut from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if tell.send(bytes[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    told
}

/// The program while it runs; it is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Option<Child>,
    stdout: mpsc::Receiver<Vec<u8>>,
    stderr: mpsc::Receiver<Vec<u8>>,
    said: Vec<u8>,
}

impl Running {
    /// Waits until its output holds `text`; all of it so far.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let deadline = Instant::now() + LONG;
        loop {
            let said = String::from_utf8_lossy(&self.said).into_owned();
            if said.contains(text) {
                return said;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.stdout.recv_timeout(left) {
                Ok(bytes) => self.said.extend(bytes),
                Err(error) => {
                    let stderr: Vec<u8> = self.stderr.try_iter().flatten().collect();
                    let stderr = String::from_utf8_lossy(&stderr).into_owned();
                    panic!("{error}: waited for {text:?} in {said:?}; stderr {stderr:?}")
                }
            }
        }
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ran {
        let mut child = self.child.take().unwrap();
        let ended = Pidfd::open(child.id()).is_none_or(|pidfd| pidfd.ended_within(LONG));
        if !ended {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        let mut said = std::mem::take(&mut self.said);
        said.extend(self.stdout.iter().flatten());
        let stderr: Vec<u8> = self.stderr.iter().flatten().collect();
        let ran = Ran {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&said).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        };
        assert!(ended, "it did not end within {LONG:?}: {ran:?}");
        ran
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A file only its owner reads, as keys are kept.
pub(crate) fn key_file(server: &Server, name: &str, key: &str) -> String {
    let path = server.dir().root().join(name);
    fs::write(&path, format!("{key}\n")).unwrap();
    path.to_str().unwrap().to_owned()
}
