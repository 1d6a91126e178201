//! The directory the server embeds: `assets/` with content hashes in the file names, and `manifest.json` that
//! tells the names. Nothing that stays the same is written again, so that the server is not compiled again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Serialize;
use walkdir::WalkDir;

use super::bundle::Bundles;
use super::glue::Glue;
use super::{compress, content_hash};
use crate::workspace::{OUTPUT_NAME, Profile, Workspace};

/// Files that others ask for by name, so no hash can be in it.
const WELL_KNOWN: [&str; 4] = ["apple-touch-icon.png", "favicon.ico", "favicon.svg", "robots.txt"];

/// What the server knows of the site. Names are relative to `assets/`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Manifest {
    js: String,
    wasm: String,
    terminal: String,
    css: String,
    /// Files that every page needs to come alive.
    preload: Vec<String>,
    /// Name in `public/` → name in `assets/`.
    public: BTreeMap<String, String>,
}

/// The files of `assets/`, before they are written.
#[derive(Debug, Default)]
struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Takes a file in under a name with its content's hash: `a.js` → `a.0123456789abcdef.js`.
    fn add_hashed(&mut self, name: &str, path: &Path) -> Result<String> {
        let bytes = read(path)?;
        let hash = content_hash(&[&bytes]);
        let hashed = match name.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
            None => format!("{name}.{hash}"),
        };
        self.0.insert(hashed.clone(), bytes);
        Ok(hashed)
    }

    /// Takes a file in as it is called.
    fn add(&mut self, name: &str, path: &Path) -> Result<String> {
        self.0.insert(name.to_owned(), read(path)?);
        Ok(name.to_owned())
    }
}

/// Gathers, names, compresses and writes the site.
pub(super) fn assemble(
    workspace: &Workspace,
    profile: Profile,
    glue: &Glue,
    bundles: &Bundles,
) -> Result<()> {
    let mut files = Files::default();
    let js = files.add_hashed(&format!("{OUTPUT_NAME}.js"), &bundles.js)?;
    let wasm = files.add_hashed(&format!("{OUTPUT_NAME}_bg.wasm"), &glue.wasm)?;
    let manifest = Manifest {
        terminal: files.add_hashed("terminal.js", &bundles.terminal)?,
        css: files.add_hashed(&format!("{OUTPUT_NAME}.css"), &bundles.css)?,
        preload: vec![js.clone(), wasm.clone()],
        public: add_public(&mut files, &workspace.root.join("public"))?,
        js,
        wasm,
    };
    add_siblings(&mut files, bundles)?;
    let site = workspace.site(profile);
    write_all(&site.join("assets"), &files, profile == Profile::Release)?;
    let json = serde_json::to_string_pretty(&manifest).context("the manifest cannot be written as JSON")?;
    let (path, text) = (site.join("manifest.json"), format!("{json}\n"));
    if has(&path, text.as_bytes()) {
        Ok(())
    } else {
        write(&path, text.as_bytes())
    }
}

/// Fonts and the like that a style sheet refers to: esbuild has put a hash into their names already.
fn add_siblings(files: &mut Files, bundles: &Bundles) -> Result<()> {
    let named = [&bundles.js, &bundles.terminal, &bundles.css];
    for (name, path) in walk(&bundles.dir)? {
        if !named.contains(&&path) {
            files.add(&name, &path)?;
        }
    }
    Ok(())
}

fn add_public(files: &mut Files, dir: &Path) -> Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    if dir.is_dir() {
        for (name, path) in walk(dir)? {
            let known = WELL_KNOWN.contains(&name.as_str());
            let stored = if known {
                files.add(&name, &path)?
            } else {
                files.add_hashed(&name, &path)?
            };
            names.insert(name, stored);
        }
    }
    Ok(names)
}

/// Brings `dir` to exactly these files and their compressed twins.
fn write_all(dir: &Path, files: &Files, compressed: bool) -> Result<()> {
    let mut keep = BTreeSet::new();
    let mut twins = Vec::new();
    for (name, bytes) in &files.0 {
        let path = dir.join(name);
        let changed = !has(&path, bytes);
        for encoding in [Encoding::Brotli, Encoding::Gzip] {
            let twin = dir.join(format!("{name}{}", encoding.suffix()));
            if changed && twin.exists() {
                // Before the file itself: a build that is stopped between must not leave an old twin.
                fs::remove_file(&twin).with_context(|| format!("cannot remove {}", twin.display()))?;
            }
            if compressed && compress::is_compressible(name) {
                if !twin.exists() {
                    twins.push((twin.clone(), encoding, bytes));
                }
                keep.insert(twin);
            }
        }
        if changed {
            write(&path, bytes)?;
        }
        keep.insert(path);
    }
    write_twins(&twins)?;
    remove_others(dir, &keep)
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }
}

fn write_twins(twins: &[(PathBuf, Encoding, &Vec<u8>)]) -> Result<()> {
    thread::scope(|scope| {
        let writers: Vec<_> = twins
            .iter()
            .map(|(path, encoding, bytes)| {
                scope.spawn(move || match encoding {
                    Encoding::Brotli => write(path, &compress::brotli(bytes)?),
                    Encoding::Gzip => write(path, &compress::gzip(bytes)?),
                })
            })
            .collect();
        writers.into_iter().try_for_each(|writer| {
            writer
                .join()
                .unwrap_or_else(|_| Err(anyhow!("a compressor panicked")))
        })
    })
}

fn remove_others(dir: &Path, keep: &BTreeSet<PathBuf>) -> Result<()> {
    for (_, path) in walk(dir)? {
        if !keep.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Relative names and paths of all files below `dir`, sorted.
fn walk(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let entry = entry.with_context(|| format!("cannot list {}", dir.display()))?;
        if entry.file_type().is_file() {
            let relative = entry
                .path()
                .strip_prefix(dir)
                .context("a file outside of its directory")?;
            let name = relative
                .to_str()
                .with_context(|| format!("{} is not UTF-8", relative.display()))?;
            found.push((name.to_owned(), entry.into_path()));
        }
    }
    Ok(found)
}

/// Whether the file is there with this content.
fn has(path: &Path, bytes: &[u8]) -> bool {
    fs::read(path).is_ok_and(|have| have == bytes)
}

/// Writes beside and renames, so that a build that is stopped leaves no half file under a good name.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let parent = path.parent().context("a file needs a directory")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    fs::write(&beside, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    fs::rename(&beside, path).with_context(|| format!("cannot write {}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// One line for each module, script and style sheet: its size raw and as brotli, in bytes.
pub(crate) fn sizes(workspace: &Workspace, profile: Profile) -> Result<Vec<String>> {
    let assets = workspace.site(profile).join("assets");
    let mut lines = Vec::new();
    let mut total = 0;
    for (name, path) in walk(&assets)? {
        let Some(plain) = name.strip_suffix(".br") else {
            continue;
        };
        if ![".wasm", ".js", ".css"].iter().any(|kind| plain.ends_with(kind)) {
            continue;
        }
        let (raw, compressed) = (length(&assets.join(plain))?, length(&path)?);
        total += compressed;
        lines.push(format!("{plain:<32} {raw:>9} B raw {compressed:>9} B br"));
    }
    ensure!(
        !lines.is_empty(),
        "{} holds no compressed files",
        assets.display()
    );
    lines.push(format!("{:<32} {:>15} {total:>9} B br", "together", ""));
    Ok(lines)
}

fn length(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        Files(
            list.iter()
                .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
                .collect(),
        )
    }

    fn names(dir: &Path) -> Vec<String> {
        walk(dir).unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn what_stays_the_same_is_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let site = files(&[("a.1.js", "one"), ("favicon.svg", "<svg/>")]);
        write_all(dir.path(), &site, true).unwrap();
        let times = |dir: &Path| -> Vec<_> {
            walk(dir)
                .unwrap()
                .iter()
                .map(|(_, path)| fs::metadata(path).unwrap().modified().unwrap())
                .collect()
        };
        let before = times(dir.path());
        write_all(dir.path(), &site, true).unwrap();
        assert_eq!(times(dir.path()), before);
        assert_eq!(before.len(), 6);
    }

    #[test]
    fn old_files_go_and_missing_twins_come_back() {
        let dir = tempfile::tempdir().unwrap();
        write_all(dir.path(), &files(&[("a.1.js", "one"), ("b/c.png", "old")]), true).unwrap();
        fs::remove_file(dir.path().join("a.1.js.br")).unwrap();
        write_all(dir.path(), &files(&[("a.1.js", "one")]), true).unwrap();
        assert_eq!(names(dir.path()), ["a.1.js", "a.1.js.br", "a.1.js.gz"]);
        write_all(dir.path(), &files(&[("a.2.js", "two")]), false).unwrap();
        assert_eq!(names(dir.path()), ["a.2.js"]);
    }

    #[test]
    fn a_well_known_file_takes_its_twins_along_when_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        write_all(dir.path(), &files(&[("robots.txt", "old")]), true).unwrap();
        write_all(dir.path(), &files(&[("robots.txt", "new")]), true).unwrap();
        let mut back = Vec::new();
        let twin = fs::read(dir.path().join("robots.txt.br")).unwrap();
        brotli::BrotliDecompress(&mut &*twin, &mut back).unwrap();
        assert_eq!(back, b"new");
    }

    #[test]
    fn public_files_get_hashes_unless_they_are_well_known() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("icons")).unwrap();
        fs::write(dir.path().join("favicon.svg"), "<svg/>").unwrap();
        fs::write(dir.path().join("icons/a.png"), "png").unwrap();
        let mut files = Files::default();
        let names = add_public(&mut files, dir.path()).unwrap();
        assert_eq!(names["favicon.svg"], "favicon.svg");
        let icon = &names["icons/a.png"];
        assert!(
            icon.starts_with("icons/a.") && icon.ends_with(".png") && icon.len() == "icons/a..png".len() + 16
        );
        assert!(files.0.contains_key(icon));
    }
}
