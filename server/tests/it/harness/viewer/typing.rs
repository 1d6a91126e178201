//! What a viewer sends.

use std::time::Duration;

use futures_util::SinkExt;
use sempre_protocol::Offset;
use sempre_protocol::frames::ClientFrame;
use sempre_protocol::texts::ClientText;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::Viewer;
use crate::harness::random_id;

/// Largest piece of a paste sent at once, bytes.
const PIECE_BYTES: usize = 32 * 1024;

impl Viewer {
    pub(crate) async fn send(&mut self, message: Message) {
        // A connection that is over shows in the next wait.
        let _ = self.ws.send(message).await;
    }

    pub(crate) async fn say(&mut self, text: &ClientText) {
        self.send(Message::text(serde_json::to_string(text).unwrap()))
            .await;
    }

    /// Sends an input frame as it is.
    pub(crate) async fn send_input(&mut self, offset: u64, bytes: &[u8]) {
        let mut frame = Vec::new();
        let offset = Offset(offset);
        ClientFrame::Input { offset, bytes }.encode(&mut frame);
        self.send(Message::binary(frame)).await;
    }

    /// Sends input that no person typed.
    pub(crate) async fn report(&mut self, bytes: &[u8]) {
        self.send_input(self.sent, bytes).await;
        self.sent += bytes.len() as u64;
    }

    /// Types.
    pub(crate) async fn type_in(&mut self, text: &str) {
        self.say(&ClientText::Typing).await;
        self.report(text.as_bytes()).await;
    }

    /// Types a command that prints what no echo of it does, and waits until it has run.
    pub(crate) async fn run(&mut self, command: &str) {
        let tag = random_id();
        let (head, rest) = tag.split_at(16);
        self.type_in(&format!("{command}; echo {head}''{rest}\r")).await;
        self.until_output(&tag).await;
    }

    /// Sends as much as the window allows at any time, until all is sent.
    pub(crate) async fn paste(&mut self, bytes: &[u8]) {
        self.say(&ClientText::Typing).await;
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.hello.input_window - (self.sent - self.acked);
            let count = rest.len().min(PIECE_BYTES).min(usize::try_from(room).unwrap());
            if count == 0 {
                let before = self.acked;
                self.until("room in the input window", |viewer| viewer.acked > before)
                    .await;
                continue;
            }
            let (piece, after) = rest.split_at(count);
            self.report(piece).await;
            rest = after;
            self.take_waiting().await;
        }
    }

    /// Takes what has come already.
    async fn take_waiting(&mut self) {
        while timeout(Duration::ZERO, self.step())
            .await
            .is_ok_and(|went_on| went_on)
        {}
    }
}
