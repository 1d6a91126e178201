//! `GET /api/v1/openapi.json` (row T12): the HTTP API as OpenAPI 3.1, its schemas made from the types that are sent.
//!
//! Every route stands in [`operations`], or in the tests' list of those that do not, with the reason; a test compares
//! that with the routers, and the answer with `docs/openapi.json`.

mod operations;
mod page;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::ServerState;
use super::login::LoginForm;
use super::proof::{As, Viewer};
use operations::{Answer, Body, Kind, Operation, Parameter, operations};
pub(super) use page::page;
use sempre_protocol::compat::{chat, pty};
use sempre_protocol::{api, door, events, history, programs, recording, stats, viewers};

/// The types that are sent; those they hold come along.
#[derive(OpenApi)]
#[openapi(components(schemas(
    api::CreateSession,
    api::CreatedSession,
    api::Health,
    api::LogLevels,
    api::Problem,
    api::ResizeSession,
    api::SessionInfo,
    api::SessionState,
    api::Shells,
    chat::ChatAnswer,
    chat::ChatRequest,
    chat::ChatUnfinished,
    door::AuditEntry,
    door::CreateKey,
    door::CreateShare,
    door::CreatedKey,
    door::CreatedShare,
    door::KeyInfo,
    door::LoginInfo,
    door::PutUser,
    door::ShareInfo,
    door::UserInfo,
    events::SessionEvent,
    history::HistoryMatches,
    history::HistoryPage,
    LoginForm,
    programs::InputTaken,
    programs::ProgramEvent,
    programs::RunCommand,
    programs::RunResult,
    programs::ScreenPage,
    programs::SendInput,
    programs::SendSignal,
    programs::WaitRequest,
    programs::WaitResult,
    pty::CreatePty,
    pty::PtyData,
    pty::PtyExit,
    pty::PtyInfo,
    pty::PtyInput,
    pty::PtySnapshot,
    pty::PtyWritten,
    pty::ResizePty,
    recording::RecordedInput,
    stats::Stats,
    viewers::ViewerInfo,
)))]
struct Schemas;

/// The description; it is the same as long as the program runs.
static DESCRIPTION: LazyLock<Value> = LazyLock::new(describe);

/// Answers with the description.
pub(super) async fn json(_: As<Viewer>, State(state): State<ServerState>) -> Json<Value> {
    let mut described = DESCRIPTION.clone();
    let base = state.base_path().as_str();
    if !base.is_empty() {
        put(&mut described, "servers", json!([{ "url": base }]));
    }
    Json(described)
}

fn describe() -> Value {
    let mut described = serde_json::to_value(Schemas::openapi()).unwrap_or_default();
    put(
        &mut described,
        "info",
        json!({
            "title": "Sempre",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Terminal sessions that are always there. How programs use them: docs/api.md.",
            "license": { "name": "MIT OR Apache-2.0" },
        }),
    );
    put(&mut described, "servers", json!([{ "url": "/" }]));
    let schemes = security_schemes();
    let any: Vec<_> = schemes
        .iter()
        .flat_map(|schemes| schemes.keys())
        .map(|name| json!({ name: [] }))
        .collect();
    put(&mut described, "security", Value::Array(any));
    if let Some(components) = described.get_mut("components") {
        put(components, "securitySchemes", json!(schemes));
        put(components, "responses", json!({ "Problem": problem() }));
    }
    let mut paths = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        put(path, operation.method, operation_of(operation));
    }
    put(&mut described, "paths", Value::Object(paths));
    described
}

/// The ways to show a credential; one is enough.
fn security_schemes() -> Option<Map<String, Value>> {
    let schemes = json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The server's token, an API key, or a signed token (JWT)",
        },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "sempre",
            "description": "A browser's login; the name goes on with eight digits of the server's own",
        },
        "query": {
            "type": "apiKey",
            "in": "query",
            "name": "token",
            "description": "As bearer, for clients that can set no header",
        },
    });
    schemes.as_object().cloned()
}

fn problem() -> Value {
    json!({
        "description": "What went wrong, and what to do (RFC 9457)",
        "content": { "application/problem+json": { "schema": schema("Problem") } },
    })
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

fn schema(name: &str) -> Value {
    match name.strip_suffix("[]") {
        Some(item) => json!({ "type": "array", "items": schema(item) }),
        None if name.is_empty() => json!({}),
        None => json!({ "$ref": format!("#/components/schemas/{name}") }),
    }
}

/// The parameters in a path.
fn in_path(path: &str) -> impl Iterator<Item = Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        let kind = match name {
            "id" | "key" | "login" | "share" => Kind::Id,
            "viewer" => Kind::Number,
            _ => Kind::Text,
        };
        json!({ "name": name, "in": "path", "required": true, "schema": kind_schema(kind) })
    })
}

fn in_query(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": "query",
        "description": parameter.meaning,
        "required": parameter.required,
        "schema": kind_schema(parameter.kind),
    })
}

fn kind_schema(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Number => json!({ "type": "integer", "minimum": 0 }),
        Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
        Kind::Id => json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" }),
    }
}

/// What it answers when it goes well, by status.
fn answers(operation: &Operation) -> Map<String, Value> {
    let one = |status: u16, content: Option<Value>| {
        let mut answer = json!({ "description": operation.summary });
        if let Some(content) = content {
            put(&mut answer, "content", content);
        }
        (status.to_string(), answer)
    };
    let media = |types: &[(&str, &str)]| {
        let types = types.iter();
        let types = types.map(|(kind, name)| ((*kind).to_owned(), json!({ "schema": schema(name) })));
        Some(Value::Object(types.collect()))
    };
    match operation.answer {
        Answer::Json(status, name) => Map::from_iter([one(status, media(&[("application/json", name)]))]),
        Answer::Media(types) => Map::from_iter([one(200, media(types))]),
        Answer::Events(names) => {
            let any: Vec<_> = names.iter().map(|name| schema(name)).collect();
            let events = json!({ "text/event-stream": { "schema": { "anyOf": any } } });
            Map::from_iter([one(200, Some(events)), one(204, None)])
        }
        Answer::Form(status) => Map::from_iter([one(status, media(&[("text/html", "")]))]),
        Answer::Redirect => Map::from_iter([one(303, None)]),
        Answer::Nothing => Map::from_iter([one(204, None)]),
    }
}

fn operation_of(operation: &Operation) -> Value {
    let mut responses = answers(operation);
    let problem = match operation.answer {
        // The page again, with what is wrong.
        Answer::Form(_) | Answer::Redirect => {
            let mut problem = problem();
            if let Some(content) = problem.get_mut("content") {
                put(content, "text/html", json!({ "schema": {} }));
            }
            problem
        }
        _ => json!({ "$ref": "#/components/responses/Problem" }),
    };
    responses.insert("4XX".into(), problem.clone());
    responses.insert("5XX".into(), problem);
    let needs = match operation.role {
        Some(role) => format!("Needs the role {}.", role.word()),
        None => "Open to anyone.".to_owned(),
    };
    let parameters = in_path(operation.path).chain(operation.query.iter().map(in_query));
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": needs,
        "parameters": parameters.collect::<Vec<_>>(),
        "responses": responses,
    });
    if operation.role.is_none() {
        put(&mut described, "security", json!([]));
    }
    if let Some(body) = operation.body {
        let (kind, schema) = match body {
            Body::Json(name) => ("application/json", schema(name)),
            Body::Form(name) => ("application/x-www-form-urlencoded", schema(name)),
            Body::Media(kind) => (kind, json!({ "type": "string" })),
        };
        put(
            &mut described,
            "requestBody",
            json!({
                "required": true,
                "content": { kind: { "schema": schema } },
            }),
        );
    }
    described
}
