//! Other verbs than `serve`: run to their end, with an environment of their own.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::{Child, Command};

use super::LONG;
use super::setup::{SEMPRE, holder_program};

/// A verb that is being put together.
#[derive(Debug)]
pub(crate) struct Verb {
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    home: tempfile::TempDir,
    through: Vec<String>,
}

/// How it ended and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The one JSON value on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Verb {
    /// `sempre` with these arguments.
    pub(crate) fn new<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Self {
        Self {
            args: args.into_iter().map(|arg| arg.as_ref().to_owned()).collect(),
            env: Vec::new(),
            home: tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap(),
            through: Vec::new(),
        }
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.args.extend(args.into_iter().map(OsString::from));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Runs `program` with `args` in front of it.
    pub(crate) fn through(mut self, program: &[&str]) -> Self {
        self.through = program.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Its home, and where it runs.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn command(&self) -> Command {
        let mut words: Vec<OsString> = self.through.iter().map(OsString::from).collect();
        words.push(SEMPRE.into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(&self.args).env_clear();
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        command
            .env("PATH", path)
            .env("LANG", "C.UTF-8")
            .env("HOME", self.home())
            .env("SEMPRE_HOLDER", holder_program())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts it; its output is the caller's.
    pub(crate) fn spawn(&self) -> Child {
        self.command().spawn().unwrap()
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self) -> Ran {
        let output = tokio::time::timeout(LONG * 2, self.spawn().wait_with_output());
        let output = output
            .await
            .unwrap_or_else(|_| panic!("{:?} ends", self.args))
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Ran {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        ran
    }
}
