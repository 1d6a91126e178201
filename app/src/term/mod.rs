//! The terminal in the page: xterm.js 6 behind plain Rust, and the rules around it that need no browser.
//!
//! `live` binds xterm.js; its twin `absent` has the same names for the server. `wasm-bindgen` is used here and in
//! [`crate::browser`] only.
//!
//! For tests in a browser, the host element (`data-testid="terminal"`) carries attributes the viewer keeps current:
//! `data-state` (`connecting`, `replaying`, `live`, `reconnecting`, `ended`, `gone`, `logged-out`, `disconnected`), `data-offset`
//! (output offset drawn), `data-cols`, `data-rows` (size of the terminal now), `data-writer` (this tab's writer id),
//! `data-pending` (input bytes not confirmed), and the property `sempreTerminal`: the xterm.js `Terminal`, whose
//! `buffer.active` holds the text also when it is drawn by WebGL.

#[cfg(not(feature = "hydrate"))]
mod absent;
#[cfg(any(feature = "hydrate", test))]
mod characters;
#[cfg(feature = "hydrate")]
mod live;
mod paste;
mod shortcut;
mod theme;

use std::rc::Rc;

#[cfg(not(feature = "hydrate"))]
pub use absent::{Bundle, Terminal};
#[cfg(feature = "hydrate")]
pub use live::{Bundle, Terminal};
pub use paste::pasteable;
pub use shortcut::{Keys, Shortcut};
pub use theme::{DARK, LIGHT, Palette, palette};

use crate::feed::Mark;

/// Why there is no terminal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// The bundle could not be loaded; a reload may help.
    #[error("The terminal could not be loaded ({0}). Check the connection and reload the page.")]
    Load(String),
    /// The bundle is not what it should be.
    #[error("The terminal could not be started ({0}). Reload the page.")]
    Start(String),
}

/// What the terminal tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A person typed or pasted.
    Typed(Vec<u8>),
    /// The terminal reports: focus, mouse.
    Reported(Vec<u8>),
    /// A write was parsed up to this mark.
    Drawn(Mark),
    /// A shortcut of the page was pressed.
    Shortcut(Shortcut),
    /// A person scrolls up where the terminal has nothing older, and the session has; so many rows are here.
    PastTop(u64),
}

/// Hears what the terminal tells. Called from within xterm.js: it must not drop the terminal.
pub type Listen = Rc<dyn Fn(Told)>;

/// Lines kept above the screen.
pub const SCROLLBACK_LINES: u32 = 5_000;

/// The font size of a terminal at its own size, CSS pixels.
pub const FONT_PX: f64 = 14.0;
