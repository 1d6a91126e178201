//! Shells by name (row T2): which are installed, and what starts them.

use std::path::{Path, PathBuf};

/// Names a request may use, with the programs that answer to them, best first.
const SHELLS: [(&str, &[&str]); 14] = [
    ("bash", &["bash"]),
    ("zsh", &["zsh"]),
    ("fish", &["fish"]),
    ("sh", &["sh"]),
    ("dash", &["dash"]),
    ("ksh", &["ksh", "mksh"]),
    ("tcsh", &["tcsh", "csh"]),
    ("nu", &["nu"]),
    ("pwsh", &["pwsh"]),
    ("powershell", &["pwsh"]),
    ("cmd", &["cmd.exe"]),
    ("wsl", &["wsl.exe"]),
    ("python", &["python3", "python"]),
    ("node", &["node"]),
];

/// Shells that take a leading `-` in `argv[0]` to mean "login shell".
const LOGIN_SHELLS: [&str; 7] = ["bash", "zsh", "fish", "sh", "dash", "ksh", "tcsh"];

/// A shell that can be started here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    /// The name it goes by.
    pub name: String,
    /// Absolute path of its program.
    pub program: PathBuf,
    /// Whether it is started as a login shell.
    pub login: bool,
}

/// The shell of this name or absolute path, if it is installed on `path`.
pub fn find(name: &str, path: &str) -> Option<Shell> {
    if name.starts_with('/') {
        let file_name = Path::new(name).file_name()?.to_str()?.to_owned();
        let login = LOGIN_SHELLS.contains(&file_name.as_str());
        return Some(Shell {
            name: file_name,
            program: PathBuf::from(name),
            login,
        });
    }
    let (name, programs) = SHELLS.iter().find(|(known, _)| *known == name)?;
    let program = programs.iter().find_map(|program| on_path(program, path))?;
    Some(Shell {
        name: (*name).to_owned(),
        program,
        login: LOGIN_SHELLS.contains(name),
    })
}

/// Names of all shells installed on `path`.
pub fn installed(path: &str) -> Vec<String> {
    SHELLS
        .iter()
        .filter(|(name, _)| find(name, path).is_some())
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

fn on_path(program: &str, path: &str) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .find_map(|directory| {
            let candidate = directory.join(program);
            let runs =
                candidate.is_file() && rustix::fs::access(&candidate, rustix::fs::Access::EXEC_OK).is_ok();
            runs.then_some(candidate)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_found_by_name_and_path() {
        let path = std::env::var("PATH").unwrap();
        let sh = find("sh", &path).unwrap();
        assert!(sh.program.is_absolute() && sh.login);
        assert_eq!(find("/bin/sh", "").unwrap().name, "sh");
        assert!(installed(&path).contains(&"sh".to_owned()));
    }

    #[test]
    fn what_is_not_on_the_list_is_not_started() {
        let path = std::env::var("PATH").unwrap();
        for name in ["rm", "../bin/sh", "-c", "", "bash -i", "sh;id"] {
            assert_eq!(find(name, &path), None, "{name:?}");
        }
    }
}
