//! `sempre run`: a command at a session's prompt, and its exit code.

use std::process::ExitCode;

use clap::Args;
use sempre_protocol::programs::{MAX_TIMEOUT_MS, RunCommand, RunResult};
use sempre_protocol::texts::ExitStatus;

use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::{self, Outcome};
use super::out;
use crate::client::ClientError;
use crate::config::life::Span;

/// Flags of `sempre run`.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends with the command's exit code; 124 if it did not end in time (it goes on then), \
125 if it could not be run: the session is gone, its shell is busy or does not tell where its prompt is."
)]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    /// What to type at the prompt; several words are put together with spaces
    #[arg(
        value_name = "COMMAND",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    command: Vec<String>,

    /// Wait no longer than this for prompt and command, an hour at most
    #[arg(long, value_name = "TIME", default_value = "1h")]
    timeout: Span,

    /// Write JSON: output, exit code, duration and offsets
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let outcome = flags.server.client().map_err(Into::into).and_then(|client| {
        block_on(async {
            let id = flags.session.find(&client).await?;
            let command = RunCommand {
                command: flags.command.join(" "),
                timeout_ms: Some(within_an_hour(flags.timeout)),
            };
            match client.run(id, &command).await {
                Ok(result) => {
                    show(&flags, &result)?;
                    Ok(code(&result))
                }
                Err(ClientError::RunTimedOut(problem, result)) => {
                    show(&flags, &result)?;
                    exit::say(&problem.detail);
                    Ok(exit::TIMED_OUT.into())
                }
                Err(error) => Err(error.into()),
            }
        })
    });
    // The codes of this program are those of commands too: here they all become one.
    outcome.or_else(|error| {
        exit::fail(&error);
        Ok(exit::NOT_RUN.into())
    })
}

/// A limit as the server takes it.
pub(super) fn within_an_hour(limit: Span) -> u64 {
    match limit.ms() {
        0 => MAX_TIMEOUT_MS,
        ms => ms.min(MAX_TIMEOUT_MS),
    }
}

fn show(flags: &Flags, result: &RunResult) -> anyhow::Result<()> {
    if flags.json {
        return out::json(result);
    }
    match result.output.as_str() {
        "" => Ok(()),
        output => out::print(output),
    }
}

fn code(result: &RunResult) -> ExitCode {
    match (result.exit_code, result.session_exit) {
        (Some(code), _) => exit::of_status(Some(ExitStatus::Code(code))),
        (None, Some(ended)) => exit::of_status(Some(ended)),
        (None, None) => exit::NOT_RUN.into(),
    }
}
