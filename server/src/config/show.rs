//! Flags of `sempre config`, and the configuration as text.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::agents::Agents;
use super::keys::{self, Key, Kind};
use super::layers::{self, Resolved, Setting};

/// What is done with the configuration.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigVerb {
    /// Say whether a server would start with it, and where it would not
    Check(ConfigFlags),
    /// Show every value and where it comes from
    Show(ConfigFlags),
    /// Print a file with every key, its default and what it does
    Default(DefaultFlags),
}

/// Flags of the verbs that read it.
#[derive(Debug, Clone, Args)]
pub struct ConfigFlags {
    /// File of settings [default: sempre/sempre.toml in $XDG_CONFIG_HOME, else in /etc]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,

    /// Flags of `sempre serve` that are meant too, after `--`
    #[arg(last = true, value_name = "FLAG")]
    pub serve: Vec<OsString>,
}

/// Flags of the verb that reads nothing.
#[derive(Debug, Clone, Args)]
pub struct DefaultFlags {
    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

impl ConfigFlags {
    /// What is said with these flags.
    ///
    /// # Errors
    /// As [`layers::resolve`].
    pub fn resolve(&self) -> anyhow::Result<Resolved> {
        let mut args = self.serve.clone();
        if let Some(path) = &self.config {
            let mut flag = OsString::from("--config=");
            flag.push(path);
            args.insert(0, flag);
        }
        layers::resolve(&args)
    }
}

/// A value as it stands in a file.
fn toml(key: &Key, values: &[String]) -> String {
    match (key.kind, values) {
        (Kind::Switch, [value, ..]) => layers::is_on(value).to_string(),
        (Kind::List, values) => format!("[{}]", values.iter().map(quoted).collect::<Vec<_>>().join(", ")),
        (Kind::One, [value, ..]) if value.parse::<i64>().is_ok() => value.clone(),
        (_, [value, ..]) => quoted(value),
        (_, []) => "\"\"".to_owned(),
    }
}

/// The configuration as a file: what is said, with where; the rest as comments.
pub fn as_file(settings: &[Setting], agents: &Agents) -> String {
    let keys = keys::all();
    let mut text = String::new();
    for section in keys::SECTIONS {
        text.push_str(&format!("[{section}]\n"));
        for key in keys.iter().filter(|key| key.section == section) {
            let said = settings.iter().find(|setting| setting.key == *key);
            text.push_str(&match said {
                Some(setting) => format!(
                    "{} = {}  # {}\n",
                    key.name,
                    toml(key, &setting.values),
                    setting.source
                ),
                None => format!("# {}: {}\n", key.name, key.default),
            });
        }
        text.push('\n');
    }
    text.push_str("[agents]\n");
    for (name, command) in agents.iter() {
        let words: Vec<_> = command.iter().map(quoted).collect();
        text.push_str(&format!("{} = [{}]\n", quoted(name), words.join(", ")));
    }
    text
}

/// A text as TOML has it; the escapes of JSON are among those of TOML.
fn quoted(text: impl Into<String>) -> String {
    serde_json::Value::String(text.into()).to_string()
}

/// A file in which nothing is said: every key as a comment.
pub fn default_file() -> String {
    let keys = keys::all();
    let mut text = String::from(
        "# sempre.toml: settings of `sempre serve`. Stronger are, in this order: the environment, .env, flags.\n\n",
    );
    for section in keys::SECTIONS {
        text.push_str(&format!("[{section}]\n"));
        for key in keys.iter().filter(|key| key.section == section) {
            let (help, unit, default) = (&key.help, &key.unit, &key.default);
            text.push_str(&format!(
                "# {help}\n# {unit}; default: {default}\n# {} = \n\n",
                key.name
            ));
        }
    }
    text.push_str("# Commands by names, for `sempre open --agent NAME`: a command line, or a program with its arguments.\n");
    text.push_str("[agents]\n# python = \"python3 -i\"\n");
    text
}
