//! `[agents]` of `sempre.toml`: names for commands, for `sempre open --agent NAME`.

use std::collections::BTreeMap;

/// Names of agents there may be.
const MAX_AGENTS: usize = 256;
/// Longest name, bytes.
const MAX_NAME_BYTES: usize = 64;

/// Commands by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agents(BTreeMap<String, Vec<String>>);

/// A name that stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no agent {name:?}; {known}")]
pub struct UnknownAgent {
    name: String,
    known: String,
}

impl Agents {
    /// Those of the configuration a server started here would read.
    ///
    /// # Errors
    /// If the file cannot be read or makes no sense.
    pub fn read() -> anyhow::Result<Self> {
        Ok(super::layers::read_file()?
            .map(|file| file.agents)
            .unwrap_or_default())
    }

    /// The program and its arguments.
    ///
    /// # Errors
    /// [`UnknownAgent`], which lists those there are.
    pub fn get(&self, name: &str) -> Result<&[String], UnknownAgent> {
        let command = self.0.get(name).map(Vec::as_slice);
        command.ok_or_else(|| UnknownAgent {
            name: name.to_owned(),
            known: match self.0.is_empty() {
                true => "name it in sempre.toml below [agents], such as python = \"python3 -i\"".to_owned(),
                false => format!("known are {}", self.names().collect::<Vec<_>>().join(", ")),
            },
        })
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All names with their programs and arguments.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0
            .iter()
            .map(|(name, command)| (name.as_str(), command.as_slice()))
    }

    /// A command line for the shell, or a program with its arguments.
    pub(super) fn add(&mut self, name: &str, words: Vec<String>, is_list: bool) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.chars().all(plain) || name.starts_with('-')
        {
            return Err(format!(
                "has a name that is none: letters, digits, - _ . and at most {MAX_NAME_BYTES} bytes"
            ));
        }
        if self.0.len() >= MAX_AGENTS {
            return Err(format!("is one too many; {MAX_AGENTS} are the limit"));
        }
        let command = match words.as_slice() {
            [line] if !is_list && !line.trim().is_empty() => vec!["sh".into(), "-c".into(), line.clone()],
            [program, ..] if is_list && !program.is_empty() => words,
            _ => return Err("names no program".to_owned()),
        };
        self.0.insert(name.to_owned(), command);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_command_lines_or_lists() {
        let mut agents = Agents::default();
        agents.add("py", vec!["python3 -i".into()], false).unwrap();
        agents.add("ls", vec!["ls".into(), "-l".into()], true).unwrap();
        assert_eq!(agents.get("py").unwrap(), ["sh", "-c", "python3 -i"]);
        assert_eq!(agents.get("ls").unwrap(), ["ls", "-l"]);
        assert!(
            agents
                .get("rm")
                .unwrap_err()
                .to_string()
                .contains("known are ls, py")
        );
        for (name, words) in [
            ("", vec!["x"]),
            ("a b", vec!["x"]),
            ("-a", vec!["x"]),
            ("a", vec![]),
            ("a", vec![" "]),
        ] {
            let words = words.into_iter().map(str::to_owned).collect();
            assert!(agents.add(name, words, false).is_err(), "{name}");
        }
    }
}
