//! Sempre: release build, default settings, journal, holder and engine on.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use flate2::read::DeflateDecoder;
use sempre_protocol::Offset;
use sempre_protocol::frames::{BYTES_HEADER, ClientFrame, SNAPSHOT_DEFLATE_RAW, SNAPSHOT_MORE, ServerFrame};
use sempre_protocol::texts::{ClientText, ServerText};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

use super::program::Program;
use super::{Column, Contender, Manner, Seen, Server, Viewer, socket};
use crate::processes::{Pids, children};

const SESSIONS: &str = "/api/v1/sessions";
/// More sessions than the defaults allow one user; not a matter of speed.
const MOST_SESSIONS: &str = "2000";

/// The server that is to be measured.
pub(crate) struct Sempre {
    /// Its release build.
    pub(crate) program: PathBuf,
}

impl Contender for Sempre {
    fn column(&self) -> Column {
        Column::Sempre
    }

    fn version(&self) -> Result<String, String> {
        let output = Command::new(&self.program).arg("--version").output();
        let output = output.map_err(|error| format!("{}: {error}", self.program.display()))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn start(&self, _scrollback: usize) -> anyhow::Result<Box<dyn Server>> {
        let data_dir = tempfile::Builder::new().prefix("data-").tempdir()?;
        let mut command = Command::new(&self.program);
        command
            .args(["serve", "--no-auth", "--end-sessions", "--listen", "127.0.0.1:0"])
            .args(["--max-sessions", MOST_SESSIONS])
            .args(["--max-sessions-per-user", MOST_SESSIONS])
            .args(["--max-creates-per-minute", "0"])
            .args(["--max-sessions-per-group", MOST_SESSIONS])
            .arg("--data-dir")
            .arg(data_dir.path())
            .env("SEMPRE_LOG_LEVEL", "warn");
        Ok(Box::new(Running {
            program: Program::start(&mut command)?,
            _data_dir: data_dir,
        }))
    }
}

struct Running {
    program: Program,
    _data_dir: TempDir,
}

impl Server for Running {
    fn column(&self) -> Column {
        Column::Sempre
    }

    fn create(&self, command: &[&str]) -> anyhow::Result<String> {
        self.program.create(SESSIONS, command)
    }

    fn attach(&self, session: &str, manner: Manner) -> anyhow::Result<Box<dyn Viewer>> {
        let query = match manner {
            Manner::EveryByte => "from=0&lag=wait".to_owned(),
            Manner::Page => "acks=1&lag=skip".to_owned(),
            Manner::PageWithRows(rows) => format!("acks=1&lag=skip&lines={rows}"),
        };
        let path = format!("/ws/sessions/{session}?{query}");
        Ok(Box::new(Native {
            socket: socket::connect(&self.program.address, &path)?,
            acknowledges: manner != Manner::EveryByte,
            typed: Offset::ZERO,
            seen: Offset::ZERO,
            parts: Vec::new(),
        }))
    }

    fn end(&self, session: &str) -> anyhow::Result<()> {
        self.program.end(SESSIONS, session)
    }

    fn pids(&self) -> anyhow::Result<Pids> {
        let holders = children(&[self.program.pid()])?;
        Ok(Pids {
            server: Some(self.program.pid()),
            shells: children(&holders)?,
            holders,
        })
    }

    /// An engine goes after ten seconds without output and viewer.
    fn rest(&self) -> Duration {
        Duration::from_secs(12)
    }
}

/// A viewer on the native wire.
struct Native {
    socket: WebSocket<TcpStream>,
    acknowledges: bool,
    typed: Offset,
    /// The end of what came.
    seen: Offset,
    /// Of a snapshot that is not whole yet.
    parts: Vec<u8>,
}

impl Native {
    fn frame(&mut self, frame: &bytes::Bytes) -> anyhow::Result<Seen> {
        match ServerFrame::decode(frame)? {
            ServerFrame::Output { offset, bytes } => {
                self.seen = offset.plus(bytes.len() as u64);
                Ok(Seen::Output(frame.slice(BYTES_HEADER..)))
            }
            ServerFrame::Snapshot {
                offset, flags, ansi, ..
            } => {
                self.parts.extend_from_slice(ansi);
                if flags & SNAPSHOT_MORE != 0 {
                    return Ok(Seen::Other);
                }
                self.seen = offset;
                let parts = std::mem::take(&mut self.parts);
                let wire_bytes = parts.len();
                Ok(Seen::Screen(wire_bytes, inflated(parts, flags)?))
            }
        }
    }
}

fn inflated(parts: Vec<u8>, flags: u8) -> anyhow::Result<Vec<u8>> {
    if flags & SNAPSHOT_DEFLATE_RAW == 0 {
        return Ok(parts);
    }
    let mut text = Vec::new();
    std::io::copy(&mut DeflateDecoder::new(parts.as_slice()), &mut text).context("a broken snapshot")?;
    Ok(text)
}

impl Viewer for Native {
    fn next(&mut self) -> anyhow::Result<Seen> {
        match self.socket.read()? {
            Message::Binary(frame) => self.frame(&frame),
            Message::Text(json) => match serde_json::from_str(&json)? {
                ServerText::Exit { .. } => bail!("the session ended"),
                ServerText::Error { message, .. } => bail!("{message}"),
                _ => Ok(Seen::Other),
            },
            _ => Ok(Seen::Other),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if self.acknowledges {
            socket::say(&mut self.socket, serde_json::to_string(&ClientText::Typing)?)?;
        }
        let mut frame = Vec::new();
        ClientFrame::Input {
            offset: self.typed,
            bytes,
        }
        .encode(&mut frame);
        self.typed = self.typed.plus(bytes.len() as u64);
        Ok(self.socket.send(Message::Binary(frame.into()))?)
    }

    fn drawn(&mut self) -> anyhow::Result<()> {
        if !self.acknowledges {
            return Ok(());
        }
        let ack = ClientText::Ack { offset: self.seen };
        socket::say(&mut self.socket, serde_json::to_string(&ack)?)
    }
}
