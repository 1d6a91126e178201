//! `sempre log-level`: what the server logs, shown and changed while it runs (row K6).

use anyhow::bail;
use clap::Args;
use sempre_protocol::api::LogLevels;

use super::connect::{ServerFlags, block_on};
use super::exit::Outcome;
use super::out;
use super::table::plain;

/// Flags of `sempre log-level`.
#[derive(Debug, Args)]
#[command(after_help = "\
Levels: off, error, warn, info, debug, trace. Without arguments it shows what is logged. What is set holds until the server \
is started again or gets SIGHUP: then its configuration holds. Example: sempre log-level http=debug")]
pub(super) struct Flags {
    /// ROOM=LEVEL for a room such as http or sessions::screen; LEVEL for all rooms that are not named
    #[arg(value_name = "ROOM=LEVEL")]
    levels: Vec<String>,

    /// Write JSON: the levels
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    let client = flags.server.client()?;
    block_on(async {
        let mut levels = client.log_levels().await?;
        if !flags.levels.is_empty() {
            change(&mut levels, &flags.levels)?;
            levels = client.set_log_levels(&levels).await?;
        }
        out::done(flags.json, &levels, words)
    })
}

/// Which words are rooms and levels is the server's to say.
fn change(levels: &mut LogLevels, words: &[String]) -> anyhow::Result<()> {
    for part in words.iter().flat_map(|word| word.split(',')) {
        match part.split_once('=') {
            None if part.is_empty() => bail!("an empty word is no level; write ROOM=LEVEL or LEVEL"),
            None => part.clone_into(&mut levels.level),
            Some((room, level)) => {
                levels.rooms.insert(room.to_owned(), level.to_owned());
            }
        }
    }
    Ok(())
}

fn words(levels: &LogLevels) -> String {
    let lines: Vec<_> = levels.words().iter().map(|line| plain(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_changed_one_by_one_and_the_rest_stays() {
        let mut levels = LogLevels {
            level: "info".into(),
            rooms: [("http".to_owned(), "debug".to_owned())].into(),
        };
        let words = ["warn".to_owned(), "auth=trace,http=error".to_owned()];
        change(&mut levels, &words).unwrap();
        assert_eq!(super::words(&levels), "warn\nauth=trace\nhttp=error");
        assert!(change(&mut levels, &["".to_owned()]).is_err());
    }
}
