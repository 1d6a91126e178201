//! A Sempre server for measuring, and a viewer of its sessions.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use sempre_protocol::Offset;
use sempre_protocol::frames::{ClientFrame, ServerFrame};
use sempre_protocol::texts::ServerText;
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// A running server; it and its sessions end with the value.
pub(crate) struct Server {
    child: Child,
    address: String,
    http: reqwest::blocking::Client,
    /// Kept open: the server may say more.
    _stdout: BufReader<ChildStdout>,
    _data_dir: TempDir,
}

/// What a viewer sees next.
pub(crate) enum Seen {
    /// Output bytes.
    Output(Vec<u8>),
    /// The session ended.
    Exit,
    /// Anything else.
    Other,
}

impl Server {
    /// Starts one on a free port.
    pub(crate) fn start(program: &Path) -> anyhow::Result<Self> {
        let data_dir = tempfile::Builder::new().prefix("sempre-bench-").tempdir()?;
        let mut child = Command::new(program)
            .args([
                "serve",
                "--no-auth",
                "--end-sessions",
                "--listen",
                "127.0.0.1:0",
                "--data-dir",
            ])
            .arg(data_dir.path())
            .env("SEMPRE_LOG_LEVEL", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).context("the server said nothing")?;
        let address = line
            .rsplit_once("http://")
            .map(|(_, url)| url.trim().trim_end_matches('/').to_owned());
        let address = address.with_context(|| format!("no address in {line:?}"))?;
        let http = reqwest::blocking::Client::new();
        Ok(Self {
            child,
            address,
            http,
            _stdout: stdout,
            _data_dir: data_dir,
        })
    }

    /// The server's pid.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts a session; its id.
    pub(crate) fn create(&self, command: &[&str]) -> anyhow::Result<String> {
        let url = format!("http://{}/api/v1/sessions", self.address);
        let answer = self.http.post(url).json(&json!({ "cmd": command })).send()?;
        let body: Value = answer.error_for_status()?.json()?;
        Ok(body
            .get("session_id")
            .and_then(Value::as_str)
            .context("no session_id")?
            .to_owned())
    }

    /// Attaches from the first byte on.
    pub(crate) fn attach(&self, session: &str) -> anyhow::Result<Viewer> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{}/ws/sessions/{session}?from=0&lag=wait", self.address);
        let (socket, _) = tungstenite::client(url, stream).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Viewer {
            socket,
            typed: Offset::ZERO,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// A client of one session.
pub(crate) struct Viewer {
    socket: WebSocket<TcpStream>,
    typed: Offset,
}

impl Viewer {
    /// Waits for the next frame.
    pub(crate) fn next(&mut self) -> anyhow::Result<Seen> {
        match self.socket.read()? {
            Message::Binary(frame) => match ServerFrame::decode(&frame)? {
                ServerFrame::Output { bytes, .. } => Ok(Seen::Output(bytes.to_vec())),
                ServerFrame::Snapshot { .. } => bail!("a snapshot with lag=wait"),
            },
            Message::Text(json) => match serde_json::from_str(&json)? {
                ServerText::Exit { .. } => Ok(Seen::Exit),
                _ => Ok(Seen::Other),
            },
            _ => Ok(Seen::Other),
        }
    }

    /// Types.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut frame = Vec::new();
        ClientFrame::Input {
            offset: self.typed,
            bytes,
        }
        .encode(&mut frame);
        self.typed = self.typed.plus(bytes.len() as u64);
        self.socket.send(Message::Binary(frame.into()))?;
        Ok(())
    }
}
