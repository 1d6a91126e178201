//! Every route is described, what is described is there, and the committed description is this one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

/// Routes that are not described, and why. The pages are for people: the app room has their routes.
const LEFT_OUT: [(&str, &str); 5] = [
    (
        "get /ws/sessions/{id}",
        "a WebSocket, which OpenAPI does not know: docs/protocol.md",
    ),
    (
        "get /ws/terminal/{id}",
        "a WebSocket, which OpenAPI does not know: docs/compatible-routes.md",
    ),
    ("get /docs", "this description, for reading"),
    ("get /assets/{*path}", "the page's own files"),
    ("get assets::FAVICON", "the page's own file"),
];

/// What begins and ends the routes below `/api/v1`, by file; all others are at the top.
const BELOW_API: [(&str, &str, &str); 2] = [
    ("router.rs", "let api = Router::new()", ";\n"),
    ("door.rs", "fn api()", "\n}"),
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What stands between an opening parenthesis, which is left out, and the one that closes it.
fn inside(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    &text[..end.unwrap()]
}

/// Every route that the sources of this room name, as `method path`.
fn routes() -> BTreeSet<String> {
    let http = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut files = Vec::new();
    sources(&http, &mut files);
    let mut routes = BTreeSet::new();
    for file in files
        .iter()
        .filter(|file| !file.starts_with(http.join("openapi")))
    {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(&http).unwrap().to_str().unwrap();
        let api = BELOW_API.iter().find(|(router, ..)| *router == name);
        let api = api.map(|(_, begins, ends)| {
            let start = text.find(begins).unwrap();
            start..start + text[start..].find(ends).unwrap()
        });
        for (at, opening) in text.match_indices(".route(") {
            let call = inside(&text[at + opening.len()..]);
            let (path, methods) = call.split_once(',').unwrap();
            let base = if api.as_ref().is_some_and(|api| api.contains(&at)) {
                "/api/v1"
            } else {
                ""
            };
            for method in ["get", "post", "put", "delete", "patch"] {
                if methods.contains(&format!("{method}(")) {
                    routes.insert(format!("{method} {base}{}", path.trim().trim_matches('"')));
                }
            }
        }
    }
    routes
}

#[test]
fn t12_every_route_is_described_or_left_out_with_a_reason() {
    let described: BTreeSet<_> = operations()
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    let left_out: BTreeSet<_> = LEFT_OUT.iter().map(|(route, _)| (*route).to_owned()).collect();
    let routes = routes();
    assert!(routes.len() > 50, "{routes:?}");
    let named: BTreeSet<_> = described.union(&left_out).cloned().collect();
    assert_eq!(
        routes, named,
        "add what differs to server/src/http/openapi/operations, or to the list here"
    );
    assert!(described.is_disjoint(&left_out));
}

#[test]
fn every_schema_that_is_named_is_there() {
    let described = describe();
    let text = described.to_string();
    for reference in text.split("\"#/components/").skip(1) {
        let name = reference.split('"').next().unwrap();
        let found = described.pointer(&format!("/components/{name}"));
        assert!(found.is_some(), "{name}");
    }
    let ids: BTreeSet<_> = operations().map(|operation| operation.id).collect();
    assert_eq!(
        ids.len(),
        operations().count(),
        "each operation has an id of its own"
    );
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn t12_each_way_to_show_a_credential_is_described_and_the_login_needs_none() {
    let described = describe();
    let schemes = described["components"]["securitySchemes"].as_object().unwrap();
    let named: BTreeSet<_> = schemes.keys().map(String::as_str).collect();
    assert_eq!(named, BTreeSet::from(["bearer", "cookie", "query"]));
    assert_eq!(described["security"].as_array().unwrap().len(), 3);
    assert_eq!(described["paths"]["/login"]["post"]["security"], json!([]));
    assert!(described["paths"]["/api/v1/keys"]["get"]["security"].is_null());
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
