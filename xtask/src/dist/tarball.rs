//! The tarball: unpacked into `/usr/local` it is installed. Entries are sorted, belong to root and have one time, so that
//! the same files make the same bytes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};
use walkdir::WalkDir;

use super::Made;
use crate::workspace::Workspace;

const DOC: &str = "share/doc/sempre";
/// Files of this checkout that go along, below `share/doc/sempre` as they are here, so that their links lead somewhere.
const DOCUMENTS: [&str; 9] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "docs",
    "packaging/nginx.conf",
    "packaging/sempre.service",
];

/// Paths in the tarball, without its first directory, and the files that stand there.
type Entries = BTreeMap<PathBuf, PathBuf>;

/// Writes it; `stem` is its first directory, `epoch` the time of all entries.
pub(super) fn write(workspace: &Workspace, made: &Made, stem: &str, epoch: u64, path: &Path) -> Result<()> {
    let entries = entries(workspace, made)?;
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    // No name and no time of its own in the compressed file's head.
    let gzip = GzBuilder::new()
        .mtime(0)
        .write(BufWriter::new(file), Compression::best());
    let gzip = pack(&entries, Path::new(stem), epoch, gzip)?;
    let mut file = gzip.finish().context("cannot finish the tarball")?;
    file.flush()
        .with_context(|| format!("cannot write {}", path.display()))
}

fn entries(workspace: &Workspace, made: &Made) -> Result<Entries> {
    let mut entries = Entries::new();
    for program in ["sempre", "sempre-holder"] {
        entries.insert(Path::new("bin").join(program), made.programs.join(program));
    }
    for (place, file) in [
        ("share/bash-completion/completions/sempre", "completions/sempre"),
        ("share/zsh/site-functions/_sempre", "completions/_sempre"),
        (
            "share/fish/vendor_completions.d/sempre.fish",
            "completions/sempre.fish",
        ),
        ("share/doc/sempre/sempre.toml", "sempre.toml"),
    ] {
        entries.insert(place.into(), made.dir.join(file));
    }
    add_tree(&mut entries, Path::new("share/man/man1"), &made.dir.join("man"))?;
    for name in DOCUMENTS {
        add_tree(
            &mut entries,
            &Path::new(DOC).join(name),
            &workspace.root.join(name),
        )?;
    }
    Ok(entries)
}

/// A file, or all files below a directory.
fn add_tree(entries: &mut Entries, place: &Path, source: &Path) -> Result<()> {
    for entry in WalkDir::new(source) {
        let entry = entry.with_context(|| format!("cannot list {}", source.display()))?;
        if entry.file_type().is_file() {
            let below = entry
                .path()
                .strip_prefix(source)
                .context("a file outside of its directory")?;
            let whole = below.as_os_str().is_empty();
            let place = if whole {
                place.to_owned()
            } else {
                place.join(below)
            };
            entries.insert(place, entry.path().to_owned());
        }
    }
    Ok(())
}

fn pack<W: Write>(entries: &Entries, top: &Path, epoch: u64, into: W) -> Result<W> {
    let mut tar = Builder::new(into);
    let mut made: Vec<PathBuf> = Vec::new();
    for (place, source) in entries {
        let place = top.join(place);
        let mut above: Vec<&Path> = place
            .ancestors()
            .skip(1)
            .filter(|dir| !dir.as_os_str().is_empty())
            .collect();
        above.reverse();
        for dir in above {
            if !made.iter().any(|known| known == dir) {
                made.push(dir.to_owned());
                append(&mut tar, dir, EntryType::Directory, 0o755, epoch, &[])?;
            }
        }
        let bytes = fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
        let mode = if place.starts_with(top.join("bin")) {
            0o755
        } else {
            0o644
        };
        append(&mut tar, &place, EntryType::Regular, mode, epoch, &bytes)?;
    }
    tar.into_inner().context("cannot finish the tarball")
}

fn append<W: Write>(
    tar: &mut Builder<W>,
    path: &Path,
    kind: EntryType,
    mode: u32,
    epoch: u64,
    bytes: &[u8],
) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(epoch);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, path, bytes)
        .with_context(|| format!("cannot pack {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_make_the_same_bytes_whenever_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let pack_of = |name: &str, seconds: u64| {
            let below = dir.path().join(name);
            fs::create_dir(&below).unwrap();
            let mut entries = Entries::new();
            // Written in another order than they are packed in.
            for file in ["bin/z", "bin/a", "share/b"] {
                let source = below.join(file.replace('/', "-"));
                fs::write(&source, file).unwrap();
                let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
                File::options()
                    .write(true)
                    .open(&source)
                    .unwrap()
                    .set_modified(time)
                    .unwrap();
                entries.insert(file.into(), source);
            }
            pack(&entries, Path::new("top"), 7, Vec::new()).unwrap()
        };
        let bytes = pack_of("one", 1000);
        assert_eq!(bytes, pack_of("other", 2000));
        let mut archive = tar::Archive::new(&bytes[..]);
        let heads: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let head = entry.header();
                assert_eq!(
                    (head.uid().unwrap(), head.gid().unwrap(), head.mtime().unwrap()),
                    (0, 0, 7)
                );
                (entry.path().unwrap().display().to_string(), head.mode().unwrap())
            })
            .collect();
        let expected = [
            ("top", 0o755),
            ("top/bin", 0o755),
            ("top/bin/a", 0o755),
            ("top/bin/z", 0o755),
            ("top/share", 0o755),
            ("top/share/b", 0o644),
        ];
        assert_eq!(heads, expected.map(|(path, mode)| (path.to_owned(), mode)));
    }
}
