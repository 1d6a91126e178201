//! The terminal this program runs in: raw while it is taken, and as it was before in any case after that. What is shown
//! on it is the business of those who take it.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use anyhow::Context;
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
/// Shows the other screen, empty, without a cursor; pasted text comes marked as such.
pub(super) const ENTER_OTHER_SCREEN: &str = "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[0m\x1b[H\x1b[2J";
const LEAVE_OTHER_SCREEN: &str = "\x1b[0m\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// What is drawn on the terminal while it is taken, and so what is to be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drawn {
    /// Anything, by programs of a session: the prompt comes back below it.
    Session,
    /// What this program draws after [`ENTER_OTHER_SCREEN`]: the prompt comes back where it was.
    OtherScreen,
}

impl Drawn {
    fn undone(self) -> String {
        match self {
            Self::Session => format!("{RESET}{LEAVE}"),
            Self::OtherScreen => LEAVE_OTHER_SCREEN.to_owned(),
        }
    }
}

/// The terminal as it was. Whoever takes it out puts it back: the end, or a panic.
static BEFORE: Mutex<Option<Before>> = Mutex::new(None);

#[derive(Debug)]
struct Before {
    tty: OwnedFd,
    settings: Termios,
    drawn: Drawn,
}

/// The terminal, raw.
#[derive(Debug)]
pub(super) struct LocalTerminal {
    input: pipe::Receiver,
    output: pipe::Sender,
}

impl LocalTerminal {
    /// Takes the terminal, which standard input and output are.
    ///
    /// # Errors
    /// If it cannot be opened or set.
    pub(super) fn open(drawn: Drawn) -> anyhow::Result<Self> {
        // Opened anew: what is set for it (to not block) is not set for the shell that comes after.
        let tty = open_tty().context("cannot open the terminal")?;
        let settings = termios::tcgetattr(&tty).context("cannot read the terminal's settings")?;
        let mut raw = settings.clone();
        raw.make_raw();
        let kept = tty
            .as_fd()
            .try_clone_to_owned()
            .context("cannot keep the terminal")?;
        let before = Before {
            tty: kept,
            settings,
            drawn,
        };
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
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

/// Whether a person sits at standard input and output.
pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
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
    let Some(before) = taken else { return };
    let Before { tty, settings, drawn } = before;
    let words = drawn.undone();
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
    let _ = termios::tcsetattr(&tty, OptionalActions::Now, &settings);
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use rustix::termios::LocalModes;

    use super::*;

    /// Set for the copy of this program that takes its terminal and panics.
    const PANICS: &str = "SEMPRE_TEST_PANICS";
    const NAME: &str = "cli::local_terminal::tests::a_panic_leaves_the_terminal_as_it_was";

    fn panic_on_a_raw_terminal() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap();
        let _inside = runtime.enter();
        let _terminal = LocalTerminal::open(Drawn::OtherScreen).unwrap();
        panic!("on purpose");
    }

    #[test]
    fn a_panic_leaves_the_terminal_as_it_was() {
        if std::env::var_os(PANICS).is_some() {
            panic_on_a_raw_terminal();
        }
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", NAME, "--nocapture"]);
        command.env(PANICS, "1");
        let mut child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let reading = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // The end of a terminal is an error.
            let _ = reader.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        assert!(!child.wait().unwrap().success());
        let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
        let mut options = OpenOptions::new();
        let tty = options.read(true).custom_flags(flags);
        let tty = tty.open(pair.master.tty_name().unwrap()).unwrap();
        let modes = termios::tcgetattr(&tty).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG));
        drop((tty, pair.slave));
        let said = reading.join().unwrap();
        let left = said.find("\x1b[?1049l").unwrap();
        assert!(said[left..].contains("on purpose"), "{said:?}");
        assert!(!said[..left].contains("on purpose"), "{said:?}");
    }
}
