//! The JavaScript between the browser and the WASM module, made by wasm-bindgen as a library.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::content_hash;
use crate::workspace::{OUTPUT_NAME, Profile, Workspace};

/// Counted up when the options below change, so that old results are not used again.
const OPTIONS: &[u8] = b"1";

/// What wasm-bindgen made.
#[derive(Debug)]
pub(super) struct Glue {
    /// The module of functions that the page's boot script imports; may import `./snippets/…`.
    pub(super) js: PathBuf,
    /// The module, ready for the browser.
    pub(super) wasm: PathBuf,
}

/// Makes the glue, unless it was made from the same module before. `init` is to be called with the module's URL:
/// the glue itself knows none, since file names carry content hashes.
pub(super) fn make(workspace: &Workspace, profile: Profile, module: &Path) -> Result<Glue> {
    let dir = workspace.scratch(&format!("glue-{}", profile.word()))?;
    let glue = Glue {
        js: dir.join(format!("{OUTPUT_NAME}.js")),
        wasm: dir.join(format!("{OUTPUT_NAME}_bg.wasm")),
    };
    let bytes = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    // The lock file names wasm-bindgen's version.
    let lock_path = workspace.root.join("Cargo.lock");
    let lock = fs::read(&lock_path).with_context(|| format!("cannot read {}", lock_path.display()))?;
    let wanted = content_hash(&[&bytes, &lock, OPTIONS]);
    let stamp = dir.join("stamp");
    if glue.wasm.is_file() && fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(glue);
    }
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    generate(profile, module, &dir)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(glue)
}

fn generate(profile: Profile, module: &Path, dir: &Path) -> Result<()> {
    let release = profile == Profile::Release;
    Bindgen::new()
        .input_path(module)
        .out_name(OUTPUT_NAME)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .demangle(!release)
        .remove_name_section(release)
        .remove_producers_section(release)
        .generate(dir)
        .context("wasm-bindgen cannot make the glue; are both of its crates the same version in Cargo.toml?")
}
