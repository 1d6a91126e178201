//! `sempre key`: keys for programs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use sempre_protocol::GrantId;
use sempre_protocol::access::{Role, Scope};
use sempre_protocol::door::{CreateKey, KeyInfo};

use super::connect::{ServerFlags, block_on};
use super::exit::Outcome;
use super::out;
use super::table::Table;
use crate::client::Client;
use crate::config::life::Span;

/// Flags of `sempre key`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Make a key; this is the only time it is shown
    New(NewFlags),
    /// List the keys there are
    List(ListFlags),
    /// Take a key back; what it opened closes
    Revoke(RevokeFlags),
}

#[derive(Debug, Args)]
struct NewFlags {
    /// What it is for, in the list of keys and in the audit log
    #[arg(value_name = "NAME")]
    name: String,

    /// What it may do
    #[arg(long, value_enum, default_value = "operator")]
    role: KeyRole,

    /// Only with the sessions of this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,

    /// Only with this session
    #[arg(long, value_name = "SESSION", conflicts_with = "group")]
    session: Option<String>,

    /// It is worth nothing after this [default: never]
    #[arg(long, value_name = "TIME")]
    expires_in: Option<Span>,

    /// Write it into this new file, which only its owner can read, instead of showing it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyRole {
    Viewer,
    Operator,
    Admin,
}

#[derive(Debug, Args)]
struct ListFlags {
    /// Write JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Args)]
struct RevokeFlags {
    /// Its id in the list
    #[arg(value_name = "ID")]
    id: GrantId,

    /// Write JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    match flags.act {
        Act::New(flags) => {
            let client = flags.server.client()?;
            block_on(new(flags, client))
        }
        Act::List(flags) => {
            let client = flags.server.client()?;
            block_on(async { out::done(flags.json, &client.keys().await?, |keys| table(keys)) })
        }
        Act::Revoke(flags) => {
            let client = flags.server.client()?;
            block_on(async {
                client.revoke_key(flags.id).await?;
                out::done(flags.json, &flags.id, |id| format!("{id} taken back"))
            })
        }
    }
}

async fn new(flags: NewFlags, client: Client) -> Outcome {
    let scope = match (flags.group, &flags.session) {
        (Some(group), _) => Scope::Group(group),
        (None, Some(session)) => Scope::Session(client.find(session).await?),
        (None, None) => Scope::All,
    };
    let request = CreateKey {
        name: flags.name,
        role: match flags.role {
            KeyRole::Viewer => Role::Viewer,
            KeyRole::Operator => Role::Operator,
            KeyRole::Admin => Role::Admin,
        },
        scope,
        expires_in_s: flags.expires_in.map(|span| span.ms().div_ceil(1000)),
    };
    // Made before the key is: one that nobody learns of would be worth no less.
    let file = flags.output.as_deref().map(new_private_file).transpose()?;
    let made = client.create_key(&request).await?;
    if let Some(mut file) = file {
        use std::io::Write;
        writeln!(file, "{}", made.key).context("cannot write the key into its file")?;
        out::done(flags.json, &made.info, |info| info.id.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    out::done(flags.json, &made, |made| made.key.clone())
}

fn new_private_file(path: &std::path::Path) -> anyhow::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.with_context(|| format!("cannot make {}", path.display()))
}

fn table(keys: &[KeyInfo]) -> String {
    let mut table = Table::new(["ID", "NAME", "ROLE", "FOR", "EXPIRES", "LAST USED"]);
    for key in keys {
        let scope = match &key.scope {
            Scope::All => "all".to_owned(),
            Scope::Group(group) => format!("group {group}"),
            Scope::Session(id) => format!("session {id}"),
        };
        table.row([
            key.id.to_string(),
            key.name.clone(),
            key.role.word().into(),
            scope,
            key.expires_at.clone().unwrap_or_else(|| "never".into()),
            key.last_used_at.clone().unwrap_or_else(|| "never".into()),
        ]);
    }
    table.to_string()
}
