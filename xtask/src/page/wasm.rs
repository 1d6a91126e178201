//! The frontend, compiled for the browser.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::run::{Job, must};
use crate::workspace::{Profile, WASM_TARGET, Workspace};

const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Compiles and returns the module's path. Apart from every native build: cargo would unify the features of the
/// page's two halves, and a server compiled with `hydrate` panics.
pub(super) fn compile(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let mut command = workspace.cargo(profile, "build")?;
    command.args(["--package", "sempre-frontend", "--lib", "--target", WASM_TARGET]);
    if profile == Profile::Release {
        command.args(["--profile", "wasm-release"]);
    }
    let log = workspace.scratch("page-wasm.log")?;
    must(
        &mut command,
        &Job {
            log,
            limit: LIMIT,
            shows_progress: true,
        },
    )?;
    let module = workspace
        .target
        .join(WASM_TARGET)
        .join(profile.wasm_dir())
        .join("sempre_frontend.wasm");
    if !module.is_file() {
        bail!(
            "cargo left no {}; is `cdylib` still among the frontend's crate types?",
            module.display()
        );
    }
    Ok(module)
}
