//! Who may depend on whom: the arrows of ARCHITECTURE.md, checked against `cargo metadata`.
//!
//! Dependencies of tests and build scripts count like any other. An arrow that is not here is a decision.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::workspace::Workspace;

/// Package → packages of this workspace it may use.
const ROOMS: [(&str, &[&str]); 10] = [
    ("sempre-app", &["sempre-protocol"]),
    ("sempre-bench", &["sempre-protocol", "sempre-screen"]),
    ("sempre-frontend", &["sempre-app", "sempre-protocol"]),
    (
        "sempre-fuzz",
        &["sempre-journal", "sempre-protocol", "sempre-screen"],
    ),
    ("sempre-holder", &["sempre-journal", "sempre-protocol"]),
    ("sempre-journal", &[]),
    ("sempre-protocol", &[]),
    ("sempre-screen", &["sempre-protocol"]),
    (
        "sempre-server",
        &["sempre-app", "sempre-journal", "sempre-protocol", "sempre-screen"],
    ),
    ("xtask", &[]),
];

/// Library → the only packages of this workspace that may name it.
const RESERVED: [(&str, &[&str]); 11] = [
    ("axum", &["sempre-server"]),
    ("clap", &["sempre-holder", "sempre-server", "xtask"]),
    ("js-sys", &["sempre-app", "sempre-frontend"]),
    ("leptos_axum", &["sempre-server"]),
    // The server's tests run the command line in a terminal; its code does not, it has holders.
    (
        "portable-pty",
        &["sempre-bench", "sempre-holder", "sempre-server"],
    ),
    ("sqlx", &["sempre-server"]),
    ("wasm-bindgen", &["sempre-app", "sempre-frontend"]),
    ("wasm-bindgen-cli-support", &["xtask"]),
    ("wasm-bindgen-futures", &["sempre-app", "sempre-frontend"]),
    ("web-sys", &["sempre-app", "sempre-frontend"]),
    ("zbus", &["sempre-server"]),
];

/// Package → libraries it must not reach, not even through others: what runs beside every shell stays small,
/// and what the browser compiles has no runtime.
const UNREACHABLE: [(&str, &[&str]); 3] = [
    ("sempre-holder", &["axum", "leptos", "tokio"]),
    ("sempre-journal", &["axum", "leptos", "tokio"]),
    ("sempre-protocol", &["axum", "leptos", "tokio"]),
];

/// Packages by name with the names of what each depends on.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Every forbidden arrow of the real workspace.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .current_dir(&workspace.root)
        .exec()
        .context("cannot read the workspace's metadata with its dependencies")?;
    let mut errors = forbidden(&declared(&metadata));
    errors.extend(reached(&resolved(&metadata)));
    Ok(errors)
}

/// What each package of the workspace declares, of every kind.
fn declared(metadata: &Metadata) -> Graph {
    let packages = metadata.workspace_packages();
    packages
        .iter()
        .map(|package| {
            let names = package
                .dependencies
                .iter()
                .map(|dependency| dependency.name.clone())
                .collect();
            (package.name.to_string(), names)
        })
        .collect()
}

/// What each package in the lock file uses when it runs; tests and build scripts apart.
fn resolved(metadata: &Metadata) -> Graph {
    let names: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.to_string()))
        .collect();
    let mut graph = Graph::new();
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let Some(name) = names.get(&node.id) else { continue };
        let normal = node.deps.iter().filter(|dependency| {
            dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == cargo_metadata::DependencyKind::Normal)
        });
        let used = normal.filter_map(|dependency| names.get(&dependency.pkg).cloned());
        graph.entry(name.clone()).or_default().extend(used);
    }
    graph
}

/// Arrows between rooms, and from rooms to reserved libraries, that are not allowed.
fn forbidden(graph: &Graph) -> Vec<String> {
    let mut errors = Vec::new();
    for (package, used) in graph {
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| name == package) else {
            errors.push(format!(
                "{package} is not among the rooms; name it, and its arrows, in {}",
                file!()
            ));
            continue;
        };
        for name in used {
            if graph.contains_key(name) && !allowed.contains(&name.as_str()) {
                errors.push(format!("{package} → {name}: this arrow is not allowed"));
            }
            if let Some((_, owners)) = RESERVED.iter().find(|(reserved, _)| reserved == name)
                && !owners.contains(&package.as_str())
            {
                errors.push(format!(
                    "{package} → {name}: only {} may use it",
                    owners.join(", ")
                ));
            }
        }
    }
    errors
}

/// Libraries that are reached though they must not be, each with one way there.
fn reached(graph: &Graph) -> Vec<String> {
    let mut errors = Vec::new();
    for (package, barred) in UNREACHABLE {
        let mut ways = vec![vec![package]];
        let mut seen = BTreeSet::from([package]);
        while let Some(way) = ways.pop() {
            let Some(&last) = way.last() else { continue };
            if barred.contains(&last) {
                errors.push(format!(
                    "{}: {last} must not be reached from here",
                    way.join(" → ")
                ));
                continue;
            }
            for next in graph
                .get(last)
                .into_iter()
                .flatten()
                .filter(|next| seen.insert(next))
            {
                ways.push(way.iter().copied().chain([next.as_str()]).collect());
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn graph(arrows: &[(&str, &[&str])]) -> Graph {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        arrows
            .iter()
            .map(|(package, used)| ((*package).to_owned(), names(used)))
            .collect()
    }

    /// The allowed house, with one more arrow.
    fn house_with(from: &str, to: &str) -> Graph {
        let mut house = graph(&ROOMS);
        house.get_mut(from).unwrap().insert(to.to_owned());
        house
    }

    #[test]
    fn the_allowed_arrows_pass() {
        assert_eq!(forbidden(&graph(&ROOMS)), Vec::<String>::new());
    }

    #[test]
    fn any_other_arrow_between_rooms_is_refused() {
        for (from, allowed) in ROOMS {
            for (to, _) in ROOMS.iter().filter(|(to, _)| !allowed.contains(to)) {
                assert_eq!(forbidden(&house_with(from, to)).len(), 1, "{from} → {to}");
            }
        }
    }

    #[test]
    fn nobody_may_use_the_holder() {
        assert!(
            ROOMS
                .iter()
                .all(|(_, allowed)| !allowed.contains(&"sempre-holder"))
        );
    }

    #[test]
    fn reserved_libraries_stay_with_their_owners() {
        for (from, to) in [
            ("sempre-app", "axum"),
            ("sempre-protocol", "clap"),
            ("sempre-server", "web-sys"),
            ("xtask", "sqlx"),
        ] {
            let errors = forbidden(&house_with(from, to));
            assert!(errors.len() == 1 && errors[0].contains(to), "{errors:?}");
        }
        assert!(forbidden(&house_with("sempre-server", "axum")).is_empty());
    }

    #[test]
    fn an_unknown_package_is_refused() {
        let mut house = graph(&ROOMS);
        house.insert("sempre-shed".to_owned(), BTreeSet::new());
        assert!(forbidden(&house)[0].contains("sempre-shed"));
    }

    #[test]
    fn a_runtime_is_found_behind_other_libraries() {
        let errors = reached(&graph(&[
            ("sempre-holder", &["portable-pty"]),
            ("portable-pty", &["something"]),
            ("something", &["tokio", "portable-pty"]),
        ]));
        assert_eq!(errors.len(), 1);
        assert!(
            errors[0].starts_with("sempre-holder → portable-pty → something → tokio:"),
            "{errors:?}"
        );
    }

    /// A workspace of two packages, as cargo reads it.
    fn metadata_of(manifest_of_server: &str) -> Metadata {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"holder\", \"server\"]\n",
        );
        write("holder/Cargo.toml", "[package]\nname = \"sempre-holder\"\n");
        write("holder/src/lib.rs", "");
        write(
            "server/Cargo.toml",
            &format!("[package]\nname = \"sempre-server\"\n{manifest_of_server}"),
        );
        write("server/src/lib.rs", "");
        let offline = ["--offline".to_owned()];
        MetadataCommand::new()
            .current_dir(dir.path())
            .other_options(offline)
            .exec()
            .unwrap()
    }

    #[test]
    fn dependencies_of_tests_and_build_scripts_count_too() {
        assert_eq!(forbidden(&declared(&metadata_of(""))), Vec::<String>::new());
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let manifest = format!("[{kind}]\nsempre-holder = {{ path = \"../holder\" }}\n");
            let errors = forbidden(&declared(&metadata_of(&manifest)));
            assert_eq!(
                errors,
                ["sempre-server → sempre-holder: this arrow is not allowed"],
                "{kind}"
            );
        }
    }

    #[test]
    fn the_real_workspace_passes() {
        let workspace = Workspace::find().unwrap();
        assert_eq!(check(&workspace).unwrap(), Vec::<String>::new());
    }
}
