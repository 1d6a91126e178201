//! What is handed to people who do not build: a tarball, a Debian package, what is in them (SBOM), and their sums.
//!
//! All of it is made of the programs `cargo xtask build --release` leaves. The same programs at the same commit make the
//! same tarball, byte by byte.

mod deb;
mod epoch;
mod made;
mod sbom;
mod sums;
mod tarball;

pub(crate) use deb::make as debian_package;
pub(crate) use epoch::seconds as epoch_seconds;
pub(crate) use made::Made;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::progress::Progress;
use crate::workspace::Workspace;

/// How many steps [`make`] reports.
pub(crate) const STEPS: usize = 4;

/// Who the files are for.
#[derive(Debug, Clone)]
pub(crate) struct Platform {
    /// Its name as Rust has it: `x86_64-unknown-linux-gnu`.
    pub(crate) triple: String,
    /// Asked for by `--target`: cargo keeps such programs in a directory of their own.
    pub(crate) explicit: bool,
}

/// The files that were made.
#[derive(Debug)]
pub(crate) struct Dist {
    /// Where all of them are.
    pub(crate) dir: PathBuf,
    /// `sempre-VERSION-TARGET.tar.gz`.
    pub(crate) tarball: PathBuf,
    /// The Debian package; only where this machine's own programs were built, and dpkg is there.
    pub(crate) deb: Option<PathBuf>,
    /// CycloneDX, JSON.
    pub(crate) sbom: PathBuf,
    /// Sums of all of them, as `sha256sum -c` reads it.
    pub(crate) sums: PathBuf,
}

/// Makes everything of programs that are built. What was made for other platforms and versions stays, and is among the sums.
///
/// # Errors
/// If a program is missing or a tool fails.
pub(crate) fn make(workspace: &Workspace, platform: &Platform, progress: &mut Progress) -> Result<Dist> {
    let dir = workspace.target.join("dist");
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let epoch = epoch::seconds(workspace)?;
    let tarball = progress.step("dist: tarball", false, || {
        let made = Made::by_the_programs(workspace, platform)?;
        tarball(workspace, platform, &made, &dir)
    })?;
    let deb = progress.step("dist: Debian package", false, || {
        if platform.explicit || !deb::possible() {
            return Ok(None);
        }
        deb::make(workspace, &dir, epoch, 1).map(Some)
    })?;
    let sbom = progress.step("dist: SBOM", false, || {
        let path = dir.join(format!("{}.cdx.json", stem(workspace, platform)));
        sbom::write(workspace, platform, epoch, &path)?;
        Ok(path)
    })?;
    let sums = progress.step("dist: sums", false, || sums::write(&dir))?;
    Ok(Dist {
        dir,
        tarball,
        deb,
        sbom,
        sums,
    })
}

/// Makes the tarball in `dir`; its path.
pub(crate) fn tarball(
    workspace: &Workspace,
    platform: &Platform,
    made: &Made,
    dir: &Path,
) -> Result<PathBuf> {
    let stem = stem(workspace, platform);
    let path = dir.join(format!("{stem}.tar.gz"));
    tarball::write(workspace, made, &stem, epoch::seconds(workspace)?, &path)?;
    Ok(path)
}

/// What the files' names begin with.
fn stem(workspace: &Workspace, platform: &Platform) -> String {
    format!("sempre-{}-{}", workspace.version, platform.triple)
}
