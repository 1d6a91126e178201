//! How files look: a first line that says what a module is for, a length one can read, and no traces of the
//! machine they were written on.

use std::env;
use std::path::Path;

use super::sources::Source;

/// A file longer than this is pointed out.
const LONG_LINES: usize = 400;
/// A file longer than this fails the check.
const MAX_LINES: usize = 800;
/// Files that name things by their nature; made by tools, not written.
const GENERATED: [&str; 5] = [
    "Cargo.lock",
    "benches/peers/node/package-lock.json",
    "crates/screen/oracle/package-lock.json",
    "frontend/package-lock.json",
    "end2end/package-lock.json",
];

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What must be mended.
    pub(crate) errors: Vec<String>,
    /// What should be looked at.
    pub(crate) warnings: Vec<String>,
}

/// Looks at every source file; `root` and the home directory must not be named anywhere.
pub(crate) fn check(root: &Path, sources: &[Source]) -> Findings {
    let mut findings = Findings::default();
    let traces = traces(root);
    for source in sources {
        if source.is_rust() {
            look_at_rust(source, &mut findings);
        }
        if !GENERATED.contains(&source.path.as_str()) {
            look_for_traces(source, &traces, &mut findings);
        }
    }
    findings
}

fn look_at_rust(source: &Source, findings: &mut Findings) {
    let path = &source.path;
    if !source.text.starts_with("//!") {
        findings.errors.push(format!(
            "{path}:1: the file must open with `//!`, saying what it is for"
        ));
    }
    let lines = source.text.lines().count();
    if lines > MAX_LINES {
        findings.errors.push(format!(
            "{path}: {lines} lines, the limit is {MAX_LINES}; split it"
        ));
    } else if lines > LONG_LINES {
        findings
            .warnings
            .push(format!("{path}: {lines} lines, more than {LONG_LINES}"));
    }
}

fn look_for_traces(source: &Source, traces: &[String], findings: &mut Findings) {
    for (number, line) in source.text.lines().enumerate() {
        for trace in traces.iter().filter(|trace| names_path(line, trace)) {
            let place = format!("{}:{}", source.path, number + 1);
            findings.errors.push(format!(
                "{place}: `{trace}` belongs to one machine or to the outside"
            ));
        }
    }
}

/// Whether `line` holds `trace` as the start of a path, not as the end of a longer one.
fn names_path(line: &str, trace: &str) -> bool {
    line.match_indices(trace).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|char| char.is_alphanumeric() || "._-~$}*".contains(char))
    })
}

/// Spelled in pieces, so that this file does not name them.
fn traces(root: &Path) -> Vec<String> {
    let mut traces = vec![
        format!("{}/", root.display()),
        concat!("/wo", "rk/").to_owned(),
        concat!("../sha", "red").to_owned(),
        concat!("registry.", "npmjs").to_owned(),
        concat!("index.", "crates.io").to_owned(),
        concat!("static.", "crates.io").to_owned(),
    ];
    let home = env::var("HOME").unwrap_or_default();
    if home.len() > 1 {
        traces.push(format!("{}/", home.trim_end_matches('/')));
    }
    traces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Findings {
        let sources = [Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }];
        check(Path::new("/somewhere/checkout"), &sources)
    }

    #[test]
    fn a_file_must_say_what_it_is_for() {
        assert!(findings("a.rs", "//! For tests.\n").errors.is_empty());
        assert!(findings("a.rs", "fn f() {}\n").errors[0].starts_with("a.rs:1"));
        assert!(findings("a.ts", "const a = 1;\n").errors.is_empty());
    }

    #[test]
    fn long_files_are_pointed_out_and_longer_ones_refused() {
        let text = |lines: usize| format!("//! For tests.\n{}", "\n".repeat(lines - 1));
        assert!(findings("a.rs", &text(LONG_LINES)).warnings.is_empty());
        assert_eq!(findings("a.rs", &text(LONG_LINES + 1)).warnings.len(), 1);
        assert!(findings("a.rs", &text(MAX_LINES)).errors.is_empty());
        assert_eq!(findings("a.rs", &text(MAX_LINES + 1)).errors.len(), 1);
    }

    #[test]
    fn paths_of_one_machine_are_refused() {
        assert_eq!(findings("a.md", "see /somewhere/checkout/a.rs").errors.len(), 1);
        assert_eq!(findings("a.md", concat!("cd /wo", "rk/main")).errors.len(), 1);
        assert!(
            findings("a.md", concat!("the folder net/wo", "rk/main"))
                .errors
                .is_empty()
        );
        assert!(
            findings("Cargo.lock", concat!("static.", "crates.io"))
                .errors
                .is_empty()
        );
    }
}
