//! Programs that extend cargo, such as cargo-deny: the user's own, or one that is built once into the target directory.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::run::{Job, answer, must};
use crate::workspace::Workspace;

/// Building one takes about two minutes on two cores.
const INSTALL_LIMIT: Duration = Duration::from_secs(30 * 60);

/// One such program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CargoTool {
    /// The package and its program.
    pub(crate) name: &'static str,
    /// The version that is built where there is none.
    pub(crate) version: &'static str,
    /// What it prints its version at.
    pub(crate) version_args: &'static [&'static str],
}

impl CargoTool {
    /// The user's own program of any version, or the one in the target directory.
    ///
    /// # Errors
    /// With what cargo said, if it cannot be built.
    pub(crate) fn find_or_install(&self, workspace: &Workspace) -> Result<PathBuf> {
        if answer(self.name, self.version_args).is_some() {
            return Ok(self.name.into());
        }
        let root = workspace.target.join("tools");
        let program = root.join("bin").join(self.name);
        if answer(&program.to_string_lossy(), self.version_args)
            .is_some_and(|said| said.ends_with(self.version))
        {
            return Ok(program);
        }
        println!("      building {} {}, once", self.name, self.version);
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args([
                "install",
                self.name,
                "--locked",
                "--force",
                "--version",
                self.version,
                "--root",
            ])
            .arg(&root);
        let job = Job {
            log: workspace.scratch(&format!("logs/install-{}.log", self.name))?,
            limit: INSTALL_LIMIT,
            shows_progress: true,
        };
        must(&mut command, &job).with_context(|| format!("cannot build {} {}", self.name, self.version))?;
        Ok(program)
    }
}
