//! Every route there is lies behind the door, also those that are written tomorrow.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Call, Setup};

/// What anyone may have: the page's files, the login, links that are their own credential.
const PUBLIC: [&str; 6] = [
    "/login",
    "/logout",
    "/oidc/",
    "/favicon.svg",
    "/assets/",
    "/share/",
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every path and prefix that the sources of the server name as a route.
fn named_routes() -> Vec<String> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut routes = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        for opening in [".route(", ".nest("] {
            for (at, _) in text.match_indices(opening) {
                let rest = text[at + opening.len()..].trim_start();
                let path = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
                // Source that looks for routes, too, names none.
                let path = path.filter(|path| path.starts_with('/'));
                routes.extend(path.map(str::to_owned));
            }
        }
    }
    routes
}

fn filled(route: &str) -> String {
    let segments = route.split('/').map(|segment| match segment.starts_with('{') {
        true => "0".repeat(32),
        false => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn without_a_credential_every_route_is_401_before_anything_else() {
    let server = Setup::new().start();
    let routes = named_routes();
    assert!(routes.len() > 20, "{routes:?}");
    for route in &routes {
        // Relative to wherever it is nested.
        for path in [filled(route), format!("/api/v1{}", filled(route))] {
            if PUBLIC.iter().any(|public| path.starts_with(public)) {
                continue;
            }
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                let answer = Call::new(method, &path).send(server.address()).await;
                assert_eq!(answer.status, 401, "{method} {path}");
            }
            let answer = Call::get(&path).upgrade().send(server.address()).await;
            assert_eq!(answer.status, 401, "upgrade of {path}");
        }
    }
    assert!(server.list().await.is_empty());
}

#[tokio::test]
async fn recordings_snapshots_and_histories_are_for_who_may_see_the_session() {
    let server = Setup::new().start();
    let id = server.script("echo a secret; cat").await;
    server.until(id, "output", |info| info.offset.0 > 0).await;
    for what in [
        "output",
        "snapshot",
        "history",
        "history/search?q=secret",
        "viewers",
    ] {
        let path = format!("/api/v1/sessions/{id}/{what}");
        assert_eq!(server.get(&path).await.status, 200, "{what}");
        for call in [
            Call::get(&path),
            Call::get(&path).page(),
            Call::get(&path).bearer("x"),
        ] {
            let answer = call.send(server.address()).await;
            assert_eq!(answer.status, 401, "{what}");
            assert!(!answer.text().contains("a secret"), "{what}");
        }
    }
}
