//! A client that attaches again whenever its connection is gone, as the page does: `from` where its output ends,
//! the same writer, and input sent again from where the server says.

use sempre_protocol::SessionId;
use tokio::time::{Instant, timeout};

use super::{LONG, LOOK, Server, Viewer, find, random_id};

/// A client that never gives up.
#[derive(Debug)]
pub(crate) struct Reconnecting {
    id: SessionId,
    writer: String,
    viewer: Option<Viewer>,
    /// All output, over all connections.
    pub(crate) output: Vec<u8>,
    /// All input; what is not acknowledged is sent again.
    typed: Vec<u8>,
    pub(crate) connections: usize,
}

impl Reconnecting {
    pub(crate) fn new(id: SessionId) -> Self {
        Self {
            id,
            writer: random_id(),
            viewer: None,
            output: Vec::new(),
            typed: Vec::new(),
            connections: 0,
        }
    }

    /// Types; sent now or with the next connection.
    pub(crate) async fn type_in(&mut self, text: &str) {
        self.typed.extend_from_slice(text.as_bytes());
        self.send_pending().await;
    }

    async fn send_pending(&mut self) {
        let Some(viewer) = &mut self.viewer else { return };
        let from = usize::try_from(viewer.sent).unwrap();
        let room = usize::try_from(viewer.hello.input_window - (viewer.sent - viewer.acked)).unwrap();
        let pending = &self.typed[from..];
        let pending = &pending[..pending.len().min(room)];
        if !pending.is_empty() {
            viewer.report(pending).await;
        }
    }

    /// Attaches if it is not attached; false if that was not possible now.
    async fn connect(&mut self, server: &Server) -> bool {
        if self.viewer.is_none() {
            let query = format!("from={}&writer={}", self.output.len(), self.writer);
            let Ok(viewer) = server.try_attach(self.id, &query).await else {
                return false;
            };
            assert!(
                !viewer.hello.reset,
                "what it asked for is there: {:?}",
                viewer.hello
            );
            assert_eq!(viewer.hello.offset.0, self.output.len() as u64);
            let written = usize::try_from(viewer.hello.input_offset.0).unwrap();
            assert!(written <= self.typed.len(), "no more was written than was typed");
            self.viewer = Some(viewer);
            self.connections += 1;
            self.send_pending().await;
        }
        true
    }

    /// Takes one message, attaching before if need be.
    pub(crate) async fn step(&mut self, server: &Server) {
        if !self.connect(server).await {
            tokio::time::sleep(LOOK).await;
            return;
        }
        let viewer = self.viewer.as_mut().unwrap();
        // Short: who drives this has servers to kill meanwhile.
        let over = timeout(LOOK, viewer.step()).await.is_ok_and(|went_on| !went_on);
        self.output.append(&mut viewer.output);
        viewer.base = self.output.len() as u64;
        if over || viewer.closed.is_some() {
            self.viewer = None;
        } else {
            self.send_pending().await;
        }
    }

    /// Goes on until `done`.
    pub(crate) async fn until(&mut self, server: &Server, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + LONG;
        while !done(self) {
            assert!(Instant::now() < deadline, "waited {LONG:?} for {what}");
            self.step(server).await;
        }
    }

    /// Goes on until the output ends with `needle`'s first occurrence after `from`.
    pub(crate) async fn until_output(&mut self, server: &Server, needle: &str, from: usize) {
        let mut looked = from;
        self.until(server, needle, |client| {
            let found = find(&client.output, needle.as_bytes(), looked);
            looked = looked.max(client.output.len().saturating_sub(needle.len()));
            found.is_some()
        })
        .await;
    }
}
