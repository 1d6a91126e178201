//! `sempre.toml`: its tables and keys, where they stand, and what is wrong with them. Values are text until the flags
//! they stand for are read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::agents::Agents;
use super::keys::{self, Key, Kind};

/// Largest file, bytes.
const MAX_BYTES: u64 = 1024 * 1024;
/// A known name is suggested if no more than this many letters differ.
const MAX_DISTANCE: usize = 4;
/// The table of names and commands, which are no flags.
const AGENTS: &str = "agents";

/// What the file says of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where, from 1.
    pub line: usize,
    /// As a flag would get them.
    pub values: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// By the path of the key.
    pub entries: BTreeMap<String, Entry>,
    /// What `[agents]` says.
    pub agents: Agents,
}

impl ConfigFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If it cannot be read, is no TOML, or has a key nobody knows; everything that is wrong is named, with its line.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let cannot = || format!("cannot read the configuration {shown}");
        let bytes = path.metadata().with_context(cannot)?.len();
        if bytes > MAX_BYTES {
            bail!("the configuration {shown} has {bytes} bytes; {MAX_BYTES} are the limit");
        }
        let text = std::fs::read_to_string(path).with_context(cannot)?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> anyhow::Result<Self> {
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            anyhow::anyhow!("{}:{line}: {}", path.display(), error.message())
        })?;
        let mut reading = Reading {
            text,
            keys: keys::all(),
            file: Self {
                path: path.to_path_buf(),
                ..Self::default()
            },
            errors: Vec::new(),
        };
        reading.sections(table.get_ref());
        if reading.errors.is_empty() {
            return Ok(reading.file);
        }
        bail!("{}", reading.errors.join("\n"))
    }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

struct Reading<'a> {
    text: &'a str,
    keys: Vec<Key>,
    file: ConfigFile,
    errors: Vec<String>,
}

impl Reading<'_> {
    fn complain(&mut self, at: usize, what: &str) {
        let line = line_of(self.text, at);
        self.errors
            .push(format!("{}:{line}: {what}", self.file.path.display()));
    }

    fn sections(&mut self, table: &DeTable<'_>) {
        for (name, value) in in_order(table) {
            let (at, name) = (name.span().start, &**name.get_ref());
            let known = keys::SECTIONS.contains(&name) || name == AGENTS;
            match value.get_ref() {
                DeValue::Table(entries) if name == AGENTS => self.agents(entries),
                DeValue::Table(entries) if known => self.section(name, entries),
                _ if known => self.complain(at, &format!("{name} is a table; write [{name}]")),
                _ => self.unknown_outside(at, name),
            }
        }
    }

    /// A table nobody knows, or a key without its table.
    fn unknown_outside(&mut self, at: usize, name: &str) {
        let table_of = self
            .keys
            .iter()
            .find(|key| key.name == name)
            .map(|key| key.section);
        let hint = match table_of {
            Some(section) => format!("write it below [{section}]"),
            None => {
                let known = keys::SECTIONS.iter().copied().chain([AGENTS]);
                suggestion(name, known)
            }
        };
        self.complain(at, &format!("unknown key {name:?}; {hint}"));
    }

    fn section(&mut self, section: &str, entries: &DeTable<'_>) {
        for (name, value) in in_order(entries) {
            let (at, name) = (name.span().start, &**name.get_ref());
            let key = self
                .keys
                .iter()
                .find(|key| key.section == section && key.name == name)
                .cloned();
            let Some(key) = key else {
                let here = self.keys.iter().filter(|key| key.section == section);
                let elsewhere = self.keys.iter().find(|key| key.name == name);
                let hint = match elsewhere {
                    Some(key) => format!("it belongs into [{}]", key.section),
                    None => suggestion(name, here.map(|key| key.name.as_str())),
                };
                self.complain(at, &format!("unknown key {name:?} in [{section}]; {hint}"));
                continue;
            };
            match values(value.get_ref(), key.kind) {
                Ok(values) => {
                    let line = line_of(self.text, at);
                    self.file.entries.insert(key.path(), Entry { line, values });
                }
                Err(wanted) => self.complain(at, &format!("{name} must be {wanted}")),
            }
        }
    }

    fn agents(&mut self, entries: &DeTable<'_>) {
        for (name, value) in in_order(entries) {
            let at = name.span().start;
            let added = match values(value.get_ref(), Kind::List) {
                Ok(words) => {
                    let is_list = matches!(value.get_ref(), DeValue::Array(_));
                    self.file.agents.add(name.get_ref(), words, is_list)
                }
                Err(_) => Err("must be a command line, or a list of a program and its arguments".to_owned()),
            };
            if let Err(why) = added {
                self.complain(at, &format!("the agent {:?} {why}", name.get_ref()));
            }
        }
    }
}

/// As they stand in the file.
fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let nearest = known
        .clone()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, _)| *distance <= MAX_DISTANCE)
        .min();
    match nearest {
        Some((_, known)) => format!("did you mean {known:?}?"),
        None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// A value as flags get it; else what it should have been.
fn values(value: &DeValue<'_>, kind: Kind) -> Result<Vec<String>, &'static str> {
    let wanted = match kind {
        Kind::Switch => "true or false",
        Kind::One => "a text or a whole number",
        Kind::List => "a text, or a list of texts in [ ]",
    };
    match (value, kind) {
        (DeValue::Boolean(on), Kind::Switch) => Ok(vec![on.to_string()]),
        (DeValue::Array(items), Kind::List) => items
            .into_iter()
            .map(|item| scalar(item.get_ref()).ok_or(wanted))
            .collect(),
        (_, Kind::Switch) => Err(wanted),
        (value, _) => Ok(vec![scalar(value).ok_or(wanted)?]),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<ConfigFile> {
        ConfigFile::parse(Path::new("/etc/s.toml"), text)
    }

    fn error(text: &str) -> String {
        format!("{:#}", parse(text).unwrap_err())
    }

    #[test]
    fn values_are_read_with_their_lines() {
        let file = parse("[server]\nlisten = [\"127.0.0.1:1\", \"unix:/s\"]\n\n[workers]\ncount = 3\n[access]\nno_auth = true\n")
            .unwrap();
        let entry = |path: &str| file.entries.get(path).unwrap().clone();
        assert_eq!(entry("server.listen").values, ["127.0.0.1:1", "unix:/s"]);
        assert_eq!(
            entry("workers.count"),
            Entry {
                line: 5,
                values: vec!["3".into()]
            }
        );
        assert_eq!(entry("access.no_auth").values, ["true"]);
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest_and_the_line() {
        for (text, said) in [
            (
                "[server]\n\nlisten_ = 1",
                "/etc/s.toml:3: unknown key \"listen_\" in [server]; did you mean \"listen\"?",
            ),
            (
                "[worker]\ncommand = \"x\"",
                "/etc/s.toml:1: unknown key \"worker\"; did you mean \"workers\"?",
            ),
            (
                "listen = 1",
                "/etc/s.toml:1: unknown key \"listen\"; write it below [server]",
            ),
            (
                "[http]\nlisten = 1",
                "unknown key \"listen\" in [http]; it belongs into [server]",
            ),
            ("[tls]\nxxxxxxxxxxxx = 1", "known are cert, key"),
            (
                "[access]\nno_auth = \"yes\"",
                "/etc/s.toml:2: no_auth must be true or false",
            ),
            ("[workers]\ncount = [1]", "count must be a text or a whole number"),
            ("a = \n", "/etc/s.toml:1: "),
        ] {
            let error = error(text);
            assert!(error.contains(said), "{error}");
        }
        let both = error("[server]\na = 1\nlistn = 2\n");
        assert_eq!(both.lines().count(), 2, "{both}");
    }
}
