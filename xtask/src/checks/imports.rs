//! Libraries that only one part of a package may use; `cargo metadata` cannot see that, the source can.

use super::sources::Source;

/// One such rule.
struct Rule {
    /// Crates, as they are written in paths.
    crates: &'static [&'static str],
    /// Where the rule holds.
    room: &'static str,
    /// Path prefixes where the crates may be used.
    allowed: &'static [&'static str],
}

const RULES: [Rule; 5] = [
    Rule {
        crates: &["clap"],
        room: "server/src/",
        allowed: &["server/src/cli", "server/src/config", "server/src/main.rs"],
    },
    Rule {
        crates: &["sqlx", "rusqlite"],
        room: "server/src/",
        allowed: &["server/src/store"],
    },
    Rule {
        crates: &["metrics", "metrics_exporter_prometheus"],
        room: "server/src/",
        allowed: &["server/src/measure.rs"],
    },
    Rule {
        crates: &["zbus"],
        room: "server/src/",
        allowed: &["server/src/service"],
    },
    Rule {
        crates: &["js_sys", "wasm_bindgen", "wasm_bindgen_futures", "web_sys"],
        room: "app/src/",
        allowed: &["app/src/browser", "app/src/term"],
    },
];

/// Every line that breaks a rule.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let mut errors = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        for rule in RULES.iter().filter(|rule| holds_for(rule, &source.path)) {
            for (number, line) in source.text.lines().enumerate() {
                if let Some(name) = rule.crates.iter().find(|name| uses(line, name)) {
                    let allowed = rule.allowed.join(", ");
                    let place = format!("{}:{}", source.path, number + 1);
                    errors.push(format!("{place}: `{name}` is used here; its place is {allowed}"));
                }
            }
        }
    }
    errors
}

/// A prefix stands for a file (`…/term.rs`) and for a directory (`…/term/`), not for `…/terminal.rs`.
fn holds_for(rule: &Rule, path: &str) -> bool {
    let inside = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
    };
    path.starts_with(rule.room) && !rule.allowed.iter().any(|prefix| inside(prefix))
}

/// Whether a line of code names the crate as the start of a path, imports it, or uses it as an attribute.
fn uses(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(name).any(|(at, _)| {
        let before = code.get(..at).unwrap_or_default();
        let after = code.get(at + name.len()..).unwrap_or_default();
        let imported = before.trim_end_matches("::").trim_end().ends_with("use");
        let starts_path = !ends_in_word(before.strip_suffix("::").unwrap_or(before));
        let goes_on = after.starts_with(|char: char| char.is_alphanumeric() || char == '_');
        starts_path && !goes_on && (after.starts_with("::") || imported || before.ends_with("#["))
    })
}

fn ends_in_word(text: &str) -> bool {
    text.ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(path: &str, text: &str) -> usize {
        check(&[Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }])
        .len()
    }

    #[test]
    fn each_library_stays_in_its_place() {
        assert_eq!(errors("server/src/http/mod.rs", "use clap::Parser;\n"), 1);
        assert_eq!(errors("server/src/cli/serve.rs", "use clap::Parser;\n"), 0);
        assert_eq!(errors("server/src/main.rs", "use clap::Parser;\n"), 0);
        assert_eq!(
            errors("server/src/sessions/mod.rs", "let row = sqlx::query(\"\");\n"),
            1
        );
        assert_eq!(
            errors("server/src/store/sqlite.rs", "let row = sqlx::query(\"\");\n"),
            0
        );
        assert_eq!(errors("app/src/pages/home.rs", "use web_sys::Element;\n"), 1);
        assert_eq!(
            errors("app/src/term/xterm.rs", "use wasm_bindgen::prelude::*;\n"),
            0
        );
        assert_eq!(errors("app/src/browser.rs", "use web_sys::Element;\n"), 0);
        assert_eq!(
            errors("app/src/terminal.rs", "use wasm_bindgen::prelude::*;\n"),
            1
        );
    }

    #[test]
    fn a_use_is_a_path_not_a_word() {
        assert!(uses("#[clap(long)]", "clap") && uses("let a = clap::Arg::new();", "clap"));
        assert!(uses("use ::clap::Parser;", "clap") && uses("use clap as c;", "clap"));
        assert!(!uses("// clap::Parser", "clap") && !uses("let clap = 1;", "clap"));
        assert!(!uses("use crate::clap::x;", "clap") && !uses("wasm_bindgen_futures::x()", "wasm_bindgen"));
        assert!(uses("#[wasm_bindgen]", "wasm_bindgen"));
    }
}
