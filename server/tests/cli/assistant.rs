//! `sempre mcp` as an assistant's program starts it, and a real client of the Model Context Protocol that talks to it.

use std::process::Stdio;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientConfig, ProtocolVersion, ServerPeerInfo, Tool,
};
use rmcp::service::{RoleClient, RunningService};
use rmcp::{ClientHandler, ServiceExt};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::Child;
use tokio::time::timeout;

use crate::harness::{LONG, Server};
use crate::program::command;

/// An assistant's program, as far as the protocol goes.
#[derive(Debug, Clone)]
pub(crate) struct Assistant(ProtocolVersion);

impl ClientHandler for Assistant {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.protocol_version = self.0.clone();
        info
    }
}

/// `sempre mcp` and its client; the child is killed when it is dropped.
pub(crate) struct Mcp {
    pub(crate) client: RunningService<RoleClient, Assistant>,
    pub(crate) child: Child,
}

impl Mcp {
    pub(crate) async fn of(server: &Server, flags: &[&str]) -> Self {
        Self::speaking(server, flags, ProtocolVersion::LATEST_WITH_INITIALIZE).await
    }

    pub(crate) async fn speaking(server: &Server, flags: &[&str], version: ProtocolVersion) -> Self {
        let mut command = tokio::process::Command::from(command(&server.home()));
        command.env("SEMPRE_DATA_DIR", server.dir().data());
        command.arg("mcp").args(flags).kill_on_drop(true);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let wire = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let client = timeout(LONG, Assistant(version).serve(wire))
            .await
            .unwrap()
            .unwrap();
        Self { client, child }
    }

    pub(crate) fn server(&self) -> ServerPeerInfo {
        self.client.peer_info().unwrap().as_ref().clone()
    }

    pub(crate) async fn tools(&self) -> Vec<Tool> {
        timeout(LONG, self.client.list_all_tools())
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .tools()
            .await
            .into_iter()
            .map(|tool| tool.name.into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) async fn try_call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        let Value::Object(arguments) = arguments else {
            panic!("{arguments}")
        };
        let call = CallToolRequestParams::new(tool).with_arguments(arguments);
        timeout(LONG, self.client.call_tool(call)).await.unwrap().unwrap()
    }

    /// The data a tool answers; there is text as well.
    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.try_call(tool, arguments).await;
        assert_eq!(result.is_error, Some(false), "{result:?}");
        assert!(!words(&result).is_empty(), "{result:?}");
        result.structured_content.unwrap()
    }

    /// What it says if it fails.
    pub(crate) async fn failed(&self, tool: &'static str, arguments: Value) -> String {
        let result = self.try_call(tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{result:?}");
        words(&result)
    }

    /// What it said on standard error, once it has ended; its code.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        timeout(LONG, stderr.read_to_string(&mut said))
            .await
            .unwrap()
            .unwrap();
        let status = timeout(LONG, self.child.wait()).await.unwrap().unwrap();
        (status.code(), said)
    }
}

/// The text of an answer.
pub(crate) fn words(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|content| content.as_text());
    texts.map(|text| text.text.as_str()).collect()
}
