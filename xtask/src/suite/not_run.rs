//! What a run left out, and whether that is allowed: `xtask/not-run.toml` names each thing and its ground.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// Something that was not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotRun {
    /// `step` or `step:test`.
    pub(super) name: String,
    /// One word: why, as `not-run.toml` knows it; empty if none was given.
    pub(super) ground: String,
    /// For people.
    pub(super) reason: String,
}

impl NotRun {
    /// `reason` begins with the ground: `long: takes an hour`.
    pub(super) fn new(name: &str, reason: &str) -> Self {
        let ground = reason.split_once(':').map_or("", |(ground, _)| ground.trim());
        Self {
            name: name.to_owned(),
            ground: ground.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// What may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Allowed {
    #[serde(default)]
    allowed: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Of the thing not run; `*` at the end stands for any rest.
    name: String,
    /// The ground that it may be left out on, and on no other.
    ground: String,
}

impl Allowed {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))
    }

    pub(super) fn permits(&self, item: &NotRun) -> bool {
        self.allowed.iter().any(|entry| {
            let named = match entry.name.strip_suffix('*') {
                Some(prefix) => item.name.starts_with(prefix),
                None => item.name == entry.name,
            };
            named && entry.ground == item.ground
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_thing_on_the_named_ground() {
        let allowed: Allowed = toml::from_str("[[allowed]]\nname = \"test:*\"\nground = \"long\"\n").unwrap();
        assert!(allowed.permits(&NotRun::new("test:a:b", "long: an hour")));
        assert!(!allowed.permits(&NotRun::new("test:a:b", "flaky: sometimes red")));
        assert!(!allowed.permits(&NotRun::new("test:a:b", "")));
        assert!(!allowed.permits(&NotRun::new("browser:a", "long: an hour")));
    }

    #[test]
    fn a_slip_in_the_list_is_an_error() {
        assert!(toml::from_str::<Allowed>("[[allow]]\nname = \"a\"\nground = \"b\"\n").is_err());
    }
}
