//! The page: from the frontend's source to the directory of files that the server embeds.

mod bundle;
mod compress;
mod glue;
mod npm;
mod site;
mod wasm;

pub(crate) use npm::install as npm_install;
pub(crate) use site::sizes;

use anyhow::Result;

use crate::prerequisites;
use crate::progress::Progress;
use crate::workspace::{Profile, Workspace};

/// How many steps [`build`] reports.
pub(crate) const STEPS: usize = 5;

/// Builds the page for `profile` into `target/site/<profile>`. Files that stay the same are left untouched.
pub(crate) fn build(workspace: &Workspace, profile: Profile, progress: &mut Progress) -> Result<()> {
    progress.step("prerequisites", false, || {
        prerequisites::check()?;
        prerequisites::add_wasm_target()
    })?;
    progress.step("page: npm packages", false, || {
        npm::install(workspace, "frontend")
    })?;
    let wasm = progress.step("page: WASM", true, || wasm::compile(workspace, profile))?;
    let glue = progress.step("page: glue", false, || glue::make(workspace, profile, &wasm))?;
    progress.step("page: bundles, styles and compression", false, || {
        let bundles = bundle::make(workspace, profile, &glue)?;
        site::assemble(workspace, profile, &glue, &bundles)
    })
}

/// The first bytes of a SHA-256, as hex: enough to tell any two builds apart.
fn content_hash(parts: &[&[u8]]) -> String {
    use sha2::{Digest, Sha256};
    const HASH_BYTES: usize = 8;
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher
        .finalize()
        .iter()
        .take(HASH_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
