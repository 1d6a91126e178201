//! Every key of `sempre.toml`, made from the flags of `sempre serve`: what is a flag is a key, and stands here once.

use clap::{Arg, ArgAction, Args, Command};

use super::serve::ServeFlags;

/// How often a key has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Switch,
    /// One value.
    One,
    /// A list.
    List,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The table it is in.
    pub section: &'static str,
    /// Its name there.
    pub name: String,
    /// The flag without its dashes; also what the argument parser calls it.
    pub flag: String,
    /// The variable.
    pub variable: String,
    /// How often.
    pub kind: Kind,
    /// What its value is: a word for people, with the unit.
    pub unit: String,
    /// What it is without a value, in words.
    pub default: String,
    /// What it does.
    pub help: String,
    /// Whether SIGHUP changes it in a running server.
    pub reloads: bool,
}

impl Key {
    /// As it is written with its table: `log.level`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }
}

/// The argument that names the file itself.
pub(super) const CONFIG: &str = "config";

/// Flags whose table is not the start of their name.
const PLACES: [(&str, &[&str]); 3] = [
    (
        "http",
        &[
            "allowed-host",
            "base-path",
            "external-url",
            "head-timeout-ms",
            "body-timeout-ms",
            "send-timeout-ms",
            "max-creates-per-minute",
        ],
    ),
    (
        "access",
        &[
            "token-file",
            "no-auth",
            "trusted-proxy",
            "proxy-user-header",
            "proxy-user-role",
            "allow-shared-uid",
            "audit-file",
        ],
    ),
    (
        "sessions",
        &[
            "shell",
            "no-shell-integration",
            "record-input",
            "holder-scope",
            "end-sessions",
            "session-ttl",
            "check-interval",
            "compress-after",
            "retention",
            "archive-retention",
            "max-sessions",
            "max-sessions-per-group",
            "max-sessions-per-user",
        ],
    ),
];

/// Tables named by the start of a flag.
const STARTS: [(&str, &str); 5] = [
    ("tls-", "tls"),
    ("jwt-", "jwt"),
    ("oidc-", "oidc"),
    ("log-", "log"),
    ("worker-", "workers"),
];

/// The table of all the rest.
const REST: &str = "server";

/// The order of tables where all are shown.
pub const SECTIONS: [&str; 9] = [
    REST, "log", "http", "tls", "access", "jwt", "oidc", "sessions", "workers",
];

/// Keys a running server takes over at SIGHUP.
const RELOADED: [&str; 8] = [
    "log-level",
    "log-file",
    "log-max-bytes",
    "log-keep",
    "session-ttl",
    "max-sessions",
    "max-sessions-per-group",
    "max-sessions-per-user",
];

/// What stands for a unit in flags, and in words.
const UNITS: [(&str, &str); 12] = [
    ("MS", "milliseconds"),
    ("TIME", "time: 90s, 5m, 1h 30m, 7d, never"),
    ("COUNT", "count"),
    ("BYTES", "bytes"),
    ("FILE", "path of a file"),
    ("DIR", "path of a directory"),
    ("ADDR", "HOST:PORT or unix:PATH"),
    ("URL", "address"),
    ("REGEX", "regular expression"),
    ("CIDR", "address or network"),
    ("ROLE", "viewer, operator or admin"),
    ("CMD", "command"),
];

/// The flags of `sempre serve` for the argument parser, without the environment, which is a layer of its own.
pub(super) fn command() -> Command {
    ServeFlags::augment_args(Command::new("sempre serve"))
        .mut_args(|arg| arg.env(clap::builder::Resettable::<clap::builder::OsStr>::Reset))
}

/// All keys, by table and in the order of the flags.
pub fn all() -> Vec<Key> {
    let command = ServeFlags::augment_args(Command::new("sempre serve"));
    let mut keys: Vec<_> = command.get_arguments().filter_map(key).collect();
    let rank = |key: &Key| SECTIONS.iter().position(|section| *section == key.section);
    keys.sort_by_key(rank);
    keys
}

fn key(arg: &Arg) -> Option<Key> {
    let flag = arg.get_long().filter(|flag| *flag != CONFIG)?.to_owned();
    let variable = arg.get_env()?.to_str()?.to_owned();
    let (section, name) = place(&flag);
    let kind = match arg.get_action() {
        ArgAction::SetTrue => Kind::Switch,
        ArgAction::Append => Kind::List,
        _ => Kind::One,
    };
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let (help, default) = match help.split_once(" [default: ") {
        Some((help, default)) => (help.to_owned(), default.trim_end_matches(']').to_owned()),
        None => (help, builtin(arg, kind)),
    };
    Some(Key {
        section,
        name,
        variable,
        kind,
        unit: unit(arg, kind),
        default,
        help,
        reloads: RELOADED.contains(&flag.as_str()),
        flag,
    })
}

fn place(flag: &str) -> (&'static str, String) {
    let name = |text: &str| text.replace('-', "_");
    if flag == "workers" {
        return ("workers", "count".to_owned());
    }
    if let Some((section, _)) = PLACES.iter().find(|(_, flags)| flags.contains(&flag)) {
        return (*section, name(flag));
    }
    let start = STARTS
        .iter()
        .find_map(|(start, section)| Some((*section, flag.strip_prefix(start)?)));
    match start {
        Some((section, rest)) => (section, name(rest)),
        None => (REST, name(flag)),
    }
}

fn builtin(arg: &Arg, kind: Kind) -> String {
    let values: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    match kind {
        Kind::Switch => "false".to_owned(),
        _ if values.is_empty() => "none".to_owned(),
        _ => values.join(", "),
    }
}

fn unit(arg: &Arg, kind: Kind) -> String {
    if kind == Kind::Switch {
        return "true or false".to_owned();
    }
    let choices: Vec<_> = arg
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    let placeholder = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map_or("", |name| name.as_str());
    let known = UNITS.iter().find(|(short, _)| *short == placeholder);
    let one = match known {
        _ if !choices.is_empty() => choices.join(", "),
        Some((_, words)) => (*words).to_owned(),
        None => "text".to_owned(),
    };
    if kind == Kind::List {
        format!("list of: {one}")
    } else {
        one
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn each_flag_is_one_key_with_a_variable() {
        let keys = all();
        let paths: HashSet<_> = keys.iter().map(Key::path).collect();
        assert_eq!(paths.len(), keys.len());
        let flags = command()
            .get_arguments()
            .filter(|arg| arg.get_long() != Some(CONFIG))
            .count();
        assert_eq!(keys.len(), flags, "a flag without a variable is no key");
        for (flag, path) in [
            ("listen", "server.listen"),
            ("worker-quiet-ms", "workers.quiet_ms"),
            ("workers", "workers.count"),
            ("log-level", "log.level"),
            ("session-ttl", "sessions.session_ttl"),
        ] {
            let key = keys.iter().find(|key| key.flag == flag).unwrap();
            assert_eq!(key.path(), path);
        }
        for listed in RELOADED
            .iter()
            .chain(PLACES.iter().flat_map(|(_, flags)| flags.iter()))
        {
            assert!(keys.iter().any(|key| key.flag == *listed), "{listed} is no flag");
        }
    }

    /// The table in docs/configuration.md; `SEMPRE_UPDATE=1` writes it.
    #[test]
    fn the_document_lists_every_key_with_unit_and_default() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
        let document = std::fs::read_to_string(&path).unwrap();
        let (start, end) = ("<!-- keys: written by the tests -->\n", "<!-- end of keys -->");
        let (before, rest) = document.split_once(start).unwrap();
        let (_, after) = rest.split_once(end).unwrap();
        let wanted = format!("{before}{start}{}{end}{after}", table());
        if std::env::var_os("SEMPRE_UPDATE").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        } else {
            assert_eq!(
                document, wanted,
                "SEMPRE_UPDATE=1 writes docs/configuration.md anew"
            );
        }
    }

    fn table() -> String {
        let keys = all();
        let mut text = String::new();
        for section in SECTIONS {
            text.push_str(&format!(
                "\n### [{section}]\n\n| key | value | default | meaning | at SIGHUP |\n|---|---|---|---|---|\n"
            ));
            for key in keys.iter().filter(|key| key.section == section) {
                let cell = |text: &str| text.replace('|', "\\|");
                text.push_str(&format!(
                    "| `{}`<br>`--{}`, `{}` | {} | {} | {} | {} |\n",
                    key.name,
                    key.flag,
                    key.variable,
                    cell(&key.unit),
                    cell(&key.default),
                    cell(&key.help),
                    if key.reloads { "yes" } else { "" }
                ));
            }
        }
        text.push('\n');
        text
    }
}
