//! The doctor's eyes: reads and runs, and writes down what it read and ran (row K3).

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::short_path::short_path;

/// Looks at the machine; each look is noted.
#[derive(Debug, Default)]
pub struct Look {
    trace: Vec<String>,
}

impl Look {
    /// What was done, in order.
    pub fn into_trace(self) -> Vec<String> {
        self.trace
    }

    /// Notes what is done by other means.
    pub(super) fn note(&mut self, act: impl Into<String>) {
        self.trace.push(act.into());
    }

    pub(super) fn read(&mut self, path: &Path) -> io::Result<String> {
        self.note(format!("read {}", path.display()));
        std::fs::read_to_string(path)
    }

    pub(super) fn metadata(&mut self, path: &Path) -> io::Result<Metadata> {
        self.note(format!("stat {}", path.display()));
        path.metadata()
    }

    /// Runs a program and waits for its end; its words are noted as they could be typed.
    pub(super) fn run(&mut self, words: &[&str]) -> io::Result<Output> {
        self.note(format!("run {}", words.join(" ")));
        let (program, args) = words
            .split_first()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Command::new(program).args(args).stdin(Stdio::null()).output()
    }
}

/// Whether somebody answers at a socket, under a path of any length.
pub(super) fn connect(path: &Path) -> io::Result<()> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    let opened = File::open(directory)?;
    UnixStream::connect(short_path(&opened, name)).map(drop)
}

/// Processes, by their directories in `/proc`.
pub(super) fn processes() -> Vec<u32> {
    let entries = Path::new("/proc").read_dir().into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// A process's program name, as the kernel knows it; none: it is gone.
pub(super) fn program_name(pid: u32) -> Option<String> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

/// A process's command line.
pub(super) fn command_line(pid: u32) -> Option<Vec<String>> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(
        text.split('\0')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k3_what_is_read_and_run_is_noted() {
        let mut look = Look::default();
        look.read(Path::new("/proc/self/comm")).unwrap();
        assert!(look.run(&["sh", "-c", "exit 0"]).unwrap().status.success());
        assert_eq!(look.into_trace(), ["read /proc/self/comm", "run sh -c exit 0"]);
    }
}
