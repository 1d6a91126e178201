//! `sempre share`: links that open one session to who has no account.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use sempre_protocol::GrantId;
use sempre_protocol::access::Role;
use sempre_protocol::door::CreateShare;

use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::Outcome;
use super::out;
use super::table::Table;
use crate::config::life::Span;

/// Flags of `sempre share`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    /// What who opens the link may do; `operator` needs a server with --allow-shared-uid
    #[arg(long, value_enum, default_value = "viewer")]
    role: ShareRole,

    /// The link is worth nothing after this, 90 days at most [default: 1day]
    #[arg(long, value_name = "TIME")]
    expires_in: Option<Span>,

    /// List the links there are, instead of making one
    #[arg(long)]
    list: bool,

    /// Take a link back, by its id in the list
    #[arg(long, value_name = "ID", conflicts_with = "list")]
    revoke: Option<GrantId>,

    /// Write JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShareRole {
    Viewer,
    Operator,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let id = flags.session.find(&client).await?;
        if let Some(share) = flags.revoke {
            client.revoke_share(id, share).await?;
            return out::done(flags.json, &share, |share| format!("{share} taken back"));
        }
        if flags.list {
            let shares = client.shares(id).await?;
            return out::done(flags.json, &shares, |shares| {
                let mut table = Table::new(["ID", "ROLE", "EXPIRES", "MADE BY"]);
                for share in shares {
                    let by = share.made_by.clone().unwrap_or_default();
                    table.row([
                        share.id.to_string(),
                        share.role.word().into(),
                        share.expires_at.clone(),
                        by,
                    ]);
                }
                table.to_string()
            });
        }
        let request = CreateShare {
            role: match flags.role {
                ShareRole::Viewer => Role::Viewer,
                ShareRole::Operator => Role::Operator,
            },
            expires_in_s: flags.expires_in.map(|span| span.ms() / 1000),
        };
        let share = client.create_share(id, &request).await?;
        if flags.json {
            out::json(&share)?;
            return Ok(ExitCode::SUCCESS);
        }
        // By the local socket nobody knows how browsers reach the server: then it is the path.
        let address = flags.server.is_remote().then(|| client.target().page(&share.url));
        out::print(&address.flatten().unwrap_or(share.url))?;
        Ok(ExitCode::SUCCESS)
    })
}
