//! `sempre logs`: a session's output, as text or as it was written, and as it comes.

use std::process::ExitCode;

use clap::Args;
use sempre_protocol::{Offset, SessionId};
use sempre_screen::PlainText;

use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::{self, Outcome};
use super::out;
use crate::client::{AttachOptions, Attached, Attachment, Client, OutputFormat};

/// Flags of `sempre logs`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    /// Go on with what comes, until the session ends
    #[arg(long, short)]
    follow: bool,

    /// Begin at this offset: bytes since the session began [default: the oldest output kept]
    #[arg(long, value_name = "OFFSET")]
    from: Option<u64>,

    /// Text without control sequences; lines drawn over each other stay apart. The default
    #[arg(long)]
    text: bool,

    /// Every byte as it was written, for a terminal of the session's size
    #[arg(long, conflicts_with = "text")]
    raw: bool,

    /// Write JSON: one object with `offset` and `text`, or `data_b64` with --raw, for each piece
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let id = flags.session.find(&client).await?;
        let mut printer = Printer {
            raw: flags.raw,
            json: flags.json,
            text: PlainText::default(),
        };
        match flags.follow {
            true => follow(client, id, flags.from.map(Offset), &mut printer).await?,
            false => print(&client, id, flags.from.map(Offset), &mut printer).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Writes pieces of output.
struct Printer {
    raw: bool,
    json: bool,
    text: PlainText,
}

#[derive(serde::Serialize)]
struct Piece {
    offset: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_b64: Option<String>,
}

impl Printer {
    fn piece(&mut self, offset: Offset, bytes: &[u8]) -> anyhow::Result<()> {
        use base64::Engine;
        let text = (!self.raw).then(|| {
            self.text.feed(bytes);
            self.text.take()
        });
        if self.json {
            let data_b64 = text.is_none();
            let data_b64 = data_b64.then(|| base64::engine::general_purpose::STANDARD.encode(bytes));
            return out::json(&Piece {
                offset,
                text,
                data_b64,
            });
        }
        match text {
            Some(text) => out::write(text.as_bytes()),
            None => out::write(bytes),
        }
    }
}

async fn print(
    client: &Client,
    id: SessionId,
    from: Option<Offset>,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let mut output = client.output(id, from, OutputFormat::Raw).await?;
    let mut at = output.from;
    while let Some(chunk) = output.chunk().await? {
        printer.piece(at, &chunk)?;
        at = at.plus(chunk.len() as u64);
    }
    Ok(())
}

async fn follow(
    client: Client,
    id: SessionId,
    from: Option<Offset>,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let from = match from {
        Some(from) => from,
        None => client.session(id).await?.base_offset,
    };
    let options = AttachOptions {
        from: Some(from),
        read_only: true,
        name: Some("logs".into()),
        ..AttachOptions::default()
    };
    let mut attachment = Attachment::open(client, id, options).await?;
    let mut at = from;
    loop {
        match attachment.next().await? {
            Attached::Output(bytes) => {
                printer.piece(at, &bytes)?;
                at = at.plus(bytes.len() as u64);
                attachment.drawn();
            }
            Attached::Snapshot(snapshot) => {
                exit::say(&format!(
                    "output from {at} to {} is not kept any more",
                    snapshot.offset
                ));
                at = snapshot.offset;
                attachment.drawn();
            }
            Attached::Exit { .. } => return Ok(()),
            _ => {}
        }
    }
}
