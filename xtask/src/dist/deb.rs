//! The Debian package, by cargo-deb; what is in it stands in `server/Cargo.toml`, its scripts in `packaging/deb`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cargo_tool::CargoTool;
use crate::run::{Job, answer, must};
use crate::workspace::{Workspace, without_cargo_run};

const DEB: CargoTool = CargoTool {
    name: "cargo-deb",
    version: "3.8.0",
    version_args: &["--version"],
};
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// Whether this machine is one such packages are for: dpkg tells what the programs depend on.
pub(super) fn possible() -> bool {
    answer("dpkg", &["--version"]).is_some()
}

/// Makes `sempre_VERSION-REVISION_ARCHITECTURE.deb` in `dir` of what is built and of [`super::Made`]; its path. Only for this machine's
/// own kind of programs.
///
/// # Errors
/// With what cargo-deb said.
pub(crate) fn make(workspace: &Workspace, dir: &Path, epoch: u64, revision: u32) -> Result<PathBuf> {
    let program = DEB.find_or_install(workspace)?;
    let architecture = answer("dpkg", &["--print-architecture"])
        .context("dpkg does not tell this machine's architecture")?;
    let path = dir.join(format!(
        "sempre_{}-{revision}_{architecture}.deb",
        workspace.version
    ));
    let mut command = Command::new(program);
    without_cargo_run(&mut command);
    command
        .current_dir(&workspace.root)
        .args([
            "--no-build",
            "--no-strip",
            "--package",
            "sempre-server",
            "--deb-revision",
            &revision.to_string(),
        ])
        .arg("--output")
        .arg(&path)
        .env("CARGO_TARGET_DIR", &workspace.target)
        .env("SOURCE_DATE_EPOCH", epoch.to_string());
    let job = Job {
        log: workspace.scratch("logs/dist-deb.log")?,
        limit: LIMIT,
        shows_progress: false,
    };
    must(&mut command, &job).context("cargo-deb made no package")?;
    Ok(path)
}
