//! The state that closures inside xterm.js share with the terminal.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::xterm::XTerm;
use crate::feed::{Mark, Voice};
use crate::term::characters::unfinished_bytes;
use crate::term::{FONT_PX, Listen, SCROLLBACK_LINES, Told};

pub(super) struct Core {
    pub(super) terminal: XTerm,
    pub(super) voice: Cell<Voice>,
    /// What comes out was pasted by a person, whatever it looks like.
    pub(super) pasting: Cell<bool>,
    pub(super) font_px: Cell<f64>,
    /// The session has older output than the terminal was given.
    pub(super) cut: Cell<bool>,
    listen: Listen,
    /// The start of a character whose rest has not come.
    held: RefCell<Vec<u8>>,
    /// Writes xterm.js has taken and not parsed.
    unparsed: Rc<Cell<u32>>,
}

impl Core {
    pub(super) fn new(terminal: XTerm, listen: Listen) -> Self {
        Self {
            terminal,
            voice: Cell::new(Voice::Replay),
            pasting: Cell::new(false),
            font_px: Cell::new(FONT_PX),
            cut: Cell::default(),
            listen,
            held: RefCell::default(),
            unparsed: Rc::default(),
        }
    }

    pub(super) fn tell(&self, told: Told) {
        (self.listen)(told);
    }

    /// How many rows the terminal holds, if it shows the first of them and the session has older ones.
    pub(super) fn rows_past_top(&self) -> Option<u64> {
        let buffer = self.terminal.buffer().active();
        let (length, above) = (
            buffer.length(),
            buffer.length().saturating_sub(self.terminal.rows()),
        );
        let at_top = buffer.kind() == "normal" && buffer.viewport_y() == 0 && above > 0;
        (at_top && (self.cut.get() || above >= SCROLLBACK_LINES)).then_some(length.into())
    }

    pub(super) fn write(&self, bytes: &[u8], mark: Mark) {
        let listen = self.listen.clone();
        let done = self.after_parsing(move || listen(Told::Drawn(mark)));
        let mut whole = self.held.take();
        whole.extend_from_slice(bytes);
        let held = whole.split_off(whole.len() - unfinished_bytes(&whole));
        self.held.replace(held);
        // Throws only when 50 MB are waiting; acknowledgements keep it far below.
        let _ = self
            .terminal
            .write_bytes(Uint8Array::from(whole.as_slice()), done.unchecked_ref());
    }

    /// Writes `text` and does `parsed` once it is parsed.
    pub(super) fn write_text(&self, text: &str, parsed: impl FnOnce() + 'static) {
        let done = self.after_parsing(parsed);
        let _ = self.terminal.write_text(text, done.unchecked_ref());
    }

    /// Does `act` once everything written so far is parsed: at once, if it is.
    pub(super) fn in_order(&self, act: impl FnOnce() + 'static) {
        if self.unparsed.get() == 0 {
            return act();
        }
        self.write_text("", act);
    }

    fn after_parsing(&self, act: impl FnOnce() + 'static) -> wasm_bindgen::JsValue {
        let unparsed = self.unparsed.clone();
        unparsed.set(unparsed.get() + 1);
        Closure::once_into_js(move || {
            unparsed.set(unparsed.get().saturating_sub(1));
            act();
        })
    }
}
