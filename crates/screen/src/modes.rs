//! What programs switch on and off for the whole terminal.

use crate::charset::Charset;

/// Modes; the default is a terminal just reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Modes {
    /// DECCKM, 1.
    pub(crate) application_cursor: bool,
    /// DECPAM, DECNKM 66.
    pub(crate) application_keypad: bool,
    /// 2004.
    pub(crate) bracketed_paste: bool,
    /// IRM, 4.
    pub(crate) insert: bool,
    /// DECOM, ?6.
    pub(crate) origin: bool,
    /// ?45.
    pub(crate) reverse_wrap: bool,
    /// ?1004.
    pub(crate) focus: bool,
    /// ?2026.
    pub(crate) synchronized: bool,
    /// DECAWM, ?7.
    pub(crate) wrap: bool,
    /// 0 or the mode that was set: 9, 1000, 1002, 1003.
    pub(crate) mouse: u16,
    /// 0 or the mode that was set: 1006, 1016.
    pub(crate) mouse_encoding: u16,
}

impl Default for Modes {
    fn default() -> Self {
        Self {
            application_cursor: false,
            application_keypad: false,
            bracketed_paste: false,
            insert: false,
            origin: false,
            reverse_wrap: false,
            focus: false,
            synchronized: false,
            wrap: true,
            mouse: 0,
            mouse_encoding: 0,
        }
    }
}

impl Modes {
    /// What a soft reset (DECSTR) leaves: the mouse and nothing else.
    pub(crate) fn soft_reset(&mut self) {
        *self = Self {
            mouse: self.mouse,
            mouse_encoding: self.mouse_encoding,
            ..Self::default()
        };
    }
}

/// What neither a soft nor a full reset of xterm.js touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lasting {
    /// DECTCEM off, ?25.
    pub(crate) cursor_hidden: bool,
    /// ?12.
    pub(crate) cursor_blink: bool,
    /// LNM, 20: LF is also CR.
    pub(crate) new_line: bool,
}

/// Character sets in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Charsets {
    /// G0 to G3.
    pub(crate) sets: [Charset; 4],
    /// Which of them was shifted in last.
    pub(crate) level: usize,
    /// The one text is read in; DECRC may set another than the level's.
    pub(crate) current: Charset,
}

impl Charsets {
    pub(crate) fn designate(&mut self, level: usize, set: Charset) {
        if let Some(slot) = self.sets.get_mut(level) {
            *slot = set;
        }
        if self.level == level {
            self.current = set;
        }
    }

    pub(crate) fn shift(&mut self, level: usize) {
        self.level = level;
        self.current = self.sets.get(level).copied().unwrap_or_default();
    }
}
