//! The control group of the child (cgroup v2): made before it starts, removed with all that is left in it at the end.
//!
//! The holder itself stays where it is: only the child joins, and what it starts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sempre_protocol::confinement::Cgroup;

/// The period that `cpu.max` shares out, µs: the kernel's own default.
const CPU_PERIOD_US: u64 = 100_000;
/// One percent of it, µs.
const CPU_PERCENT_US: u64 = CPU_PERIOD_US / 100;
/// What was killed is gone within this; what is not is left to the server.
const EMPTY_LIMIT: Duration = Duration::from_secs(2);

/// A control group that exists; it is removed when this is dropped.
#[derive(Debug)]
pub struct Group {
    directory: PathBuf,
    procs: File,
}

impl Group {
    /// Makes the group and sets its limits.
    ///
    /// # Errors
    /// What the system says; nothing is left then.
    pub fn make(wanted: &Cgroup) -> io::Result<Self> {
        let directory = PathBuf::from(&wanted.directory);
        fs::create_dir(&directory)?;
        let made = limit(&directory, wanted).and_then(|()| open(&directory, "cgroup.procs"));
        match made {
            Ok(procs) => Ok(Self { directory, procs }),
            Err(error) => {
                // What went wrong first is what is told.
                let _ = fs::remove_dir(&directory);
                Err(error)
            }
        }
    }

    /// The file by which a process joins: it writes `0`.
    pub fn procs(&self) -> BorrowedFd<'_> {
        self.procs.as_fd()
    }

    /// Kills what is in the group and removes it.
    fn remove(&self) -> io::Result<()> {
        let until = Instant::now() + EMPTY_LIMIT;
        let mut events = File::open(self.directory.join("cgroup.events"))?;
        // Kernels before 5.14 have no such file: the group then goes when its last process does.
        let _ = write(&self.directory, "cgroup.kill", "1");
        loop {
            // The kernel tells of what changed since the last reading.
            events.rewind()?;
            io::copy(&mut events, &mut io::sink())?;
            let Err(error) = remove_tree(&self.directory) else {
                return Ok(());
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(error);
            }
            let left = Timespec::try_from(left).unwrap_or_default();
            poll(&mut [PollFd::new(&events, PollFlags::PRI)], Some(&left))?;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The server tries again.
        let _ = self.remove();
    }
}

/// Removes a group and those a program has made in it; their files go by themselves.
fn remove_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(directory)
}

fn limit(directory: &Path, wanted: &Cgroup) -> io::Result<()> {
    if let Some(bytes) = wanted.memory_max_bytes {
        write(directory, "memory.max", &bytes.to_string())?;
        // Without it the hog would go on on the disk; where nothing is swapped there is no such file.
        let _ = write(directory, "memory.swap.max", "0");
    }
    if let Some(percent) = wanted.cpu_max_percent {
        let quota_us = percent.saturating_mul(CPU_PERCENT_US);
        write(directory, "cpu.max", &format!("{quota_us} {CPU_PERIOD_US}"))?;
    }
    if let Some(processes) = wanted.processes_max {
        write(directory, "pids.max", &processes.to_string())?;
    }
    Ok(())
}

fn open(directory: &Path, name: &str) -> io::Result<File> {
    let path = directory.join(name);
    let opened = OpenOptions::new().write(true).open(&path);
    opened.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn write(directory: &Path, name: &str, value: &str) -> io::Result<()> {
    let written = open(directory, name)?.write_all(value.as_bytes());
    written.map_err(|error| io::Error::new(error.kind(), format!("{name} does not take {value}: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test stops where it meets what it did not expect"
    )]

    use super::*;

    #[test]
    fn t11_limits_are_written_in_the_kernels_units() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let names = ["memory.max", "memory.swap.max", "cpu.max", "pids.max"];
        for name in names {
            fs::write(temp.path().join(name), "").unwrap();
        }
        let wanted = Cgroup {
            directory: String::new(),
            memory_max_bytes: Some(1 << 30),
            cpu_max_percent: Some(150),
            processes_max: Some(64),
        };
        limit(temp.path(), &wanted).unwrap();
        let read = names.map(|name| fs::read_to_string(temp.path().join(name)).unwrap());
        assert_eq!(read, ["1073741824", "0", "150000 100000", "64"]);
    }

    #[test]
    fn a_limit_that_cannot_be_set_names_its_file() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let directory = temp.path().join("group");
        let wanted = Cgroup {
            directory: directory.to_str().unwrap().into(),
            memory_max_bytes: Some(1 << 30),
            cpu_max_percent: None,
            processes_max: None,
        };
        let error = Group::make(&wanted).unwrap_err().to_string();
        assert!(error.contains("group/memory.max"), "{error}");
        assert!(!directory.exists());
    }
}
