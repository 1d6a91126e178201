//! Programs from PyPI, each in an environment of its own below the target directory.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::run::{Job, must};
use crate::workspace::Workspace;

/// Getting packages may take this long.
const INSTALL_LIMIT: Duration = Duration::from_secs(10 * 60);

/// The directory of the programs of an environment `name` that has exactly what `requirements` (a path below the
/// root) lists; installed again only when that changed.
///
/// # Errors
/// With what pip said, if there is no Python or the packages cannot be had.
pub(crate) fn environment(workspace: &Workspace, name: &str, requirements: &str) -> Result<PathBuf> {
    let requirements = workspace.root.join(requirements);
    let wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let environment = workspace.scratch(name)?;
    let programs = environment.join("bin");
    let stamp = environment.join("installed");
    if !programs.join("python").exists() || !fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        must(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&environment),
            &job(workspace, &format!("{name}-venv.log"))?,
        )
        .context("cannot make a Python environment (Debian: apt-get install -y python3-venv)")?;
        let pip = ["-m", "pip", "install", "--disable-pip-version-check"];
        must(
            Command::new(programs.join("python"))
                .args(pip)
                .arg("--requirement")
                .arg(&requirements),
            &job(workspace, &format!("{name}-pip.log"))?,
        )
        .with_context(|| format!("pip cannot install {}", requirements.display()))?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(programs)
}

fn job(workspace: &Workspace, log: &str) -> Result<Job> {
    Ok(Job {
        log: workspace.scratch(log)?,
        limit: INSTALL_LIMIT,
        shows_progress: false,
    })
}
