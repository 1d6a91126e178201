//! A server as a child process that says its address on its first line.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// A child that serves HTTP on loopback; SIGTERM ends it with the value.
pub(super) struct Program {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
    /// To speak with it.
    pub(super) http: reqwest::blocking::Client,
    /// Kept open: it may say more.
    _stdout: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it and waits for its address.
    pub(super) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout
            .read_line(&mut line)
            .with_context(|| format!("{name} said nothing"))?;
        let address = line
            .rsplit_once("http://")
            .map(|(_, url)| url.trim().trim_end_matches('/').to_owned());
        let address = address.with_context(|| format!("no address in {line:?} of {name}"))?;
        Ok(Self {
            child,
            address,
            http: reqwest::blocking::Client::new(),
            _stdout: stdout,
        })
    }

    /// Its pid.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts a session by `POST path`; its id.
    pub(super) fn create(&self, path: &str, command: &[&str]) -> anyhow::Result<String> {
        let url = format!("http://{}{path}", self.address);
        let answer = self.http.post(url).json(&json!({ "cmd": command })).send()?;
        let status = answer.status();
        let text = answer.text()?;
        anyhow::ensure!(status.is_success(), "{status} to a new session: {text}");
        let body: Value = serde_json::from_str(&text)?;
        Ok(body
            .get("session_id")
            .and_then(Value::as_str)
            .context("no session_id")?
            .to_owned())
    }

    /// Ends a session by `DELETE path/ID`.
    pub(super) fn end(&self, path: &str, session: &str) -> anyhow::Result<()> {
        let url = format!("http://{}{path}/{session}", self.address);
        self.http.delete(url).send()?.error_for_status()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It was not waited for yet, so the id is still its own.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}
