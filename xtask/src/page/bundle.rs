//! The terminal's module, the glue and the style sheet, each bundled into one file by esbuild.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::glue::Glue;
use crate::run::{Job, must};
use crate::workspace::{OUTPUT_NAME, Profile, Workspace};

const LIMIT: Duration = Duration::from_secs(2 * 60);
/// Browsers of 2023 and later.
const BROWSERS: &str = "--target=es2022,chrome115,firefox115,safari16.4";

/// What esbuild made: all files of `dir`, among them these three.
#[derive(Debug)]
pub(super) struct Bundles {
    /// Where the files are.
    pub(super) dir: PathBuf,
    /// The glue and its snippets as one ES module.
    pub(super) js: PathBuf,
    /// xterm.js and its add-ons as one ES module.
    pub(super) terminal: PathBuf,
    /// All styles.
    pub(super) css: PathBuf,
}

/// Bundles; takes a tenth of a second, so nothing is kept from earlier runs.
pub(super) fn make(workspace: &Workspace, profile: Profile, glue: &Glue) -> Result<Bundles> {
    let dir = workspace.scratch(&format!("bundle-{}", profile.word()))?;
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    let frontend = workspace.root.join("frontend");
    let mut command = Command::new(esbuild(&frontend)?);
    command
        .current_dir(&frontend)
        .arg(format!("{OUTPUT_NAME}={}", glue.js.display()))
        .arg(format!("{OUTPUT_NAME}=bundle/{OUTPUT_NAME}.css"))
        .arg("terminal=bundle/terminal.js")
        .arg(format!("--outdir={}", dir.display()))
        .args([
            "--bundle",
            "--format=esm",
            "--log-level=warning",
            "--legal-comments=eof",
            BROWSERS,
        ])
        // What a style sheet refers to: small pictures inside it, fonts beside it, and nothing from elsewhere.
        .args([
            "--loader:.svg=dataurl",
            "--loader:.woff2=file",
            "--asset-names=[name].[hash]",
        ]);
    if profile == Profile::Release {
        command.arg("--minify");
    }
    let log = workspace.scratch("esbuild.log")?;
    let said = must(
        &mut command,
        &Job {
            log,
            limit: LIMIT,
            shows_progress: false,
        },
    )?;
    anyhow::ensure!(
        said.is_empty(),
        "esbuild has something to say, which counts as an error:\n{said}"
    );
    Ok(Bundles {
        js: dir.join(format!("{OUTPUT_NAME}.js")),
        terminal: dir.join("terminal.js"),
        css: dir.join(format!("{OUTPUT_NAME}.css")),
        dir,
    })
}

/// The bundler itself. npm installs it for this platform only; its script in `.bin` would start Node.js around it.
fn esbuild(frontend: &Path) -> Result<PathBuf> {
    let dir = frontend.join("node_modules/@esbuild");
    let platforms = fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))?;
    platforms
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/esbuild")))
        .find(|path| path.is_file())
        .with_context(|| format!("{} has no esbuild for this platform", dir.display()))
}
