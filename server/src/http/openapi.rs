//! `GET /api/v1/openapi.json` (row T12): the HTTP API as OpenAPI 3.1, its schemas made from the types that are sent.
//!
//! Every route below `/api/v1` stands in [`operations`]; a test compares that with the router, and the answer with
//! `docs/openapi.json`.

mod operations;
mod page;

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::ServerState;
use super::proof::{As, Viewer};
use operations::{Answer, OPERATIONS, Operation};
pub(super) use page::page;
use sempre_protocol::{api, events, history, programs, viewers};

/// The types that are sent; those they hold come along.
#[derive(OpenApi)]
#[openapi(components(schemas(
    api::CreateSession,
    api::CreatedSession,
    api::Health,
    api::Problem,
    api::ResizeSession,
    api::SessionInfo,
    api::SessionState,
    api::Shells,
    events::SessionEvent,
    history::HistoryMatches,
    history::HistoryPage,
    programs::InputTaken,
    programs::ProgramEvent,
    programs::RunCommand,
    programs::RunResult,
    programs::ScreenPage,
    programs::SendInput,
    programs::SendSignal,
    programs::WaitRequest,
    programs::WaitResult,
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
    put(&mut described, "security", json!([{ "token": [] }]));
    if let Some(components) = described.get_mut("components") {
        let token = json!({ "token": { "type": "http", "scheme": "bearer" } });
        put(components, "securitySchemes", token);
    }
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        put(path, operation.method, operation_of(operation));
    }
    put(&mut described, "paths", Value::Object(paths));
    described
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

fn schema(name: &str) -> Value {
    match name.strip_suffix("[]") {
        Some(item) => json!({ "type": "array", "items": schema(item) }),
        None => json!({ "$ref": format!("#/components/schemas/{name}") }),
    }
}

fn operation_of(operation: &Operation) -> Value {
    let in_path = operation
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let in_query = operation.query.iter().map(|(name, kind, meaning)| {
        json!({ "name": name, "in": "query", "description": meaning, "schema": { "type": kind } })
    });
    let (status, content) = match operation.answer {
        Answer::Json(status, name) => (status, json!({ "application/json": { "schema": schema(name) } })),
        Answer::Other(kind) => (200, json!({ kind: { "schema": { "type": "string" } } })),
        Answer::Events(name) => (200, json!({ "text/event-stream": { "schema": schema(name) } })),
        Answer::Nothing => (204, Value::Null),
    };
    let mut answer = json!({ "description": operation.summary });
    if !content.is_null() {
        put(&mut answer, "content", content);
    }
    let problem = json!({
        "description": "What went wrong, and what to do",
        "content": { "application/problem+json": { "schema": schema("Problem") } },
    });
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": format!("Needs the role {}.", operation.role.word()),
        "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
        "responses": { status.to_string(): answer, "4XX": problem, "5XX": problem },
    });
    if let Some(body) = operation.body {
        put(
            &mut described,
            "requestBody",
            json!({
                "required": true,
                "content": { "application/json": { "schema": schema(body) } },
            }),
        );
    }
    described
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The routes of the router's source, `method path`.
    fn routes() -> BTreeSet<String> {
        let source = include_str!("router.rs");
        let api = source.split("Router::new()").nth(1).unwrap();
        let mut routes = BTreeSet::new();
        for route in api.split(".route(").skip(1) {
            let mut quoted = route.split('"');
            let path = quoted.nth(1).unwrap();
            let methods = route.split('"').nth(2).unwrap();
            let methods = methods.split(".fallback").next().unwrap();
            for method in ["get", "post", "put", "delete", "patch"] {
                if methods.contains(&format!("{method}(")) {
                    routes.insert(format!("{method} /api/v1{path}"));
                }
            }
        }
        routes
    }

    #[test]
    fn t12_every_route_of_the_api_is_described() {
        let described: BTreeSet<_> = OPERATIONS
            .iter()
            .map(|operation| format!("{} {}", operation.method, operation.path))
            .collect();
        let routes = routes();
        assert!(routes.len() > 20, "{routes:?}");
        assert_eq!(
            routes, described,
            "add what differs to server/src/http/openapi/operations.rs"
        );
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let described = describe();
        let text = described.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(!described["components"]["schemas"][name].is_null(), "{name}");
        }
        let ids: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
        assert_eq!(ids.len(), OPERATIONS.len(), "each operation has an id of its own");
        assert!(described["openapi"].as_str().unwrap().starts_with("3.1"));
    }

    #[test]
    fn t12_the_committed_description_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        if std::env::var_os("SEMPRE_UPDATE").is_some() {
            let text = serde_json::to_string_pretty(&describe()).unwrap();
            std::fs::write(path, text + "\n").unwrap();
        }
        let committed: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert!(
            committed == describe(),
            "docs/openapi.json is older: SEMPRE_UPDATE=1 cargo test -p sempre-server --lib openapi"
        );
    }
}
