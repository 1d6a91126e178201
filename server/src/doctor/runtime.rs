//! Step 1: what the machine must give: PTYs, open files, a disk with room, a directory of one's own.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Access;
use rustix::process::{Resource, getrlimit};

use super::{Check, Look, Subject};

/// Less free space than this means that sessions lose output soon, bytes.
const FULL_BYTES: u64 = 1024 * 1024;
/// Less free space than this is worth a warning, bytes.
const LOW_SPACE_BYTES: u64 = 256 * 1024 * 1024;
/// Open files a server with a few dozen sessions can need.
const FEW_FILES: u64 = 1024;

pub(super) fn check(look: &mut Look, subject: &Subject) -> Vec<Check> {
    let mut checks = vec![version(look), ptys(look), open_files(look)];
    checks.extend(data_directory(look, &subject.data_dir));
    checks
}

fn version(look: &mut Look) -> Check {
    let kernel = look.read(Path::new("/proc/sys/kernel/osrelease"));
    match kernel {
        Ok(kernel) => Check::ok(
            "version",
            format!("sempre {} on Linux {}", env!("CARGO_PKG_VERSION"), kernel.trim()),
        ),
        Err(error) => Check::unknown("version", format!("cannot read /proc: {error}; is it mounted?")),
    }
}

fn ptys(look: &mut Look) -> Check {
    look.note("access /dev/ptmx");
    if let Err(error) = rustix::fs::access("/dev/ptmx", Access::READ_OK | Access::WRITE_OK) {
        return Check::problem(
            "ptys",
            format!("no terminal can be made: /dev/ptmx: {error}"),
            "mount -t devpts devpts /dev/pts -o newinstance,ptmxmode=0666",
        );
    }
    let mut number = |name: &str| -> Option<u64> {
        let text = look.read(&Path::new("/proc/sys/kernel/pty").join(name)).ok()?;
        text.trim().parse().ok()
    };
    match (number("nr"), number("max")) {
        (Some(used), Some(max)) if used >= max => Check::problem(
            "ptys",
            format!("all {max} terminals of this machine are in use"),
            format!("sysctl kernel.pty.max={}", max.saturating_mul(2)),
        ),
        (Some(used), Some(max)) => Check::ok("ptys", format!("{used} of {max} terminals are in use")),
        _ => Check::ok("ptys", "terminals can be made"),
    }
}

fn open_files(look: &mut Look) -> Check {
    look.note("getrlimit RLIMIT_NOFILE");
    // The server raises its own to what it may be.
    let limit = getrlimit(Resource::Nofile).maximum;
    match limit {
        Some(limit) if limit < FEW_FILES => Check::warning(
            "open_files",
            format!("a process may have {limit} files open; each session needs a few"),
            "ulimit -n 65536",
        ),
        Some(limit) => Check::ok("open_files", format!("a process may have {limit} files open")),
        None => Check::ok("open_files", "a process may have any number of files open"),
    }
}

fn data_directory(look: &mut Look, root: &Path) -> Vec<Check> {
    let shown = root.display();
    let metadata = match look.metadata(root) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!("{shown} is not there yet; the server makes it");
            return vec![Check::ok("data_directory", message)];
        }
        Err(error) => {
            let message = format!("cannot look at {shown}: {error}");
            return vec![Check::unknown("data_directory", message)];
        }
    };
    vec![permissions(look, root, metadata.mode()), space(look, root)]
}

fn permissions(look: &mut Look, root: &Path, mode: u32) -> Check {
    let shown = root.display();
    let others = mode & 0o077;
    look.note(format!("access {shown}"));
    if let Err(error) = rustix::fs::access(root, Access::WRITE_OK | Access::EXEC_OK) {
        let mend = format!("chown -R \"$USER\" {shown} && chmod 700 {shown}");
        return Check::problem(
            "data_directory",
            format!("cannot write in {shown}: {error}"),
            mend,
        );
    }
    match others {
        0 => Check::ok("data_directory", format!("{shown} is private and writable")),
        _ => Check::problem(
            "data_directory",
            format!(
                "others may look into {shown} (mode {:o}): it holds the token and all output",
                mode & 0o777
            ),
            format!("chmod 700 {shown}"),
        ),
    }
}

fn space(look: &mut Look, root: &Path) -> Check {
    // Sessions may have a disk of their own.
    let sessions = root.join("sessions");
    let place = if sessions.is_dir() {
        sessions.as_path()
    } else {
        root
    };
    let shown = place.display();
    look.note(format!("statvfs {shown}"));
    let space = match rustix::fs::statvfs(place) {
        Ok(space) => space,
        Err(error) => return Check::unknown("disk_space", format!("cannot look at {shown}: {error}")),
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let mib = free / (1024 * 1024);
    let mend = format!("df -h {shown}; du -xsh {shown}/* | sort -h; sempre cleanup-sessions");
    match free {
        ..FULL_BYTES => Check::problem(
            "disk_space",
            format!("the disk of {shown} is full: sessions go on, and their output is not kept"),
            mend,
        ),
        FULL_BYTES..LOW_SPACE_BYTES => {
            Check::warning("disk_space", format!("only {mib} MiB are free in {shown}"), mend)
        }
        _ => Check::ok("disk_space", format!("{mib} MiB are free in {shown}")),
    }
}
