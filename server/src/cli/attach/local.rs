//! The terminal this program runs in: raw while a session is attached, and as it was before in any case after that.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::termios::{self, OptionalActions, QueueSelector, Termios};
use sempre_protocol::Size;
use tokio::net::unix::pipe;

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;
/// How long a terminal that takes nothing may hold up the end.
const LAST_WORDS_LIMIT: Duration = Duration::from_millis(500);

/// What programs switch on and forget to switch off: the other screen, mouse, focus and paste reports, cursor keys,
/// keypad, margins, colours, character sets, a hidden cursor, insert mode, colours of the palette.
pub(super) const RESET: &str = "\x1b[?1049l\x1b[?9;1000;1002;1003;1005;1006;1015;1016l\x1b[?1004l\x1b[?2004l\x1b[?2026l\
    \x1b[?1l\x1b>\x1b[?6l\x1b[?7h\x1b[?25h\x1b[4l\x1b[20l\x1b[r\x1b[0m\x1b(B\x0f\x1b[0 q\
    \x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\";
/// To the last line, whatever is there scrolls up.
const LEAVE: &str = "\x1b[999;1H\r\n";

/// The terminal as it was. Whoever takes it out puts it back: the end, or a panic.
static BEFORE: Mutex<Option<(OwnedFd, Termios)>> = Mutex::new(None);

/// The terminal, raw.
#[derive(Debug)]
pub(super) struct LocalTerminal {
    input: pipe::Receiver,
    output: pipe::Sender,
}

impl LocalTerminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// If standard input and output are no terminal.
    pub(super) fn open() -> anyhow::Result<Self> {
        demand_terminal()?;
        // Opened anew: what is set for it (to not block) is not set for the shell that comes after.
        let tty = open_tty().context("cannot open the terminal")?;
        let before = termios::tcgetattr(&tty).context("cannot read the terminal's settings")?;
        let mut raw = before.clone();
        raw.make_raw();
        let kept = tty
            .as_fd()
            .try_clone_to_owned()
            .context("cannot keep the terminal")?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some((kept, before));
        restore_at_panic();
        let other = tty.try_clone().context("cannot keep the terminal")?;
        // What waits for a pipe waits for a terminal just as well.
        let terminal = Self {
            input: pipe::Receiver::from_file_unchecked(tty).context("cannot wait for the terminal")?,
            output: pipe::Sender::from_file_unchecked(other).context("cannot wait for the terminal")?,
        };
        termios::tcsetattr(&terminal.input, OptionalActions::Drain, &raw)
            .context("cannot make the terminal raw")?;
        Ok(terminal)
    }

    /// Its size now.
    pub(super) fn size(&self) -> Size {
        size_of(&self.input)
    }

    /// What is typed next; nothing: the terminal is gone. May be cancelled.
    pub(super) async fn read(&self) -> io::Result<Vec<u8>> {
        loop {
            self.input.readable().await?;
            let mut bytes = vec![0; READ_BYTES];
            match self.input.try_read(&mut bytes) {
                Ok(count) => {
                    bytes.truncate(count);
                    return Ok(bytes);
                }
                Err(error) if is_passing(&error) => {}
                // The other side was closed.
                Err(_) => return Ok(Vec::new()),
            }
        }
    }

    /// Shows bytes, as fast as the terminal takes them.
    pub(super) async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.output.writable().await?;
            match self.output.try_write(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// Refuses what is no terminal.
///
/// # Errors
/// If standard input or output is none.
pub(super) fn demand_terminal() -> anyhow::Result<()> {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(());
    }
    bail!(
        "attaching takes a terminal; without one there are `sempre logs --follow`, `sempre send` and `sempre run`"
    )
}

/// The size of a terminal.
pub(super) fn size_of(tty: &impl AsFd) -> Size {
    match termios::tcgetwinsize(tty) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Size::new(size.ws_col, size.ws_row),
        _ => Size::DEFAULT,
    }
}

impl Drop for LocalTerminal {
    fn drop(&mut self) {
        restore();
    }
}

fn open_tty() -> io::Result<File> {
    let named = termios::ttyname(io::stdin(), Vec::new());
    let named = named.ok().and_then(|name| name.into_string().ok());
    let paths = named
        .map(PathBuf::from)
        .into_iter()
        .chain([PathBuf::from("/dev/tty")]);
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut error = io::Error::from(io::ErrorKind::NotFound);
    for path in paths {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
        match options.open(path) {
            Ok(tty) => return Ok(tty),
            Err(found) => error = found,
        }
    }
    Err(error)
}

/// Before the panic is told: on a raw terminal that would be unreadable.
fn restore_at_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            tell(panic);
        }));
    });
}

fn restore() {
    let taken = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((tty, before)) = taken else { return };
    let words = format!("{RESET}{LEAVE}");
    let mut rest = words.as_bytes();
    let limit = Timespec::try_from(LAST_WORDS_LIMIT).ok();
    while !rest.is_empty() {
        let writable = poll(&mut [PollFd::new(&tty, PollFlags::OUT)], limit.as_ref());
        match writable.and_then(|count| {
            if count > 0 {
                rustix::io::write(&tty, rest)
            } else {
                Ok(0)
            }
        }) {
            Ok(0) | Err(_) => break,
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
        }
    }
    // Reports that came after the session was left are for nobody.
    let _ = termios::tcflush(&tty, QueueSelector::IFlush);
    let _ = termios::tcsetattr(&tty, OptionalActions::Now, &before);
}
