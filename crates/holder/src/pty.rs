//! The pseudo-terminal: opened by portable-pty, read and written without blocking.
//!
//! The slave side stays open here until the child is reaped, so the master never reports end of file while the
//! child lives: a child that closes its terminal costs nothing and may open it again.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use portable_pty::{MasterPty, PtyPair, PtySize, SlavePty, native_pty_system};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Pid;
use rustix::termios::{LocalModes, QueueSelector, tcflush, tcgetattr};
use sempre_protocol::Size;

/// An open pseudo-terminal.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    slave: Option<Box<dyn SlavePty + Send>>,
    fd: OwnedFd,
    size: Size,
}

fn pty_size(size: Size) -> PtySize {
    PtySize {
        rows: size.rows,
        cols: size.cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn other(error: anyhow::Error) -> io::Error {
    error
        .downcast::<io::Error>()
        .unwrap_or_else(|error| io::Error::other(format!("{error:#}")))
}

impl Pty {
    /// Opens a pseudo-terminal of this size.
    pub fn open(size: Size) -> io::Result<Self> {
        let PtyPair { master, slave } = native_pty_system().openpty(pty_size(size)).map_err(other)?;
        let fd = duplicate(master.as_ref())?;
        fcntl_setfl(&fd, fcntl_getfl(&fd)? | OFlags::NONBLOCK)?;
        Ok(Self {
            master,
            slave: Some(slave),
            fd,
            size,
        })
    }

    /// The terminal as a child opens it, without making it anyone's controlling terminal.
    pub fn open_terminal(&self) -> io::Result<File> {
        let path = self
            .master
            .tty_name()
            .ok_or_else(|| io::Error::other("the PTY has no device name"))?;
        let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap_or_default();
        File::options()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(path)
    }

    /// Lets go of the terminal, so that end of file arrives once no process has it open.
    pub fn release_terminal(&mut self) {
        self.slave = None;
    }

    /// Output of the programs; `WouldBlock` when there is none, 0 or an error when nothing will come any more.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.fd, buffer)?)
    }

    /// Writes input; may take only a part, `WouldBlock` when the program does not read.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(&self.fd, bytes)?)
    }

    /// Whether what is typed now is hidden: line by line without an echo, as programs ask for a password. So it is if
    /// that cannot be told.
    pub fn hides_input(&self) -> bool {
        // On the master this tells the modes of the terminal.
        tcgetattr(&self.fd).map_or(true, |modes| {
            let modes = modes.local_modes;
            modes.contains(LocalModes::ICANON) && !modes.contains(LocalModes::ECHO)
        })
    }

    /// Throws away what the kernel holds of the input and no program has read.
    pub fn discard_input(&self) -> io::Result<()> {
        // On the master this would mean the output.
        Ok(tcflush(self.open_terminal()?, QueueSelector::IFlush)?)
    }

    /// The size now.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Sets the size; the kernel tells the foreground group (SIGWINCH) if it differs.
    pub fn resize(&mut self, size: Size) -> io::Result<()> {
        self.master.resize(pty_size(size)).map_err(other)?;
        self.size = size;
        Ok(())
    }

    /// The foreground process group, if there is one.
    pub fn foreground_group(&self) -> Option<Pid> {
        self.master.process_group_leader().and_then(Pid::from_raw)
    }
}

impl AsFd for Pty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[allow(unsafe_code, reason = "portable-pty gives the master only as a number")]
fn duplicate(master: &dyn MasterPty) -> io::Result<OwnedFd> {
    let raw = master
        .as_raw_fd()
        .ok_or_else(|| io::Error::other("the PTY has no descriptor"))?;
    // SAFETY: `master` owns the descriptor and is borrowed for longer than `borrowed` lives.
    let borrowed = unsafe { BorrowedFd::borrow_raw(raw) };
    borrowed.try_clone_to_owned()
}
