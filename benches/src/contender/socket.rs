//! A WebSocket that gives up on a silent peer instead of waiting for ever.

use std::net::TcpStream;
use std::time::Duration;

use tungstenite::{Message, WebSocket};

/// A peer silent for this long has failed.
const SILENCE: Duration = Duration::from_secs(30);

/// Connects to `ws://address/path`.
pub(super) fn connect(address: &str, path: &str) -> anyhow::Result<WebSocket<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let url = format!("ws://{address}{path}");
    let (socket, _) = tungstenite::client(url, stream).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(socket)
}

/// Sends a text.
pub(super) fn say(socket: &mut WebSocket<TcpStream>, json: String) -> anyhow::Result<()> {
    Ok(socket.send(Message::Text(json.into()))?)
}
