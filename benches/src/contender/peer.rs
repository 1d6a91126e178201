//! The peers: small servers in `benches/peers/` around what people build web terminals with.

use std::collections::VecDeque;
use std::env;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use super::program::Program;
use super::socket;
use super::{Column, Contender, Manner, Seen, Server, Viewer};
use crate::processes::{Pids, children};

const SESSIONS: &str = "/sessions";
/// The node server hears of what was drawn after this much, bytes, as VS Code does it.
const ACK_BYTES: usize = 5_000;

/// terminado in the environment `cargo xtask bench` made for it.
pub(crate) struct Terminado;

impl Contender for Terminado {
    fn column(&self) -> Column {
        Column::Terminado
    }

    fn version(&self) -> Result<String, String> {
        let python = installed("SEMPRE_BENCH_PYTHON")?;
        let script = "import sys, terminado, tornado; \
                      print('terminado', terminado.__version__, 'tornado', tornado.version, 'Python', sys.version.split()[0])";
        said(Command::new(python).args(["-c", script]))
    }

    fn start(&self, _scrollback: usize) -> anyhow::Result<Box<dyn Server>> {
        let python = installed("SEMPRE_BENCH_PYTHON").map_err(anyhow::Error::msg)?;
        let mut command = Command::new(python);
        command.arg(peers().join("terminado/server.py"));
        let program = Program::start(&mut command)?;
        Ok(Box::new(Peer {
            program,
            column: Column::Terminado,
        }))
    }
}

/// node-pty, @xterm/headless, ws.
pub(crate) struct Node;

impl Contender for Node {
    fn column(&self) -> Column {
        Column::Node
    }

    fn version(&self) -> Result<String, String> {
        let node = installed("SEMPRE_BENCH_NODE")?;
        let lock =
            std::fs::read(peers().join("node/package-lock.json")).map_err(|error| error.to_string())?;
        let lock: Value = serde_json::from_slice(&lock).map_err(|error| error.to_string())?;
        let version = |name: &str| {
            let found = lock.pointer(&format!(
                "/packages/node_modules~1{}/version",
                name.replace('/', "~1")
            ));
            format!("{name} {}", found.and_then(Value::as_str).unwrap_or("?"))
        };
        let names = ["node-pty", "@xterm/headless", "@xterm/addon-serialize", "ws"];
        let runtime = said(Command::new(node).arg("--version"))?;
        Ok(format!("{}, node {runtime}", names.map(version).join(" ")))
    }

    fn start(&self, scrollback: usize) -> anyhow::Result<Box<dyn Server>> {
        let node = installed("SEMPRE_BENCH_NODE").map_err(anyhow::Error::msg)?;
        let mut command = Command::new(node);
        command
            .arg(peers().join("node/server.mjs"))
            .arg(scrollback.to_string())
            .env("NODE_ENV", "production");
        let program = Program::start(&mut command)?;
        Ok(Box::new(Peer {
            program,
            column: Column::Node,
        }))
    }
}

/// Where the peers' sources are.
fn peers() -> std::path::PathBuf {
    let root = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| "benches".into());
    Path::new(&root).join("peers")
}

/// The interpreter that `cargo xtask bench` names, or why there is none.
fn installed(variable: &str) -> Result<String, String> {
    env::var(variable).map_err(|_| {
        env::var(format!("{variable}_MISSING"))
            .unwrap_or_else(|_| format!("{variable} is not set; run `cargo xtask bench`"))
    })
}

/// What a program says on its standard output.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A running peer.
struct Peer {
    program: Program,
    column: Column,
}

impl Server for Peer {
    fn column(&self) -> Column {
        self.column
    }

    fn create(&self, command: &[&str]) -> anyhow::Result<String> {
        self.program.create(SESSIONS, command)
    }

    fn attach(&self, session: &str, _manner: Manner) -> anyhow::Result<Box<dyn Viewer>> {
        let mut socket = socket::connect(&self.program.address, &format!("/ws/{session}"))?;
        if self.column == Column::Node {
            return Ok(Box::new(NodeViewer {
                socket,
                unacked_bytes: 0,
                has_screen: false,
            }));
        }
        socket::say(&mut socket, json!(["set_size", 24, 80]).to_string())?;
        Ok(Box::new(TerminadoViewer { socket }))
    }

    fn end(&self, session: &str) -> anyhow::Result<()> {
        self.program.end(SESSIONS, session)
    }

    fn pids(&self) -> anyhow::Result<Pids> {
        Ok(Pids {
            server: Some(self.program.pid()),
            holders: Vec::new(),
            shells: children(&[self.program.pid()])?,
        })
    }

    fn rest(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn snapshot(&self, session: &str) -> anyhow::Result<Option<(f64, usize)>> {
        if self.column != Column::Node {
            return Ok(None);
        }
        let url = format!("http://{}{SESSIONS}/{session}/snapshot", self.program.address);
        let answer = self.program.http.get(url).send()?.error_for_status()?;
        let ms = answer
            .headers()
            .get("x-serialize-ms")
            .context("no time was told")?;
        let ms = ms.to_str()?.parse()?;
        Ok(Some((ms, answer.bytes()?.len())))
    }
}

/// A viewer that speaks terminado's JSON; it has no word for "drawn".
struct TerminadoViewer {
    socket: WebSocket<TcpStream>,
}

impl Viewer for TerminadoViewer {
    fn next(&mut self) -> anyhow::Result<Seen> {
        let Message::Text(text) = self.socket.read()? else {
            return Ok(Seen::Other);
        };
        let mut message: VecDeque<Value> = serde_json::from_str(&text)?;
        match (message.pop_front(), message.pop_front()) {
            (Some(Value::String(kind)), Some(Value::String(output))) if kind == "stdout" => {
                Ok(Seen::Output(Bytes::from(output)))
            }
            (Some(Value::String(kind)), _) if kind == "disconnect" => bail!("the program ended"),
            _ => Ok(Seen::Other),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let text = std::str::from_utf8(bytes)?;
        socket::say(&mut self.socket, json!(["stdin", text]).to_string())
    }

    fn drawn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}

/// A viewer of the node server: a screen first, then bytes, acknowledged as they are drawn.
struct NodeViewer {
    socket: WebSocket<TcpStream>,
    unacked_bytes: usize,
    has_screen: bool,
}

impl Viewer for NodeViewer {
    fn next(&mut self) -> anyhow::Result<Seen> {
        let Message::Binary(bytes) = self.socket.read()? else {
            return Ok(Seen::Other);
        };
        self.unacked_bytes += bytes.len();
        if self.has_screen {
            return Ok(Seen::Output(bytes));
        }
        self.has_screen = true;
        Ok(Seen::Screen(bytes.len(), bytes.to_vec()))
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::Binary(Bytes::copy_from_slice(bytes)))?)
    }

    fn drawn(&mut self) -> anyhow::Result<()> {
        if self.unacked_bytes < ACK_BYTES {
            return Ok(());
        }
        let ack = json!({ "ack": self.unacked_bytes });
        self.unacked_bytes = 0;
        socket::say(&mut self.socket, ack.to_string())
    }
}
