//! A WebSocket of the native wire.

use js_sys::{ArrayBuffer, Uint8Array};
use sempre_protocol::SUBPROTOCOL;
use wasm_bindgen::JsCast;
use web_sys::{BinaryType, MessageEvent, WebSocket};

use super::listen::Listener;
use crate::browser::SocketEvent;

/// An open or opening socket; dropping it closes it, and nothing is heard of it any more.
pub struct Socket {
    socket: WebSocket,
    _listeners: [Listener; 2],
}

impl Socket {
    /// Opens `path` on this page's server. `heard` gets every frame, then `Closed`. None if the browser refuses
    /// the address.
    pub fn open(path: &str, heard: impl Fn(SocketEvent) + Clone + 'static) -> Option<Self> {
        let location = web_sys::window()?.location();
        let scheme = if location.protocol().ok()? == "https:" {
            "wss:"
        } else {
            "ws:"
        };
        let url = format!("{scheme}//{}{path}", location.host().ok()?);
        let socket = WebSocket::new_with_str(&url, SUBPROTOCOL).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let on_message = {
            let heard = heard.clone();
            Listener::new(&socket, "message", false, move |event| {
                let data = event.unchecked_into::<MessageEvent>().data();
                if let Some(text) = data.as_string() {
                    heard(SocketEvent::Text(text));
                } else if let Ok(buffer) = data.dyn_into::<ArrayBuffer>() {
                    heard(SocketEvent::Binary(Uint8Array::new(&buffer).to_vec()));
                }
            })
        };
        // A socket that cannot be opened says `close` as well.
        let on_close = Listener::new(&socket, "close", false, move |_| heard(SocketEvent::Closed));
        Some(Self {
            socket,
            _listeners: [on_message, on_close],
        })
    }

    /// Sends a text frame. One that cannot be sent is lost with its connection, which `Closed` will tell.
    pub fn send_text(&self, text: &str) {
        let _ = self.socket.send_with_str(text);
    }

    /// Sends a binary frame, like [`Self::send_text`].
    pub fn send_bytes(&self, bytes: &[u8]) {
        let _ = self.socket.send_with_u8_array(bytes);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = self.socket.close();
    }
}
