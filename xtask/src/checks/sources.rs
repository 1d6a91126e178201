//! The text files of this checkout, without what is built or fetched.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::{DirEntry, WalkDir};

/// Directories that hold no source, by name at any depth.
const NOT_SOURCE: [&str; 6] = [
    ".git",
    "artifacts",
    "node_modules",
    "playwright-report",
    "target",
    "test-results",
];

/// One source file.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Path below the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl Source {
    /// Whether it is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// All text files below `root` (files that are not UTF-8 are pictures and the like), sorted.
pub(crate) fn read_all(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let wanted = |entry: &DirEntry| {
        !(entry.file_type().is_dir() && NOT_SOURCE.iter().any(|name| entry.file_name() == *name))
    };
    for entry in WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(wanted)
    {
        let entry = entry.with_context(|| format!("cannot list {}", root.display()))?;
        if entry.file_type().is_file() {
            sources.extend(read(root, entry.into_path())?);
        }
    }
    Ok(sources)
}

fn read(root: &Path, path: PathBuf) -> Result<Option<Source>> {
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let relative = path
        .strip_prefix(root)
        .context("a file outside of its directory")?;
    let path = relative.to_string_lossy().into_owned();
    Ok(String::from_utf8(bytes).ok().map(|text| Source { path, text }))
}
