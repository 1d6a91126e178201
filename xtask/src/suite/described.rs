//! The API against its description: schemathesis asks a real server for everything that `docs/openapi.json` describes,
//! and for much that it does not, and compares the answers with it.
//!
//! `xtask/schemathesis/schemathesis.toml` says how, and what is left out and why.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::browser_programs::require_python;
use super::{Report, Suite};
use crate::python;
use crate::workspace::without_sempre;

const REQUIREMENTS: &str = "xtask/schemathesis/requirements.txt";
const CONFIG: &str = "xtask/schemathesis/schemathesis.toml";
const DESCRIPTION: &str = "docs/openapi.json";
/// Its sessions repeat what is typed and know no commands: what is sent here is random.
const SHELL: &str = "/bin/cat";

/// What is not asked, and why.
const LEFT_OUT: [(&str, &str); 5] = [
    ("wait", "lasts as long as it is told to; `it::programs` waits"),
    (
        "import_session",
        "a file, and not any text; `cli::import` brings good and broken ones",
    ),
    ("follow_list", "a stream without an end; `it::api` listens to it"),
    (
        "follow_session",
        "a stream without an end; `it::programs` listens to it",
    ),
    (
        "follow_pty",
        "a stream without an end; `it::compat_pty` listens to it",
    ),
];

/// Runs it.
pub(super) fn check(suite: &Suite<'_>) -> Result<Report> {
    require_python(suite)?;
    let programs = python::environment(suite.workspace, "schemathesis", REQUIREMENTS)?;
    let root = &suite.workspace.root;
    let server = Server::start(suite)?;
    let session = server.post("/api/v1/sessions", &json!({ "ttl": 0 }), "session_id")?;
    let ended = server.post("/api/v1/sessions", &json!({ "ttl": 0 }), "session_id")?;
    let pty = server.post("/session/described/pty", &json!({ "idle": 0 }), "ptyID")?;
    let mut command = Command::new(programs.join("schemathesis"));
    without_sempre(&mut command);
    command
        .arg("--config-file")
        .arg(root.join(CONFIG))
        .arg("run")
        .arg(root.join(DESCRIPTION))
        .args(["--url", &format!("http://{}", server.address), "--no-color"])
        .env("SEMPRE_OPENAPI_SESSION", session)
        .env("SEMPRE_OPENAPI_ENDED", ended)
        .env("SEMPRE_OPENAPI_PTY", pty)
        .current_dir(suite.temp.path());
    for (operation, _) in LEFT_OUT {
        command.args(["--exclude-operation-id", operation]);
    }
    let finished = suite.quiet("openapi", &mut command)?;
    server.stop()?;
    if !finished.success {
        bail!("{}", finished.report());
    }
    Ok(Report::ok())
}

/// A server that lets everyone in, on a port of its own.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(suite: &Suite<'_>) -> Result<Self> {
        let dir = suite.temp.path().join("openapi");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let log = suite.workspace.scratch("logs/openapi-server.log")?;
        let mut command = Command::new(suite.workspace.program(suite.profile(), "sempre"));
        without_sempre(&mut command);
        suite.prepare(&mut command);
        command
            .args(["serve", "--no-auth", "--listen", "127.0.0.1:0", "--end-sessions"])
            .args(["--shell", SHELL, "--max-creates-per-minute", "0", "--data-dir"])
            .arg(dir.join("data"))
            .env("HOME", &dir)
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).with_context(|| format!("cannot write {}", log.display()))?);
        let mut child = command.spawn().context("cannot start the server")?;
        let address = address(&mut child);
        // From here on it is ended with the value.
        let server = Self {
            address: address.as_deref().unwrap_or_default().to_owned(),
            child,
        };
        match address {
            Some(_) => Ok(server),
            None => bail!("the server did not start\n{}", tail(&log)),
        }
    }

    /// Makes something by an API call; what the answer has as `field`.
    fn post(&self, path: &str, body: &Value, field: &str) -> Result<String> {
        let answer = self
            .exchange(path, &body.to_string())
            .with_context(|| format!("cannot ask {path}"))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        ensure!(head.starts_with("HTTP/1.1 201"), "{path} was answered\n{answer}");
        let body: Value =
            serde_json::from_str(body).with_context(|| format!("{path} was answered {body}"))?;
        let value = body.get(field).and_then(Value::as_str);
        Ok(value
            .with_context(|| format!("the answer of {path} has no {field}"))?
            .to_owned())
    }

    fn exchange(&self, path: &str, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        let (address, length) = (&self.address, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Asks it to end its sessions and itself.
    fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("cannot stop the server")?;
        let status = self.child.wait().context("cannot wait for the server")?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After a failure; it ends its sessions then, too. One that has ended is asked in vain.
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// Where it listens; none if it ended without a word of that.
fn address(child: &mut Child) -> Option<String> {
    let stdout = BufReader::new(child.stdout.take()?);
    let mut lines = stdout.lines().map_while(Result::ok);
    let line = lines.find_map(|line| {
        let rest = line.strip_prefix("sempre: listening on http://")?;
        Some(rest.split('/').next()?.to_owned())
    });
    // It may say more, and must not wait for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    line
}

fn tail(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}
