//! From four places to one set of flags: `sempre.toml`, the environment, `.env`, the command line; later ones are
//! stronger. Nothing is put into the environment, so no child ever sees it.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches};
use serde::Serialize;

use super::dot_env::DotEnv;
use super::file::ConfigFile;
use super::keys::{self, CONFIG, Key, Kind};
use super::serve::ServeFlags;

/// The variable that names the file.
const CONFIG_VARIABLE: &str = "SEMPRE_CONFIG";
/// The file, below a directory of configurations.
const FILE: &str = "sempre/sempre.toml";

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Source {
    /// `sempre.toml`.
    File {
        /// Which.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// The environment.
    Environment {
        /// The variable.
        variable: String,
    },
    /// `.env`.
    DotEnv {
        /// The variable.
        variable: String,
    },
    /// The command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment { variable } => write!(f, "{variable} of the environment"),
            Self::DotEnv { variable } => write!(f, "{variable} of .env"),
            Self::Flag => f.write_str("the command line"),
        }
    }
}

/// A key that has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Which.
    pub key: Key,
    /// As a flag gets them.
    pub values: Vec<String>,
    /// Where from.
    pub source: Source,
}

/// Everything that was said, in one.
#[derive(Debug)]
pub struct Resolved {
    /// What it means.
    pub flags: ServeFlags,
    /// What was said, by key.
    pub settings: Vec<Setting>,
    /// The file, if there is one.
    pub file: Option<ConfigFile>,
    /// `.env`.
    pub dot_env: DotEnv,
}

/// What the flags in `args`, the files and the environment say together.
///
/// # Errors
/// For a file that cannot be read, for keys nobody knows, and for values that are none, with where they stand. What is
/// wrong on the command line itself is an error of the argument parser.
pub fn resolve(args: &[OsString]) -> anyhow::Result<Resolved> {
    let given = given(args)?;
    let dot_env = DotEnv::read(Path::new(".env"))?;
    let named = given.get_one::<PathBuf>(CONFIG).cloned();
    let file = find_file(named, &dot_env)
        .map(|path| ConfigFile::read(&path))
        .transpose()?;
    let found = keys::all()
        .into_iter()
        .filter_map(|key| setting(key, &given, &dot_env, file.as_ref()));
    let settings: Vec<_> = found.collect();
    let mut words = vec![OsString::from("sempre serve")];
    words.extend(args.iter().cloned());
    let from_elsewhere = settings.iter().filter(|setting| setting.source != Source::Flag);
    words.extend(from_elsewhere.flat_map(as_flags));
    let matches = keys::command()
        .try_get_matches_from(words)
        .map_err(|error| explain(error, &settings))?;
    Ok(Resolved {
        flags: ServeFlags::from_arg_matches(&matches)?,
        settings,
        file,
        dot_env,
    })
}

/// Whether `args` are flags of `sempre serve`.
///
/// # Errors
/// That of the argument parser.
pub fn check_flags(args: &[OsString]) -> anyhow::Result<()> {
    let words = [OsString::from("sempre serve")]
        .into_iter()
        .chain(args.iter().cloned());
    keys::command().try_get_matches_from(words)?;
    Ok(())
}

/// The configuration file that applies without a flag.
///
/// # Errors
/// As [`resolve`].
pub fn read_file() -> anyhow::Result<Option<ConfigFile>> {
    let dot_env = DotEnv::read(Path::new(".env"))?;
    find_file(None, &dot_env)
        .map(|path| ConfigFile::read(&path))
        .transpose()
}

/// What stands on the command line, as far as it makes sense.
fn given(args: &[OsString]) -> anyhow::Result<ArgMatches> {
    let words = [OsString::from("sempre serve")]
        .into_iter()
        .chain(args.iter().cloned());
    let matches = keys::command().ignore_errors(true).try_get_matches_from(words);
    matches.context("cannot read the command line")
}

/// A file that is named must be there; of the usual ones the first that is.
fn find_file(named: Option<PathBuf>, dot_env: &DotEnv) -> Option<PathBuf> {
    let variable = |name: &str| dot_env.variable(name).filter(|value| !value.is_empty());
    if let Some(path) = named.or_else(|| variable(CONFIG_VARIABLE).map(PathBuf::from)) {
        return Some(path);
    }
    let own = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")));
    let usual = own.into_iter().chain([PathBuf::from("/etc")]);
    usual
        .map(|directory| directory.join(FILE))
        .find(|path| path.exists())
}

fn setting(key: Key, given: &ArgMatches, dot_env: &DotEnv, file: Option<&ConfigFile>) -> Option<Setting> {
    let id = key.flag.replace('-', "_");
    if given.value_source(&id) == Some(ValueSource::CommandLine) {
        let raw = given.get_raw(&id).into_iter().flatten();
        let values: Vec<_> = raw.map(|value| value.to_string_lossy().into_owned()).collect();
        let source = Source::Flag;
        return Some(Setting { key, values, source });
    }
    let variable = key.variable.clone();
    let told = |value: String| (!value.is_empty()).then(|| vec![value]);
    let (values, source) = if let Some(values) = dot_env.get(&variable).and_then(told) {
        (values, Source::DotEnv { variable })
    } else if let Some(values) = std::env::var(&variable).ok().and_then(told) {
        (values, Source::Environment { variable })
    } else {
        let file = file?;
        let entry = file.entries.get(&key.path())?.clone();
        let path = file.path.clone();
        (
            entry.values,
            Source::File {
                path,
                line: entry.line,
            },
        )
    };
    Some(Setting { key, values, source })
}

/// Paths of the keys that differ between two configurations: those a running server takes over, and those that wait for
/// a restart. A log can move to another file, and neither from standard error nor back.
pub fn changed(before: &[Setting], after: &[Setting]) -> (Vec<String>, Vec<String>) {
    let said = |settings: &[Setting], key: &Key| {
        let setting = settings.iter().find(|setting| setting.key == *key);
        setting.map(|setting| setting.values.clone())
    };
    let differ: Vec<_> = keys::all()
        .into_iter()
        .filter(|key| said(before, key) != said(after, key))
        .collect();
    let moves = |key: &Key| said(before, key).is_some() && said(after, key).is_some();
    let (taken, waiting): (Vec<_>, Vec<_>) = differ
        .iter()
        .partition(|&key| key.reloads && (key.flag != "log-file" || moves(key)));
    let paths = |keys: Vec<&Key>| keys.into_iter().map(Key::path).collect();
    (paths(taken), paths(waiting))
}

/// As it would stand on the command line.
fn as_flags(setting: &Setting) -> Vec<OsString> {
    let flag = &setting.key.flag;
    let values = setting.values.iter();
    match setting.key.kind {
        Kind::Switch => values
            .filter(|value| is_on(value))
            .map(|_| format!("--{flag}").into())
            .collect(),
        _ => values.map(|value| format!("--{flag}={value}").into()).collect(),
    }
}

/// What a switch means; the words for no are those of the argument parser.
pub(super) fn is_on(value: &str) -> bool {
    !matches!(
        value.to_ascii_lowercase().as_str(),
        "" | "n" | "no" | "f" | "false" | "off" | "0"
    )
}

/// Says where the value stands that the argument parser did not like.
fn explain(error: clap::Error, settings: &[Setting]) -> anyhow::Error {
    let named: Vec<&str> = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(text)) => vec![text.as_str()],
        Some(ContextValue::Strings(texts)) => texts.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let is_named = |setting: &&Setting| {
        let flag = format!("--{}", setting.key.flag);
        named
            .iter()
            .any(|text| text.split([' ', '=']).next() == Some(flag.as_str()))
    };
    let culprit = settings
        .iter()
        .filter(is_named)
        .find(|setting| setting.source != Source::Flag);
    let Some(culprit) = culprit else {
        return error.into();
    };
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    anyhow!("{}: {}", culprit.source, first.trim_start_matches("error: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(flag: &str, value: &str) -> Setting {
        Setting {
            key: keys::all().into_iter().find(|key| key.flag == flag).unwrap(),
            values: vec![value.to_owned()],
            source: Source::Flag,
        }
    }

    #[test]
    fn what_a_running_server_takes_over_is_told_from_what_waits() {
        let before = [
            said("log-level", "info"),
            said("shell", "sh"),
            said("log-file", "/a"),
        ];
        let after = [
            said("log-level", "debug"),
            said("shell", "zsh"),
            said("log-file", "/b"),
            said("log-keep", "1"),
        ];
        let (taken, waiting) = changed(&before, &after);
        assert_eq!(taken, ["log.level", "log.file", "log.keep"]);
        assert_eq!(waiting, ["sessions.shell"]);
        assert_eq!(changed(&after, &after), (vec![], vec![]));
        assert_eq!(changed(&[], &[said("log-file", "/a")]).1, ["log.file"]);
    }

    #[test]
    fn switches_are_read_as_the_argument_parser_does() {
        for off in ["", "0", "false", "NO", "off", "n", "f"] {
            assert!(!is_on(off), "{off:?}");
        }
        assert!(is_on("1") && is_on("true") && is_on("yes"));
    }
}
