//! The twin of `live` on the server: a terminal there is none of.

use sempre_protocol::{Offset, Size};

use super::{Listen, TermError};
use crate::browser::element::Host;
use crate::feed::{Mark, Voice};

/// The terminal's code, which the server does not run.
pub struct Bundle;

impl Bundle {
    /// Always an error.
    pub async fn load() -> Result<Self, TermError> {
        Err(TermError::Load("there is no browser".into()))
    }
}

/// A terminal there is none of.
pub struct Terminal;

impl Terminal {
    /// Always an error.
    pub fn open(_bundle: &Bundle, _host: &Host, _dark: bool, _listen: Listen) -> Result<Self, TermError> {
        Err(TermError::Start("there is no browser".into()))
    }

    /// Does nothing.
    pub fn write(&self, _bytes: &[u8], _mark: Mark) {}

    /// Does nothing.
    pub fn show_snapshot(&self, _size: Size, _cut: bool, _ansi: Vec<u8>, _mark: Mark) {}

    /// Does nothing.
    pub fn reset(&self) {}

    /// Does nothing.
    pub fn resize(&self, _size: Size) {}

    /// Does nothing.
    pub fn set_voice(&self, _voice: Voice) {}

    /// Always none.
    pub fn room(&self) -> Option<Size> {
        None
    }

    /// Does nothing.
    pub fn scale(&self) {}

    /// Does nothing.
    pub fn focus(&self) {}

    /// Does nothing.
    pub fn set_dark(&self, _dark: bool) {}

    /// Does nothing.
    pub fn show_state(&self, _state: &str, _offset: Offset, _writer: &str, _pending_bytes: usize) {}
}
