//! A client of the socket of JSON lines.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{LONG, Server, TestDir};

/// A connection.
#[derive(Debug)]
pub(crate) struct Ipc {
    stream: UnixStream,
    read: Vec<u8>,
}

impl Ipc {
    /// The socket of a data directory, by a path that fits an address as long as the directory is open.
    pub(crate) fn socket(dir: &TestDir) -> (File, PathBuf) {
        let directory = File::open(dir.data()).unwrap();
        let path = format!("/proc/self/fd/{}/server.sock", directory.as_raw_fd());
        (directory, path.into())
    }

    pub(crate) async fn connect(server: &Server) -> Self {
        let (_directory, path) = Self::socket(server.dir());
        Self {
            stream: UnixStream::connect(path).await.expect("the server listens"),
            read: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends as much as the server takes.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next line; none: the server has closed the connection.
    pub(crate) async fn line(&mut self) -> Option<Value> {
        timeout(LONG, self.read_line())
            .await
            .expect("the server says something")
    }

    async fn read_line(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.read.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            // Closed with something unread: that is an end as well.
            match self.stream.read_buf(&mut self.read).await {
                Ok(0) | Err(_) => {
                    assert!(self.read.is_empty(), "an unfinished line: {:?}", self.read);
                    return None;
                }
                Ok(_) => {}
            }
        }
    }

    /// Sends a request and reads the next line.
    pub(crate) async fn ask(&mut self, request: &Value) -> Value {
        self.send(format!("{request}\n").as_bytes()).await;
        self.line().await.expect("an answer")
    }

    /// Whether nothing comes but the end.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.line().await.is_none()
    }
}
