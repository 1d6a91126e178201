//! `sempre config`: the configuration, checked and shown.

use std::process::ExitCode;

use serde_json::json;

use super::out;
use crate::config::layers::Resolved;
use crate::config::show::{self, ConfigFlags, ConfigVerb};
use crate::config::{ServeConfig, keys};

/// 1: a server would not start with it.
pub(super) fn run(verb: &ConfigVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ConfigVerb::Check(flags) => return check(flags),
        ConfigVerb::Show(flags) => show(flags)?,
        ConfigVerb::Default(flags) if flags.json => {
            let keys: Vec<_> = keys::all().iter().map(describe).collect();
            out::json(&json!({ "keys": keys }))?;
        }
        ConfigVerb::Default(_) => out::print(&show::default_file())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(key: &keys::Key) -> serde_json::Value {
    json!({
        "key": key.path(),
        "flag": format!("--{}", key.flag),
        "variable": key.variable,
        "unit": key.unit,
        "default": key.default,
        "help": key.help,
        "reloads": key.reloads,
    })
}

fn check(flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
    let checked = flags.resolve().and_then(|resolved| {
        let variable = |name: &str| resolved.dot_env.variable(name);
        ServeConfig::resolve(resolved.flags.clone(), variable)?;
        Ok(resolved)
    });
    match checked {
        Ok(resolved) if flags.json => out::json(&json!({ "status": "ok", "file": path(&resolved) }))?,
        Ok(resolved) => out::print(&match path(&resolved) {
            Some(path) => format!("{path}: ok\n"),
            None => "ok; there is no sempre.toml\n".to_owned(),
        })?,
        Err(error) if flags.json => {
            let text = format!("{error:#}");
            let errors: Vec<_> = text.lines().collect();
            out::json(&json!({ "status": "error", "errors": errors }))?;
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(error),
    }
    Ok(ExitCode::SUCCESS)
}

fn path(resolved: &Resolved) -> Option<String> {
    Some(resolved.file.as_ref()?.path.display().to_string())
}

fn show(flags: &ConfigFlags) -> anyhow::Result<()> {
    let resolved = flags.resolve()?;
    if !flags.json {
        let agents = resolved
            .file
            .as_ref()
            .map(|file| file.agents.clone())
            .unwrap_or_default();
        return out::print(&show::as_file(&resolved.settings, &agents));
    }
    let settings: Vec<_> = resolved
        .settings
        .iter()
        .map(|setting| json!({ "key": setting.key.path(), "values": setting.values, "source": setting.source }))
        .collect();
    out::json(&json!({ "file": path(&resolved), "settings": settings }))
}
