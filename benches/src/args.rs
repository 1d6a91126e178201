//! The command line: which measures, how many rounds, where the table goes.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::rounds::Effort;

/// Interleaved rounds unless said otherwise.
const ROUNDS: usize = 7;

/// How it is used.
pub(crate) const USAGE: &str = "cargo xtask bench -- [MEASURE…] [--rounds N] [--full] [--write FILE] [--list]

  MEASURE…      only these, by the names of --list
  --rounds N    interleaved rounds of what is cheap [default: 7]
  --full        also what takes long: 1000 sessions
  --write FILE  put the table between the marks of FILE; only with all measures";

/// What is wanted.
#[derive(Debug)]
pub(crate) struct Args {
    /// Names of measures; empty for all.
    pub(crate) chosen: Vec<String>,
    pub(crate) effort: Effort,
    pub(crate) write: Option<PathBuf>,
    /// Only name the measures.
    pub(crate) list: bool,
    /// Only say how it is used.
    pub(crate) help: bool,
}

impl Args {
    /// Reads them.
    ///
    /// # Errors
    /// For an unknown flag, a missing value, or a part of the table that would replace the whole.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> anyhow::Result<Self> {
        let mut args = Self {
            chosen: Vec::new(),
            effort: Effort {
                rounds: ROUNDS,
                full: false,
            },
            write: None,
            list: false,
            help: false,
        };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.to_string_lossy().as_ref() {
                "--rounds" => {
                    let value = words.next().context("--rounds needs a number")?;
                    let value = value.to_string_lossy();
                    let parsed = value.parse().ok().filter(|&rounds| rounds > 0);
                    args.effort.rounds =
                        parsed.with_context(|| format!("--rounds {value:?} is no number of rounds"))?;
                }
                "--full" => args.effort.full = true,
                "--write" => args.write = Some(words.next().context("--write needs a file")?.into()),
                "--list" => args.list = true,
                "--help" | "-h" => args.help = true,
                flag if flag.starts_with('-') => bail!("{flag:?} is no flag; use:\n{USAGE}"),
                name => args.chosen.push(name.to_owned()),
            }
        }
        if args.write.is_some() && !args.chosen.is_empty() {
            bail!(
                "--write replaces the whole table, so it takes all measures: leave {:?} out",
                args.chosen
            );
        }
        Ok(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> anyhow::Result<Args> {
        Args::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn names_and_flags_may_be_mixed() {
        let args = parse(&["echo", "--rounds", "2", "idle"]).unwrap();
        assert_eq!(args.chosen, ["echo", "idle"]);
        assert_eq!(args.effort.rounds, 2);
    }

    #[test]
    fn a_part_does_not_replace_the_whole_table() {
        assert!(parse(&["--write", "f"]).is_ok());
        assert!(parse(&["echo", "--write", "f"]).is_err());
        assert!(parse(&["--rounds", "0"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }
}
