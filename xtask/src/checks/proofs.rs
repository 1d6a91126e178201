//! Tests that documents name exist: `docs/compatibility.md` says what proves each demand, and a proof that was renamed
//! or taken away proves nothing.
//!
//! A test is named in backticks: `it::api::t1_…`, `e2e open`, or a file with its path, maybe followed by a colon and
//! the test's name. `…` at the end of a name stands for any rest.

use super::sources::Source;

/// What tests of a program are called in documents, and where their modules are.
const ROOMS: [(&str, &str); 6] = [
    ("cli", "server/tests/cli"),
    ("it", "server/tests/it"),
    ("documents", "server/tests/documents"),
    ("security", "server/tests/security"),
    ("holder", "crates/holder/tests/it"),
    ("journal", "crates/journal/tests"),
];
/// Stands for any rest of a name.
const ANY: char = '…';

/// Every test that a document names and nobody has written.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let documents = sources
        .iter()
        .filter(|source| source.path.starts_with("docs/") && source.path.ends_with(".md"));
    let mut errors = Vec::new();
    for document in documents {
        for (number, line) in document.text.lines().enumerate() {
            for name in line.split('`').skip(1).step_by(2) {
                if proof(name).is_some_and(|proof| !proof.exists(sources)) {
                    let place = format!("{}:{}", document.path, number + 1);
                    errors.push(format!("{place}: there is no test `{name}`"));
                }
            }
        }
    }
    errors
}

/// A test, several of them, or a file of tests.
#[derive(Debug, PartialEq, Eq)]
struct Proof<'a> {
    /// The file; one that ends with `/` stands for all below it.
    file: String,
    /// The function; none: the file is enough.
    name: Option<&'a str>,
}

/// What a text in backticks names, if it is a test.
fn proof(text: &str) -> Option<Proof<'_>> {
    if let Some(name) = text.strip_prefix("e2e ") {
        let file = (!name.starts_with(ANY)).then(|| format!("end2end/tests/{name}.spec.ts"))?;
        return Some(Proof { file, name: None });
    }
    if let Some((path, name)) = text.split_once(".rs") {
        let file = format!("{path}.rs");
        let name = name.strip_prefix(": ");
        // Others are told by a part of their path.
        let whole = file.contains("/src/") || file.contains("/tests/");
        return whole.then_some(Proof { file, name });
    }
    let (room, rest) = text.split_once("::")?;
    let (_, dir) = ROOMS.iter().find(|(name, _)| *name == room)?;
    if let Some(rest) = rest.strip_prefix(ANY) {
        // All of a program's tests of a name, or just the program.
        let name = rest.strip_prefix(": ")?;
        let file = format!("{dir}/");
        return Some(Proof {
            file,
            name: Some(name),
        });
    }
    // Modules may stand in modules: the last name is the test's.
    let (module, name) = match rest.rsplit_once("::") {
        Some((module, name)) => (module.replace("::", "/"), Some(name)),
        None => (rest.to_owned(), None),
    };
    let file = format!("{dir}/{module}.rs");
    Some(Proof { file, name })
}

impl Proof<'_> {
    fn exists(&self, sources: &[Source]) -> bool {
        let mut files = sources.iter().filter(|source| match self.file.ends_with('/') {
            true => source.path.starts_with(&self.file),
            false => source.path == self.file,
        });
        files.any(|file| self.name.is_none_or(|name| has_function(&file.text, name)))
    }
}

fn has_function(text: &str, name: &str) -> bool {
    match name.strip_suffix(ANY) {
        Some(prefix) => text.contains(&format!("fn {prefix}")),
        None => text.contains(&format!("fn {name}(")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(document: &str) -> Vec<String> {
        let source = |path: &str, text: &str| Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&[
            source("docs/proofs.md", document),
            source("README.md", "`it::nowhere`"),
            source("server/tests/it/api.rs", "async fn t1_health() {}"),
            source("server/tests/it/programs/input.rs", "async fn t8_input() {}"),
            source("end2end/tests/open.spec.ts", ""),
            source("server/src/a.rs", "fn k9_it_is_so() {}"),
        ])
    }

    #[test]
    fn what_is_there_is_no_error_and_neither_is_what_names_no_test() {
        let fine = "`it::api` `it::programs::input::t8_…` `it::api::t1_…` `it::api::t1_health` `it::…: t1_…` `e2e open` `it::…` `e2e …` \
                    `server/src/a.rs` `server/src/a.rs: k9_…` `std::fs` `x.rs` `auth/x.rs` `GET /a::b`";
        assert_eq!(errors(fine), [""; 0]);
    }

    #[test]
    fn what_is_not_there_is_named_with_its_place() {
        for gone in [
            "it::apis",
            "it::api::t2_…",
            "it::api::t1_heal",
            "security::…: t10_…",
            "e2e shut",
            "server/src/b.rs",
            "server/src/a.rs: k8_…",
        ] {
            let found = errors(&format!("fine\n`it::api`, `{gone}`"));
            assert_eq!(found, [format!("docs/proofs.md:2: there is no test `{gone}`")]);
        }
    }
}
