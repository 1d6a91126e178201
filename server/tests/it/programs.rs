//! The API for programs: run, type, wait, follow, on a session a person may watch (issue rows T8 and the like).

mod input;
mod run;
mod shell_integration;
mod waiting;

use sempre_protocol::SessionId;
use sempre_protocol::programs::{RunResult, WaitResult};
use serde_json::{Value, json};

use crate::harness::{Answer, Call, Server};

async fn post(server: &Server, id: SessionId, what: &str, body: Value) -> Answer {
    let call = Call::post(&format!("/api/v1/sessions/{id}/{what}")).json(&body);
    server.ask(call).await
}

async fn run(server: &Server, id: SessionId, command: &str) -> RunResult {
    let answer = post(server, id, "run", json!({ "command": command })).await;
    assert_eq!(answer.status, 200, "{command:?}: {}", answer.text());
    answer.json()
}

async fn waited(server: &Server, id: SessionId, body: Value) -> WaitResult {
    let answer = post(server, id, "wait", body.clone()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.json()
}

async fn shell(server: &Server, shell: &str) -> SessionId {
    server.create(json!({ "shell": shell })).await
}
