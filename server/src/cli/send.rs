//! `sempre send`: types into a session.

use std::io::Read;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use sempre_protocol::SessionId;
use sempre_protocol::programs::{InputTaken, SendInput};

use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::Outcome;
use super::named_keys::Key;
use super::out;
use crate::client::{Client, ClientError};

/// Input sent at once, bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Flags of `sempre send`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    /// Text to type; several words are put together with spaces. - alone: standard input
    #[arg(value_name = "TEXT", allow_hyphen_values = false)]
    text: Vec<String>,

    /// Key to press after the text, such as ctrl-c, esc, up or f5; repeatable
    #[arg(long, value_name = "KEY")]
    key: Vec<Key>,

    /// Press Enter at the end
    #[arg(long, short)]
    enter: bool,

    /// Write JSON: how much was typed, and the offset to wait from
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let mut bytes = match flags.text.as_slice() {
        [dash] if dash == "-" => {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut bytes);
            read.context("cannot read standard input")?;
            bytes
        }
        words => words.join(" ").into_bytes(),
    };
    flags.key.iter().for_each(|key| bytes.extend_from_slice(&key.0));
    if flags.enter {
        bytes.push(b'\r');
    }
    anyhow::ensure!(
        !bytes.is_empty(),
        "nothing to type; give a text, --key, --enter or -"
    );
    let client = flags.server.client()?;
    block_on(async {
        let id = flags.session.find(&client).await?;
        let taken = type_in(&client, id, &bytes).await?;
        // Else nothing is to be said of what went well.
        if flags.json {
            out::json(&taken)?;
        }
        Ok(std::process::ExitCode::SUCCESS)
    })
}

async fn type_in(client: &Client, id: SessionId, bytes: &[u8]) -> Result<InputTaken, ClientError> {
    let mut all: Option<InputTaken> = None;
    for piece in bytes.chunks(PIECE_BYTES) {
        let input = SendInput {
            data_b64: Some(STANDARD.encode(piece)),
            ..SendInput::default()
        };
        let taken = client.input(id, &input).await?;
        all = Some(match all {
            None => taken,
            Some(first) => InputTaken {
                offset: first.offset,
                written: first.written + taken.written,
                held: first.held + taken.held,
            },
        });
    }
    all.ok_or_else(|| ClientError::Told("nothing to type".into()))
}
