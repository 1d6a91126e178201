//! `sempre export`: a session's recording, or what its screen shows, as a file for other programs.

mod svg;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use sempre_protocol::SessionId;

use super::connect::{ServerFlags, SessionArg, block_on};
use super::exit::Outcome;
use super::out;
use crate::client::{Client, OutputFormat, ScreenFormat};

/// Flags of `sempre export`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    session: SessionArg,

    /// What to write: recordings for asciinema, the output as it was or as text, or a picture of the screen
    #[arg(long, short, value_enum, default_value = "asciicast-v2")]
    format: Format,

    /// Rows above the screen in html and svg, 5000 at most
    #[arg(long, value_name = "N", default_value_t = 0)]
    lines: u32,

    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write JSON when a file was written: its name and length
    #[arg(long, requires = "output")]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Recording, times since the start
    AsciicastV2,
    /// Recording, times since the event before
    AsciicastV3,
    /// Every byte as it was written
    Raw,
    /// Output without control sequences
    Text,
    /// The screen as a page
    Html,
    /// The screen as an image
    Svg,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let id = flags.session.find(&client).await?;
        let mut sink = Sink::open(flags.output.clone())?;
        match flags.format {
            Format::AsciicastV2 => stream(&client, id, OutputFormat::AsciicastV2, &mut sink).await?,
            Format::AsciicastV3 => stream(&client, id, OutputFormat::AsciicastV3, &mut sink).await?,
            Format::Raw => stream(&client, id, OutputFormat::Raw, &mut sink).await?,
            Format::Text => stream(&client, id, OutputFormat::Text, &mut sink).await?,
            Format::Html => sink.write(&client.screen(id, ScreenFormat::Html, flags.lines).await?)?,
            Format::Svg => {
                let json = client.screen(id, ScreenFormat::Json, flags.lines).await?;
                let page = serde_json::from_slice(&json).context("the server's screen makes no sense")?;
                sink.write(svg::image(&page).as_bytes())?;
            }
        }
        if let (true, Some(path)) = (flags.json, &flags.output) {
            out::json(&serde_json::json!({ "file": path, "bytes": sink.bytes }))?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Where it goes.
struct Sink {
    file: Option<(File, PathBuf)>,
    bytes: u64,
}

impl Sink {
    fn open(path: Option<PathBuf>) -> anyhow::Result<Self> {
        let create = |path: PathBuf| {
            let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
            anyhow::Ok((file, path))
        };
        Ok(Self {
            file: path.map(create).transpose()?,
            bytes: 0,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.bytes += bytes.len() as u64;
        match &mut self.file {
            None => out::write(bytes),
            Some((file, path)) => {
                let written = file.write_all(bytes);
                written.with_context(|| format!("cannot write {}", path.display()))
            }
        }
    }
}

async fn stream(client: &Client, id: SessionId, format: OutputFormat, sink: &mut Sink) -> anyhow::Result<()> {
    let mut output = client.output(id, None, format).await?;
    while let Some(chunk) = output.chunk().await? {
        sink.write(&chunk)?;
    }
    Ok(())
}
