//! The process table as `/proc` shows it: children of a process, and what a test run left behind.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Its id.
    pub(crate) pid: u32,
    /// Its parent's id.
    pub(crate) parent: u32,
    /// `Z` for one that has ended and was not waited for.
    state: char,
}

/// All processes that can be seen now.
pub(crate) fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| parse_stat(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .filter(|process| process.state != 'Z')
        .collect()
}

/// Whether a process runs; one that only waits to be reaped does not.
#[cfg(test)]
pub(crate) fn alive(pid: u32) -> bool {
    all().iter().any(|process| process.pid == pid)
}

/// Kills a child of ours and everything below it. The caller has not reaped it yet, so the id is still its own.
pub(crate) fn kill_tree(root: u32) {
    let table = all();
    let mut doomed = vec![root];
    let mut next = 0;
    while let Some(&pid) = doomed.get(next) {
        doomed.extend(
            table
                .iter()
                .filter(|process| process.parent == pid)
                .map(|process| process.pid),
        );
        next += 1;
    }
    for pid in doomed {
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            // It may have ended meanwhile: then there is nothing to do.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

impl Process {
    /// The program it runs, without the mark of a file that was replaced since.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        let link = self.link("exe")?;
        let bytes = link.as_os_str().as_bytes();
        let bytes = bytes.strip_suffix(b" (deleted)").unwrap_or(bytes);
        Some(PathBuf::from(OsStr::from_bytes(bytes)))
    }

    /// Its command line, for people.
    pub(crate) fn command_line(&self) -> String {
        let bytes = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        String::from_utf8_lossy(&bytes)
            .replace('\0', " ")
            .trim_end()
            .to_owned()
    }

    /// Whether its environment, arguments, directory or an open file names something below `dir`.
    pub(crate) fn touches(&self, dir: &Path) -> bool {
        let needle = dir.as_os_str().as_bytes();
        let mentions = |haystack: &[u8]| haystack.windows(needle.len()).any(|window| window == needle);
        ["environ", "cmdline"]
            .iter()
            .filter_map(|name| fs::read(format!("/proc/{}/{name}", self.pid)).ok())
            .any(|bytes| mentions(&bytes))
            || self
                .link("cwd")
                .is_some_and(|path| mentions(path.as_os_str().as_bytes()))
            || self
                .open_files()
                .iter()
                .any(|path| mentions(path.as_os_str().as_bytes()))
    }

    fn open_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(format!("/proc/{}/fd", self.pid)) else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .collect()
    }

    fn link(&self, name: &str) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/{name}", self.pid)).ok()
    }
}

/// Reads `pid (name) state ppid …`; the name may hold spaces and parentheses.
fn parse_stat(pid: u32, stat: &str) -> Option<Process> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    Some(Process { pid, parent, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_name_with_parentheses() {
        let process = parse_stat(7, "7 (a) b) S 3 7 7 0 -1").unwrap();
        assert_eq!((process.parent, process.state), (3, 'S'));
    }

    #[test]
    fn finds_itself_by_an_open_file() {
        let dir = tempfile::tempdir().unwrap();
        let own = all()
            .into_iter()
            .find(|process| process.pid == std::process::id())
            .unwrap();
        assert!(!own.touches(dir.path()));
        let _file = fs::File::create(dir.path().join("held")).unwrap();
        assert!(own.touches(dir.path()));
    }
}
