//! Shell integration: bash, zsh and fish tell where their prompt is and how each command ended (OSC 133), by files of
//! Sempre's that read the user's own first. Nothing of the user's is written to.
//!
//! The files are in the data directory, the same for all sessions. Each shell is given a name of its own that it puts
//! into what it tells (`aid=`): the output of a command cannot pretend to be its end.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sempre_protocol::RunId;
use sempre_protocol::holder::Spec;

use super::SessionError;
use crate::random::random_bytes;
use crate::store::write_private;

/// The files, by their path in the directory.
const FILES: [(&str, &str); 3] = [
    (BASH, include_str!("shell_integration/bash.sh")),
    (ZSH, include_str!("shell_integration/zshenv.zsh")),
    (FISH, include_str!("shell_integration/init.fish")),
];
const BASH: &str = "bash.sh";
const ZSH: &str = "zsh/.zshenv";
const FISH: &str = "init.fish";

/// Tells the shell its name.
const AID_VARIABLE: &str = "SEMPRE_SHELL_AID";
/// Tells the shell where its file is: names may hold anything, variables are not read as code.
const INIT_VARIABLE: &str = "SEMPRE_SHELL_INIT";

/// The files, written down.
#[derive(Debug)]
pub(super) struct ShellIntegration {
    directory: PathBuf,
}

impl ShellIntegration {
    /// Writes the files below `directory`, 0600 in directories of 0700; those that are as they should be stay.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn install(directory: &Path) -> io::Result<Self> {
        for (name, text) in FILES {
            let path = directory.join(name);
            if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
                continue;
            }
            if let Some(parent) = path.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
            }
            write_private(&path, text.as_bytes())?;
        }
        Ok(Self {
            directory: directory.to_path_buf(),
        })
    }

    /// Makes the shell of `spec` tell, if it is one that can.
    ///
    /// # Errors
    /// [`SessionError::System`] if there are no random numbers.
    pub(super) fn apply(&self, spec: &mut Spec) -> Result<(), SessionError> {
        if !spec.manifest.login || spec.manifest.cmd.len() != 1 {
            return Ok(());
        }
        let file = match spec.manifest.shell.as_str() {
            "bash" => BASH,
            "zsh" => ZSH,
            "fish" => FISH,
            _ => return Ok(()),
        };
        let path = self.directory.join(file);
        // A shell whose file is gone would start without the user's own.
        let Some(path) = path.to_str().filter(|_| path.is_file()) else {
            return Ok(());
        };
        let aid = RunId::from_bytes(random_bytes().map_err(SessionError::system("cannot make an id"))?);
        let env = &mut spec.child_env;
        let set_aside = |env: &mut std::collections::BTreeMap<String, String>, name: &str, as_name: &str| {
            env.remove(as_name);
            if let Some(value) = env.remove(name) {
                env.insert(as_name.into(), value);
            }
        };
        match file {
            BASH => {
                set_aside(env, "ENV", "SEMPRE_SHELL_ENV");
                env.insert("ENV".into(), format!("${INIT_VARIABLE}"));
                env.insert(INIT_VARIABLE.into(), path.to_owned());
                spec.args = vec!["--posix".into()];
            }
            ZSH => {
                set_aside(env, "ZDOTDIR", "SEMPRE_ZDOTDIR");
                let directory = path.strip_suffix("/.zshenv").unwrap_or(path);
                env.insert("ZDOTDIR".into(), directory.to_owned());
            }
            _ => {
                env.insert(INIT_VARIABLE.into(), path.to_owned());
                spec.args = vec!["--init-command".into(), format!("source ${INIT_VARIABLE}")];
            }
        }
        env.insert(AID_VARIABLE.into(), aid.to_string());
        spec.manifest.shell_aid = Some(aid.to_string());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use sempre_protocol::api::CreateSession;

    use super::*;
    use crate::sessions::create;
    use crate::sessions::environment::BaseEnvironment;

    fn spec(cmd: Option<&str>, env: &[(&str, &str)]) -> Spec {
        let base = BaseEnvironment::new([]);
        let request = CreateSession {
            cmd: cmd.map(|cmd| vec![cmd.to_owned()]),
            env: env
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            ..CreateSession::default()
        };
        let mut spec = create::spec(request, "sh", &base, 0).unwrap();
        spec.manifest.shell = "bash".into();
        spec
    }

    #[test]
    fn files_are_private_and_written_anew_when_they_differ() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let directory = temp.path().join("shell");
        ShellIntegration::install(&directory).unwrap();
        let file = directory.join(ZSH);
        std::fs::write(&file, "an older release").unwrap();
        ShellIntegration::install(&directory).unwrap();
        for (name, text) in FILES {
            let path = directory.join(name);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            assert_eq!(
                path.metadata().unwrap().permissions().mode() & 0o777,
                0o600,
                "{name}"
            );
        }
        assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn only_known_shells_are_changed_and_each_has_a_name_of_its_own() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let integration = ShellIntegration::install(temp.path()).unwrap();
        let applied = |mut spec: Spec| {
            integration.apply(&mut spec).unwrap();
            spec
        };
        let (one, two) = (applied(spec(None, &[("ENV", "mine")])), applied(spec(None, &[])));
        assert!(one.manifest.shell_aid.is_some());
        assert_ne!(one.manifest.shell_aid, two.manifest.shell_aid);
        assert_eq!(
            one.child_env.get("SEMPRE_SHELL_ENV").map(String::as_str),
            Some("mine")
        );
        assert_eq!(
            one.manifest.cmd.len(),
            1,
            "what is shown stays what was asked for"
        );
        let command = applied(spec(Some("/bin/bash"), &[]));
        assert_eq!((command.manifest.shell_aid, command.args.len()), (None, 0));
    }
}
