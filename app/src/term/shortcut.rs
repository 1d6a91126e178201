//! The few key combinations the page keeps for itself while the terminal has the focus. All others are the
//! program's, Esc and Tab included.
//!
//! Chosen among those that neither Chromium nor Firefox reserves or uses for something a person would miss.

/// A named action of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// Copy the selection.
    Copy,
    /// Paste the clipboard; the browser itself does it.
    Paste,
    /// Open the history: older output, with search.
    History,
    /// Move the focus from the terminal to the page.
    Leave,
    /// Close the terminal's dialog.
    Close,
    /// Make the dialog as large as the window, or normal again.
    Maximise,
    /// Open the standalone page in a new tab.
    PopOut,
}

/// The keys held and hit, as the browser names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// `KeyboardEvent.key`.
    pub key: String,
    /// Control is held.
    pub ctrl: bool,
    /// Shift is held.
    pub shift: bool,
    /// Alt is held.
    pub alt: bool,
    /// Command or Windows is held.
    pub meta: bool,
}

impl Shortcut {
    /// The help's lines: the action, its keys, and what it does.
    pub const HELP: [(Self, &'static str, &'static str); 7] = [
        (Self::Copy, "Ctrl Shift C", "Copy the selection"),
        (Self::Paste, "Ctrl Shift V", "Paste; Shift Insert does too"),
        (
            Self::History,
            "Ctrl Shift F",
            "Search and read older output; scrolling or pulling past the top does too",
        ),
        (
            Self::Leave,
            "Ctrl Shift Backspace",
            "Leave the terminal for the page's buttons",
        ),
        (Self::PopOut, "Ctrl Shift L", "Open in a tab of its own"),
        (Self::Maximise, "Ctrl Shift Enter", "Maximise or restore"),
        (
            Self::Close,
            "Ctrl Shift X",
            "Close the dialog; the session goes on",
        ),
    ];

    /// Whether it means something only where the terminal is in a dialog.
    pub fn is_of_dialog(self) -> bool {
        matches!(self, Self::Close | Self::Maximise | Self::PopOut)
    }

    /// The shortcut these keys stand for.
    pub fn of(keys: &Keys) -> Option<Self> {
        if keys.alt || keys.meta || !keys.shift {
            return None;
        }
        if !keys.ctrl {
            return (keys.key == "Insert").then_some(Self::Paste);
        }
        match keys.key.as_str() {
            "C" | "c" => Some(Self::Copy),
            "V" | "v" => Some(Self::Paste),
            "F" | "f" => Some(Self::History),
            "X" | "x" => Some(Self::Close),
            "L" | "l" => Some(Self::PopOut),
            "Enter" => Some(Self::Maximise),
            "Backspace" => Some(Self::Leave),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(key: &str, ctrl: bool, shift: bool) -> Keys {
        Keys {
            key: key.into(),
            ctrl,
            shift,
            alt: false,
            meta: false,
        }
    }

    #[test]
    fn keys_of_programs_are_left_alone() {
        for key in ["c", "f", "x", "l", "Enter", "Backspace", "Escape", "Tab", "v"] {
            assert_eq!(Shortcut::of(&keys(key, true, false)), None, "Ctrl+{key}");
            assert_eq!(Shortcut::of(&keys(key, false, true)), None, "Shift+{key}");
        }
        assert_eq!(Shortcut::of(&keys("Escape", true, true)), None);
        let alt = Keys {
            alt: true,
            ..keys("X", true, true)
        };
        assert_eq!(Shortcut::of(&alt), None);
    }

    #[test]
    fn the_named_ones_are_the_pages() {
        assert_eq!(Shortcut::of(&keys("X", true, true)), Some(Shortcut::Close));
        assert_eq!(Shortcut::of(&keys("F", true, true)), Some(Shortcut::History));
        assert_eq!(Shortcut::of(&keys("Insert", false, true)), Some(Shortcut::Paste));
        assert_eq!(
            Shortcut::of(&keys("Backspace", true, true)),
            Some(Shortcut::Leave)
        );
    }
}
