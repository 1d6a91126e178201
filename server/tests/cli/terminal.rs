//! The program in a terminal of the test's own: a real PTY, and an engine that shows what a person would see.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::Signal;
use rustix::termios::{LocalModes, tcgetattr};
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen as _};

use crate::harness::{LONG, Pidfd, Server};

/// Lines kept above the screen.
const LINES: usize = 100_000;

/// A command that no terminal knows, and no program writes.
const NOTHING: &str = "\x1b]99999;end\x1b\\";

/// A terminal with `sempre` in it.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    // Held: what is set for a terminal is gone when nobody has it open.
    _slave: Box<dyn SlavePty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: mpsc::Receiver<Vec<u8>>,
    /// Everything the program wrote.
    pub(crate) bytes: Vec<u8>,
    engine: Engine,
}

fn pty_size(size: Size) -> PtySize {
    PtySize {
        rows: size.rows,
        cols: size.cols,
        ..PtySize::default()
    }
}

fn no_ctty() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap()
}

impl Terminal {
    /// Runs `sempre WORDS…` for this server in a terminal of 80 × 24.
    pub(crate) fn run(server: &Server, words: &[&str]) -> Self {
        Self::run_with(server, words, &[])
    }

    /// The same with more in its environment.
    pub(crate) fn run_with(server: &Server, words: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sempre"));
        command.args(words);
        Self::of(server, command, env)
    }

    /// A real shell in it, with job control; `$SEMPRE` is the program.
    pub(crate) fn shell(server: &Server) -> Self {
        let mut command = CommandBuilder::new("bash");
        command.args(["--norc", "--noprofile", "-i"]);
        let env = [("SEMPRE", env!("CARGO_BIN_EXE_sempre")), ("PS1", "shell> ")];
        Self::of(server, command, &env)
    }

    fn of(server: &Server, mut command: CommandBuilder, env: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(pty_size(Size::DEFAULT)).unwrap();
        command.env_clear();
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        command.env("PATH", path);
        command.env("LANG", "C.UTF-8");
        command.env("HOME", server.home());
        command.env("TERM", "xterm-256color");
        command.env("SEMPRE_DATA_DIR", server.dir().data());
        for (name, value) in env {
            command.env(name, value);
        }
        command.cwd(server.home());
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (tell, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if tell.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            _slave: pair.slave,
            child,
            output,
            bytes: Vec::new(),
            engine: Engine::new(Size::DEFAULT, LINES, Offset::ZERO),
        }
    }

    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn resize(&mut self, size: Size) {
        self.take_waiting();
        self.master.resize(pty_size(size)).unwrap();
        self.engine.resize(size);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        Pidfd::open(self.pid()).unwrap().signal(signal);
    }

    fn take(&mut self, bytes: Vec<u8>) {
        self.engine.feed(&bytes);
        self.bytes.extend(bytes);
    }

    fn take_waiting(&mut self) {
        while let Ok(bytes) = self.output.try_recv() {
            self.take(bytes);
        }
    }

    /// What is on the screen, a row a line.
    pub(crate) fn screen(&self) -> String {
        let lines = self.engine.screen_lines();
        lines
            .iter()
            .map(|line| format!("{}\n", line.text().trim_end()))
            .collect()
    }

    /// All lines there are, also those above the screen.
    pub(crate) fn all_lines(&self) -> Vec<String> {
        let numbers = self.engine.first_line()..self.engine.end_line();
        let lines = numbers.filter_map(|number| self.engine.line(number));
        lines.map(|line| line.text().trim_end().to_owned()).collect()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Waits until the terminal shows what `shown` looks for.
    pub(crate) fn until(&mut self, what: &str, mut shown: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + LONG;
        loop {
            self.take_waiting();
            if shown(self) {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left.min(Duration::from_millis(50))) {
                Ok(bytes) => self.take(bytes),
                Err(_) if Instant::now() < deadline => {}
                Err(error) => panic!(
                    "{error}: waited for {what}; the terminal shows\n{}",
                    self.screen()
                ),
            }
        }
    }

    /// Waits until the screen holds `text`.
    pub(crate) fn until_shown(&mut self, text: &str) {
        self.until(text, |terminal| terminal.screen().contains(text));
    }

    /// Waits for the end of the program; its exit code.
    pub(crate) fn end(&mut self) -> u32 {
        let ended = Pidfd::open(self.pid()).is_none_or(|pidfd| pidfd.ended_within(LONG));
        assert!(ended, "it did not end; the terminal shows\n{}", self.screen());
        let code = self.child.wait().unwrap().exit_code();
        self.take_the_rest();
        code
    }

    /// What the program wrote last may still be on its way: what is written after it comes after it.
    fn take_the_rest(&mut self) {
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(no_ctty());
        let mut tty = options.open(self.master.tty_name().unwrap()).unwrap();
        tty.write_all(NOTHING.as_bytes()).unwrap();
        self.until("the last of it", |terminal| {
            terminal.bytes.ends_with(NOTHING.as_bytes())
        });
    }

    /// Whether lines are edited and echoed, as a shell wants its terminal.
    pub(crate) fn is_itself(&self) -> bool {
        let mut options = OpenOptions::new();
        let tty = options.read(true).custom_flags(no_ctty());
        let tty = tty.open(self.master.tty_name().unwrap()).unwrap();
        let modes = tcgetattr(&tty).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
