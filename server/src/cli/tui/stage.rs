//! The local terminal while `sempre tui` draws on it.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use anyhow::Context;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use sempre_protocol::Size;

use super::draw::{Colours, draw};
use super::model::State;
use crate::cli::local_terminal::{Drawn, ENTER_OTHER_SCREEN, LocalTerminal};

/// Empties the screen.
const CLEAR: &[u8] = b"\x1b[0m\x1b[H\x1b[2J";

/// What is drawn, until it is written: a terminal may take its time, and a program that waits for it hears no signal.
#[derive(Debug, Clone, Default)]
struct Ink(Rc<RefCell<Vec<u8>>>);

impl io::Write for Ink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal, taken. It is itself again once this is dropped.
#[derive(Debug)]
pub(super) struct Stage {
    terminal: LocalTerminal,
    canvas: Terminal<CrosstermBackend<Ink>>,
    ink: Ink,
    colours: Colours,
}

impl Stage {
    /// Takes the terminal and shows the other screen.
    ///
    /// # Errors
    /// If it cannot be taken.
    pub(super) fn open(colours: Colours) -> anyhow::Result<Self> {
        let terminal = LocalTerminal::open(Drawn::OtherScreen)?;
        let ink = Ink::default();
        ink.0
            .borrow_mut()
            .extend_from_slice(ENTER_OTHER_SCREEN.as_bytes());
        let canvas = canvas(ink.clone(), terminal.size())?;
        Ok(Self {
            terminal,
            canvas,
            ink,
            colours,
        })
    }

    /// Its size now.
    pub(super) fn size(&self) -> Size {
        self.terminal.size()
    }

    /// What is typed next; nothing: the terminal is gone. May be cancelled.
    pub(super) async fn read(&self) -> io::Result<Vec<u8>> {
        self.terminal.read().await
    }

    /// Forgets what is on the screen: it is drawn anew, in this size.
    ///
    /// # Errors
    /// If it cannot be drawn at all.
    pub(super) fn anew(&mut self, size: Size) -> anyhow::Result<()> {
        self.canvas = canvas(self.ink.clone(), size)?;
        self.ink.0.borrow_mut().extend_from_slice(CLEAR);
        Ok(())
    }

    /// Draws what has changed, and waits until the terminal has taken it. If it is cancelled, a part was shown.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub(super) async fn show(&mut self, state: &State) -> anyhow::Result<()> {
        let colours = self.colours;
        self.canvas
            .draw(|frame| draw(frame, state, colours))
            .context("cannot draw")?;
        let drawn = std::mem::take(&mut *self.ink.0.borrow_mut());
        self.terminal.write(&drawn).await.context("the terminal is gone")
    }
}

/// A canvas of a fixed size: it never asks the terminal anything.
fn canvas(ink: Ink, size: Size) -> anyhow::Result<Terminal<CrosstermBackend<Ink>>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, size.cols, size.rows));
    Terminal::with_options(CrosstermBackend::new(ink), TerminalOptions { viewport }).context("cannot draw")
}
