//! `--base-path`: the path below which browsers reach the server, when a proxy gives it a part of a host.

use std::fmt;
use std::str::FromStr;

/// Longest base path, bytes.
const MAX_BYTES: usize = 256;

/// Nothing, or `/` and names with `/` between them, without one at the end: `/sempre`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// As text; empty: the root of the host.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address that browsers know `path` of this server by.
    pub fn at(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// The part of an address below this path: `/x` for `/sempre/x`, none for `/x` and `/semprex`. Without a base path,
    /// none.
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.0)?;
        (!self.0.is_empty() && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BasePath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_suffix('/').unwrap_or(text);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        let proper = |name: &str| !name.is_empty() && name.chars().all(plain) && !matches!(name, "." | "..");
        let names = path.strip_prefix('/').map(|names| names.split('/').all(proper));
        if path.is_empty() || (names == Some(true) && path.len() <= MAX_BYTES) {
            return Ok(Self(path.to_owned()));
        }
        Err(format!(
            "{text:?} is no base path; write it as in an address, such as /sempre: names of letters, digits, - _ . ~"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> BasePath {
        text.parse().unwrap()
    }

    #[test]
    fn base_paths_are_read() {
        for (text, path) in [
            ("/sempre", "/sempre"),
            ("/a/b-c_d.e~f/", "/a/b-c_d.e~f"),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(base(text).as_str(), path, "{text:?}");
        }
        let long = "/x".repeat(MAX_BYTES);
        for text in [
            "sempre",
            "//",
            "/a//b",
            "/a/../b",
            "/a b",
            "/a?b",
            "/%41",
            "/a;b",
            "/\"",
            "http://x/a",
            &long,
        ] {
            assert!(text.parse::<BasePath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn only_whole_names_are_taken_off() {
        let sempre = base("/sempre");
        assert_eq!(sempre.strip("/sempre/t/1"), Some("/t/1"));
        assert_eq!(sempre.strip("/sempre"), Some(""));
        for path in ["/semprex", "/t/sempre/", "/", "*"] {
            assert_eq!(sempre.strip(path), None, "{path:?}");
        }
        assert_eq!(base("/").strip("/t"), None);
    }
}
