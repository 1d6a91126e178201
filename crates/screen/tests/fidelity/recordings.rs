//! The recorded streams of crates/screen/recordings: `NAME-COLSxROWS.vt`, bytes as a program wrote them.

use std::fs;
use std::path::{Path, PathBuf};

use sempre_protocol::Size;

/// What a program wrote on a terminal of a known size.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    /// The program and what it did.
    pub(crate) name: String,
    /// The terminal.
    pub(crate) size: Size,
    /// All it wrote.
    pub(crate) bytes: Vec<u8>,
}

impl Recording {
    /// Reads a file; its name tells the size.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let (name, size) = stem
            .rsplit_once('-')
            .and_then(|(name, size)| Some((name, parse_size(size)?)))
            .ok_or_else(|| format!("{}: the name must end in -COLSxROWS.vt", path.display()))?;
        let bytes = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Ok(Self {
            name: name.to_owned(),
            size,
            bytes,
        })
    }
}

fn parse_size(text: &str) -> Option<Size> {
    let (cols, rows) = text.split_once('x')?;
    Some(Size::new(cols.parse().ok()?, rows.parse().ok()?))
}

/// Every recording in a folder, by name.
pub(crate) fn all_in(folder: &Path) -> Vec<Recording> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "vt"));
    paths.sort();
    paths.iter().map(|path| Recording::read(path).unwrap()).collect()
}

/// Those in the repository.
pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/corpus")
}
