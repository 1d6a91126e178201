//! Flags of `sempre doctor`, and what is looked at by them and by what the server is told.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;

use super::{ListenAddress, ServeConfig, layers};
use crate::doctor::Subject;

/// Flags of `sempre doctor` (rows K2 and K3).
#[derive(Debug, Clone, Args)]
pub struct DoctorFlags {
    /// Show what is read and run for each step
    #[arg(long, env = "TRACE", value_parser = FalseyValueParser::new())]
    pub trace: bool,

    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,

    /// Ports on which terminal servers are looked for: 8080-8085, or several such with commas
    #[arg(long, value_name = "PORTS", default_value = "8080-8085", value_delimiter = ',', value_parser = ports)]
    pub ports: Vec<RangeInclusive<u16>>,

    /// Files to look through for NUL bytes and other damage, besides the server's own logs
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub logs: Vec<PathBuf>,

    /// Mend what can be mended: rotate corrupt logs, remove dead sockets and stale locks; asks first
    #[arg(long)]
    pub fix: bool,

    /// Do not ask
    #[arg(long, short, requires = "fix")]
    pub yes: bool,

    /// Directory of the server that is examined [default: $XDG_STATE_HOME/sempre]
    #[arg(long, value_name = "DIR", env = "SEMPRE_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if first <= last && first > 0 => Ok(first..=last),
        _ => Err("write ports such as 8080-8085 or 8084".into()),
    }
}

impl DoctorFlags {
    /// What is looked at.
    ///
    /// # Errors
    /// If the server would not start with what the environment says.
    pub fn subject(&self) -> anyhow::Result<Subject> {
        let resolved = layers::resolve(&[])?;
        let variable = |name: &str| resolved.dot_env.variable(name);
        let mut server = resolved.flags.clone();
        let log_file = server.log.log_file.clone();
        if self.data_dir.is_some() {
            server.data_dir.clone_from(&self.data_dir);
        }
        let config = ServeConfig::resolve(server, variable)?;
        let mut logs = self.logs.clone();
        logs.extend(
            [log_file, config.audit_file.clone()]
                .into_iter()
                .flatten()
                .filter(|path| path.exists()),
        );
        let sockets = config.listen.iter().filter_map(|address| match address {
            ListenAddress::Unix(path) => Some(path.clone()),
            ListenAddress::Tcp(_) => None,
        });
        Ok(Subject {
            sockets: sockets.collect(),
            data_dir: config.data_dir,
            shell: config.shell,
            search_path: variable("PATH").unwrap_or_default(),
            app_dir: variable("KIRO_APP_DIR")
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            ports: self.ports.clone(),
            logs,
            health: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_ranges_or_single_ones() {
        assert_eq!(ports("8080-8085"), Ok(8080..=8085));
        assert_eq!(ports("8084"), Ok(8084..=8084));
        for text in ["", "a", "9-8", "0", "1-70000"] {
            assert!(ports(text).is_err(), "{text}");
        }
    }
}
