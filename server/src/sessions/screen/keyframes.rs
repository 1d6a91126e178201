//! A session's keyframes on disk: found, written, thinned out. They are in `keyframes/` in the session's directory,
//! named by offset, and the server is the only one that touches them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sempre_protocol::Offset;

use super::keyframe::{Keyframe, KeyframeHead};

/// Directory of the keyframes in the session's directory.
pub(super) const KEYFRAMES_DIR: &str = "keyframes";
/// Keyframes a session keeps.
pub(super) const MAX_KEYFRAMES: usize = 32;
/// The newest of them are never thinned out.
const NEWEST_KEPT: usize = 4;
const NAME_DIGITS: usize = 20;
/// Ending of a file that is being written, or was when the server died.
const UNFINISHED: &str = ".tmp";

/// The keyframes of the session in one directory.
#[derive(Debug, Clone)]
pub(super) struct Keyframes {
    dir: PathBuf,
}

impl Keyframes {
    /// Those of the session in `session_dir`; nothing is read or made.
    pub(super) fn of(session_dir: &Path) -> Self {
        Self {
            dir: session_dir.join(KEYFRAMES_DIR),
        }
    }

    fn path(&self, offset: Offset) -> PathBuf {
        self.dir.join(format!("{:0NAME_DIGITS$}", offset.0))
    }

    /// Offsets of all that are there, rising. None can be read: none are there.
    pub(super) fn offsets(&self) -> Vec<Offset> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut offsets: Vec<_> = entries
            .filter_map(|entry| parse_name(entry.file_name().to_str()?))
            .collect();
        offsets.sort_unstable();
        offsets
    }

    /// The newest whole one at or before `upto`. Damaged ones on the way are removed.
    pub(super) fn newest(&self, upto: Offset) -> Option<Keyframe> {
        let offsets = self.offsets();
        let mut candidates = offsets.into_iter().rev().filter(|&offset| offset <= upto);
        candidates.find_map(|offset| self.read(offset))
    }

    /// The one at `offset`; removed if it is damaged.
    pub(super) fn read(&self, offset: Offset) -> Option<Keyframe> {
        let read = Keyframe::read(&self.path(offset));
        self.sound(offset, read, |keyframe| keyframe.head.offset)
    }

    /// What is said of those at or before `upto`, rising; damaged ones are removed and left out.
    pub(super) fn heads(&self, upto: Offset) -> Vec<KeyframeHead> {
        let offsets = self.offsets().into_iter().filter(|&offset| offset <= upto);
        offsets
            .filter_map(|offset| {
                let read = KeyframeHead::read(&self.path(offset));
                self.sound(offset, read, |head| head.offset)
            })
            .collect()
    }

    fn sound<T>(&self, offset: Offset, read: io::Result<T>, says: impl Fn(&T) -> Offset) -> Option<T> {
        match read {
            Ok(found) if says(&found) == offset => Some(found),
            Err(error) if error.kind() != io::ErrorKind::InvalidData => None,
            _ => {
                let path = self.path(offset);
                tracing::warn!(path = %path.display(), "a damaged keyframe is removed; the journal has all it held");
                // Should it stay, it is found damaged again.
                let _ = fs::remove_file(path);
                None
            }
        }
    }

    /// Writes a keyframe so that it is whole or not there whatever happens, and is there for good afterwards.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn write(&self, keyframe: &Keyframe) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        match builder.mode(0o700).create(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let path = self.path(keyframe.head.offset);
        let unfinished = path.with_extension(UNFINISHED.trim_start_matches('.'));
        let written = write_file(&unfinished, &keyframe.encode()?)
            .and_then(|()| fs::rename(&unfinished, &path))
            .and_then(|()| File::open(&self.dir)?.sync_all());
        if written.is_err() {
            // What is left of it would take space that is perhaps missing.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Removes what is not needed: those whose output is gone, then those closest to others, and unfinished files.
    pub(super) fn prune(&self, base: Offset) {
        let offsets = self.offsets();
        for offset in superfluous(&offsets, base) {
            // It may have been removed as damaged meanwhile.
            let _ = fs::remove_file(self.path(offset));
        }
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| {
            entry
                .file_name()
                .as_encoded_bytes()
                .ends_with(UNFINISHED.as_bytes())
        }) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn parse_name(name: &str) -> Option<Offset> {
    let digits = name.len() == NAME_DIGITS && name.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| name.parse().ok().map(Offset)).flatten()
}

/// Which of the rising `offsets` can go when output before `base` is gone: all before it but the newest, and, while
/// there are too many, whichever leaves the smallest hole.
fn superfluous(offsets: &[Offset], base: Offset) -> Vec<Offset> {
    let keep_from = offsets.partition_point(|&offset| offset < base);
    let keep_from = keep_from.min(offsets.len().saturating_sub(1));
    let (gone, kept) = offsets.split_at(keep_from);
    let (mut gone, mut kept) = (gone.to_vec(), kept.to_vec());
    while kept.len() > MAX_KEYFRAMES {
        let older = kept.len() - NEWEST_KEPT;
        let holes = kept.windows(3).take(older.saturating_sub(1)).enumerate();
        let smallest = holes.min_by_key(|(_, window)| match window {
            [before, _, after] => after.since(*before),
            _ => u64::MAX,
        });
        let at = smallest.map_or(0, |(at, _)| at + 1);
        gone.push(kept.remove(at));
    }
    gone
}

#[cfg(test)]
mod tests {
    use sempre_protocol::Size;

    use super::*;

    fn keyframe(offset: u64) -> Keyframe {
        Keyframe {
            head: KeyframeHead {
                offset: Offset(offset),
                size: Size::DEFAULT,
                first_line: 0,
                end_line: 24,
                inexact: false,
            },
            ansi: format!("screen at {offset}").into_bytes(),
        }
    }

    fn made(offsets: &[u64]) -> (tempfile::TempDir, Keyframes) {
        let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let keyframes = Keyframes::of(dir.path());
        for &offset in offsets {
            keyframes.write(&keyframe(offset)).unwrap();
        }
        (dir, keyframes)
    }

    #[test]
    fn the_newest_at_or_before_an_offset_is_found() {
        let (_dir, keyframes) = made(&[5, 100, 20]);
        assert_eq!(keyframes.newest(Offset(4)), None);
        assert_eq!(keyframes.newest(Offset(20)), Some(keyframe(20)));
        assert_eq!(keyframes.newest(Offset(99)), Some(keyframe(20)));
        assert_eq!(keyframes.heads(Offset(50)).len(), 2);
        assert_eq!(Keyframes::of(Path::new("/nowhere")).newest(Offset(9)), None);
    }

    #[test]
    fn damaged_ones_are_passed_over_and_removed() {
        let (dir, keyframes) = made(&[5, 20, 30, 40]);
        let path = |offset: u64| dir.path().join(KEYFRAMES_DIR).join(format!("{offset:020}"));
        let whole = fs::read(path(40)).unwrap();
        fs::write(path(40), &whole[..whole.len() - 1]).unwrap();
        fs::write(path(30), vec![0; whole.len()]).unwrap();
        let mut flipped = fs::read(path(20)).unwrap();
        flipped[70] ^= 1;
        fs::write(path(20), flipped).unwrap();
        assert_eq!(keyframes.newest(Offset(100)), Some(keyframe(5)));
        assert_eq!(keyframes.offsets(), [Offset(5)]);
        // A copy under another name is no keyframe of that offset.
        fs::copy(path(5), path(60)).unwrap();
        assert_eq!(keyframes.newest(Offset(100)), Some(keyframe(5)));
    }

    #[test]
    fn unfinished_ones_and_those_before_the_base_go() {
        let (dir, keyframes) = made(&[5, 20, 30]);
        let unfinished = dir.path().join(KEYFRAMES_DIR).join("00000000000000000031.tmp");
        fs::write(&unfinished, "").unwrap();
        keyframes.prune(Offset(25));
        assert_eq!(keyframes.offsets(), [Offset(30)]);
        assert!(!unfinished.exists());
        keyframes.prune(Offset(1000));
        assert_eq!(
            keyframes.offsets(),
            [Offset(30)],
            "the newest stays: it has the screen"
        );
    }

    #[test]
    fn many_are_thinned_out_evenly() {
        let mut offsets: Vec<Offset> = Vec::new();
        for n in 0..1000 {
            offsets.push(Offset(n * 1000));
            let gone = superfluous(&offsets, Offset(0));
            offsets.retain(|offset| !gone.contains(offset));
        }
        assert_eq!(offsets.len(), MAX_KEYFRAMES);
        assert_eq!(offsets.first(), Some(&Offset(0)));
        assert!(offsets.ends_with(&[996_000, 997_000, 998_000, 999_000].map(Offset)));
        let widest = offsets.windows(2).map(|pair| pair[1].since(pair[0])).max();
        assert!(widest <= Some(100_000), "{offsets:?}");
    }
}
