//! Waiting for what a viewer is sent.

use sempre_protocol::Offset;
use sempre_protocol::texts::{ClientText, ErrorCode, ServerText};
use tokio::time::{Instant, timeout_at};

use super::{Exit, Viewer};
use crate::harness::{LONG, find};

impl Viewer {
    /// Takes messages until `done`.
    pub(crate) async fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + LONG;
        while !done(self) {
            match timeout_at(deadline, self.step()).await {
                Ok(true) => {}
                Ok(false) => panic!("closed before {what}: {}", self.tail()),
                Err(_) => panic!("waited {LONG:?} for {what}: {}", self.tail()),
            }
        }
    }

    /// Takes messages until `needle` came after what the last wait found.
    pub(crate) async fn until_output(&mut self, needle: &str) {
        let mut looked = self.mark;
        let mut found = None;
        self.until(&format!("the output {needle:?}"), |viewer| {
            found = find(&viewer.output, needle.as_bytes(), looked);
            looked = looked.max(viewer.output.len().saturating_sub(needle.len()));
            found.is_some()
        })
        .await;
        self.mark = found.unwrap() + needle.len();
    }

    pub(crate) async fn until_offset(&mut self, offset: u64) {
        let what = format!("output up to {offset}");
        self.until(&what, |viewer| viewer.end() >= offset).await;
    }

    pub(crate) async fn until_exit(&mut self) -> Exit {
        self.until("the exit", |viewer| viewer.exit.is_some()).await;
        self.exit.clone().unwrap()
    }

    /// Takes messages until the connection is over; the close code, if there was one.
    pub(crate) async fn until_closed(&mut self) -> Option<u16> {
        self.until("the close", |viewer| viewer.closed.is_some()).await;
        self.closed.unwrap()
    }

    /// Takes messages until all input has reached the program's terminal.
    pub(crate) async fn until_acked(&mut self) {
        self.until("the last input_ack", |viewer| viewer.acked >= viewer.sent)
            .await;
    }

    /// Takes messages until the text `wanted` picks; those that came before this call count.
    pub(crate) async fn until_text<T>(&mut self, what: &str, wanted: impl Fn(&ServerText) -> Option<T>) -> T {
        let mut found = None;
        self.until(what, |viewer| {
            found = viewer.texts.iter().find_map(&wanted);
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    /// Takes messages until its terminal shows `text`.
    pub(crate) async fn until_shown(&mut self, text: &str) {
        self.until(&format!("{text:?} on the screen"), |viewer| {
            viewer.screen_text().contains(text)
        })
        .await;
    }

    /// Takes messages until an error; its code, and the input offset it tells.
    pub(crate) async fn until_error(&mut self) -> (ErrorCode, Option<Offset>) {
        let error = |text: &ServerText| match text {
            ServerText::Error {
                code,
                message,
                input_offset,
            } => {
                assert!(!message.is_empty());
                Some((*code, *input_offset))
            }
            _ => None,
        };
        self.until_text("an error", error).await
    }

    /// The last error, of a connection that is over.
    pub(crate) fn last_error(&self) -> Option<ErrorCode> {
        self.texts.iter().rev().find_map(|text| match text {
            ServerText::Error { code, .. } => Some(*code),
            _ => None,
        })
    }

    /// Takes messages until a `pong` that answers this.
    pub(crate) async fn ping(&mut self) {
        let pongs = |viewer: &Self| {
            viewer
                .texts
                .iter()
                .filter(|text| **text == ServerText::Pong)
                .count()
        };
        let before = pongs(self);
        self.say(&ClientText::Ping).await;
        self.until("a pong", |viewer| pongs(viewer) > before).await;
    }
}
