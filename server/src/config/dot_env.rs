//! The `.env` file of the directory the server is started in (T7). Its values are stronger than the environment's; they
//! are never put into the environment, so no child ever sees them.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;

/// What a `.env` file says.
#[derive(Debug, Clone, Default)]
pub struct DotEnv(HashMap<String, String>);

impl DotEnv {
    /// Reads the file at `path`; one that is not there says nothing.
    ///
    /// # Errors
    /// If it cannot be read or has a line that is no `NAME=value`.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let what = || format!("cannot read {}", path.display());
        match dotenvy::from_path_iter(path) {
            Ok(lines) => Ok(Self(lines.collect::<Result<_, _>>().with_context(what)?)),
            Err(error) if error.not_found() => Ok(Self::default()),
            Err(error) => Err(error).with_context(what),
        }
    }

    /// What the file says of a variable.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// A variable of the file, else of the process.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.get(name).or_else(|| std::env::var(name).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t7_a_dot_env_file_is_read_and_a_bad_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        assert_eq!(DotEnv::read(&path).unwrap().variable("SEMPRE_TEST_TTL"), None);
        std::fs::write(&path, "# a day\nSEMPRE_TEST_TTL=86400\nexport OTHER='x y'\n").unwrap();
        let read = DotEnv::read(&path).unwrap();
        assert_eq!(read.variable("SEMPRE_TEST_TTL").as_deref(), Some("86400"));
        assert_eq!(read.variable("OTHER").as_deref(), Some("x y"));
        std::fs::write(&path, "not a line\n").unwrap();
        let error = format!("{:#}", DotEnv::read(&path).unwrap_err());
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
}
