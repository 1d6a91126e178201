//! Cutting the ties to the process that started this one: its session, its terminal, its files.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};

use rustix::io::Errno;

/// Leaves the starter's Unix session, so that no signal meant for its process group or terminal arrives here.
///
/// A process that already leads a group cannot; then it already has a session of its own.
pub fn leave_session() -> io::Result<()> {
    match rustix::process::setsid() {
        Ok(_) | Err(Errno::PERM) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Closes every descriptor above standard error that was inherited.
///
/// Must run before this process opens anything of its own.
#[allow(
    unsafe_code,
    reason = "descriptors that no Rust value owns can only be closed by number"
)]
pub fn close_inherited() -> io::Result<()> {
    let open: Vec<RawFd> = std::fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&fd| fd > 2)
        .collect();
    for fd in open {
        // SAFETY: called first thing in main: no Rust object owns a descriptor above 2, except the directory
        // listing above, which is gone; whether a number is still open is asked before it is closed.
        unsafe {
            if rustix::io::fcntl_getfd(BorrowedFd::borrow_raw(fd)).is_ok() {
                rustix::io::close(fd);
            }
        }
    }
    Ok(())
}

/// Points standard input, output and error at `/dev/null`: the pipes of the starter are done with.
pub fn silence_stdio() -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(null.as_fd())?;
    rustix::stdio::dup2_stdout(null.as_fd())?;
    rustix::stdio::dup2_stderr(null.as_fd())?;
    Ok(())
}
