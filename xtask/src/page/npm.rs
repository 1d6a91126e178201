//! `npm ci`, only when what it would install has changed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::content_hash;
use crate::run::{Job, must};
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Installs the packages of one directory of the workspace, exactly as its lock file names them.
pub(crate) fn install(workspace: &Workspace, dir: &str) -> Result<()> {
    let path = workspace.root.join(dir);
    let wanted = wanted(&path)?;
    let name = dir.replace('/', "-");
    let stamp = workspace.scratch(&format!("npm-{name}.stamp"))?;
    if path.join("node_modules").is_dir() && fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    // Playwright's browser is fetched apart, and only if there is none.
    let mut command = Command::new("npm");
    command
        .current_dir(&path)
        .arg("ci")
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    let log = workspace.scratch(&format!("npm-{name}.log"))?;
    must(
        &mut command,
        &Job {
            log,
            limit: LIMIT,
            shows_progress: false,
        },
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

fn wanted(dir: &Path) -> Result<String> {
    let read = |name: &str| {
        let path = dir.join(name);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    Ok(content_hash(&[
        &read("package.json")?,
        &read("package-lock.json")?,
    ]))
}
