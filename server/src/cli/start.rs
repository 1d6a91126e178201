//! Flags of a session that is to be started; shared by `new` and `open`.

use std::collections::BTreeMap;

use anyhow::Context;
use clap::Args;
use sempre_protocol::Size;
use sempre_protocol::api::CreateSession;
use sempre_protocol::confinement::ResourceLimits;

use crate::config::confine::ByteSize;
use crate::config::life::Span;

/// What to start.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct StartFlags {
    /// Shell: a name such as zsh, or an absolute path [default: the server's]
    #[arg(long, value_name = "CMD", conflicts_with = "command")]
    shell: Option<String>,

    /// Directory to start in [default: this one, or with --url the home directory]
    #[arg(long, value_name = "DIR")]
    cwd: Option<String>,

    /// Environment variable; $NAME in it stands for the server's; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,

    /// Label such as story=S-7; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    label: Vec<(String, String)>,

    /// Group the session belongs to
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,

    /// Whom the session is for: a name, not a permission
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// End it when nothing happened for this long, such as 2h [default: never]
    #[arg(long, value_name = "TIME")]
    ttl: Option<Span>,

    /// End it when its shell waited at its prompt, unwatched, for this long [default: never]
    #[arg(long, value_name = "TIME")]
    idle: Option<Span>,

    /// Start the shell as it is: it does not tell where its prompt is, and `run` does not work
    #[arg(long)]
    no_shell_integration: bool,

    /// Record what is typed as well; who types is told
    #[arg(long)]
    record_input: bool,

    /// Unix user to run as, if the server lets you
    #[arg(long, value_name = "USER")]
    run_as: Option<String>,

    /// Memory, such as 512M [default: the server's]
    #[arg(long, value_name = "SIZE")]
    memory_max: Option<ByteSize>,

    /// Processor time of the session, percent of one processor [default: the server's]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u64).range(1..))]
    cpu_max_percent: Option<u64>,

    /// Processor time of each process in its whole life, such as 10m [default: the server's]
    #[arg(long, value_name = "TIME")]
    cpu_time_max: Option<Span>,

    /// Processes and threads of the session [default: the server's]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    processes_max: Option<u64>,

    /// Program and arguments instead of a shell, behind --
    #[arg(value_name = "COMMAND", last = true)]
    pub(super) command: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

impl StartFlags {
    /// As if a command and labels, and nothing else, stood on the command line.
    pub(super) fn of(command: Vec<String>, label: Vec<(String, String)>) -> Self {
        Self {
            command,
            label,
            ..Self::default()
        }
    }

    /// Whether a shell was asked for by name.
    pub(super) fn names_shell(&self) -> bool {
        self.shell.is_some()
    }

    /// What the server is asked for. `remote`: its directories are not those of this machine.
    ///
    /// # Errors
    /// If the current directory is gone.
    pub(super) fn request(self, remote: bool, size: Option<Size>) -> anyhow::Result<CreateSession> {
        let cwd = match self.cwd {
            Some(cwd) if !remote && !cwd.starts_with('~') => Some(
                std::path::absolute(&cwd)
                    .with_context(|| format!("cannot tell where {cwd:?} is"))?
                    .to_string_lossy()
                    .into_owned(),
            ),
            None if !remote => {
                let here =
                    std::env::current_dir().context("the current directory is gone; name one with --cwd")?;
                Some(here.to_string_lossy().into_owned())
            }
            cwd => cwd,
        };
        let seconds = |span: Span| span.ms().div_ceil(1000);
        Ok(CreateSession {
            shell: self.shell,
            cmd: Some(self.command).filter(|command| !command.is_empty()),
            cwd,
            rows: size.map(|size| size.rows),
            cols: size.map(|size| size.cols),
            env: BTreeMap::from_iter(self.env),
            user_id: self.user,
            group: self.group,
            labels: BTreeMap::from_iter(self.label),
            // What people start stays until they end it.
            ttl: Some(self.ttl.map_or(0, seconds)),
            idle: self.idle.map(seconds),
            shell_integration: self.no_shell_integration.then_some(false),
            record_input: self.record_input.then_some(true),
            limits: ResourceLimits {
                memory_max_bytes: self.memory_max.map(ByteSize::bytes),
                cpu_max_percent: self.cpu_max_percent,
                cpu_time_max_s: self.cpu_time_max.map(seconds),
                processes_max: self.processes_max,
            },
            run_as: self.run_as,
        })
    }
}
