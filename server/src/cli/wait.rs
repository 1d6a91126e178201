//! `sempre wait`: until something is so.

use std::process::ExitCode;

use clap::Args;
use sempre_protocol::Offset;
use sempre_protocol::programs::{WaitKind, WaitRequest, WaitResult, WaitValue};

use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::Outcome;
use super::run::within_an_hour;
use super::{describe, out};
use crate::config::life::Span;

/// Flags of `sempre wait`.
#[derive(Debug, Args)]
#[command(
    override_usage = "sempre wait [OPTIONS] <SESSION> <--text|--regex|--prompt|--exit|--silence>",
    after_help = "Ends with 124 if it did not happen in time, with 6 if it cannot happen any more."
)]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    #[command(flatten)]
    what: What,

    /// Look for the text from this output offset on, as `send --json` tells it [default: in what comes from now on]
    #[arg(long, value_name = "OFFSET")]
    from: Option<u64>,

    /// Wait no longer than this, an hour at most
    #[arg(long, value_name = "TIME", default_value = "1h")]
    timeout: Span,

    /// Write JSON: offset, match, groups, exit
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Until this text is printed
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,

    /// Until something printed matches this pattern (syntax of the Rust crate regex)
    #[arg(long, value_name = "PATTERN")]
    regex: Option<String>,

    /// Until the shell is at its prompt
    #[arg(long)]
    prompt: bool,

    /// Until the session has ended; prints how
    #[arg(long)]
    exit: bool,

    /// Until nothing was printed for this long, such as 500ms
    #[arg(long, value_name = "TIME")]
    silence: Option<Span>,
}

impl What {
    fn request(self) -> (WaitKind, Option<WaitValue>) {
        match self {
            Self { text: Some(text), .. } => (WaitKind::Text, Some(WaitValue::Text(text))),
            Self {
                regex: Some(regex), ..
            } => (WaitKind::Regex, Some(WaitValue::Text(regex))),
            Self {
                silence: Some(silence),
                ..
            } => (WaitKind::Silence, Some(WaitValue::Ms(silence.ms()))),
            Self { prompt: true, .. } => (WaitKind::Prompt, None),
            _ => (WaitKind::Exit, None),
        }
    }
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    let (kind, value) = flags.what.request();
    let request = WaitRequest {
        kind,
        value,
        timeout_ms: Some(within_an_hour(flags.timeout)),
        from: flags.from.map(Offset),
    };
    block_on(async {
        let id = flags.session.find(&client).await?;
        let result = client.wait(id, &request).await?;
        if flags.json {
            out::json(&result)?;
        } else if let Some(text) = text(kind, &result) {
            out::print(&text)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn text(kind: WaitKind, result: &WaitResult) -> Option<String> {
    match kind {
        WaitKind::Exit => Some(describe::exit(result.exit)),
        WaitKind::Regex => result.text.clone(),
        _ => None,
    }
}
