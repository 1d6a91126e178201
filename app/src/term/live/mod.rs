//! xterm.js itself. Every change that must come at its place in the stream goes through `Core::in_order`, since
//! xterm.js parses what it is given later.

mod core;
mod input;
mod options;
mod queries;
mod touch;
mod xterm;

use std::rc::Rc;

use js_sys::Reflect;
use sempre_protocol::{Offset, Size};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use self::core::Core;
use super::{FONT_PX, Listen, TermError};
use crate::browser::element::Host;
use crate::browser::listen::Listener;
use crate::feed::{Mark, Voice};

/// The module of the terminal and its add-ons.
pub struct Bundle(JsValue);

impl Bundle {
    /// Loads it, once per page: the browser keeps modules.
    pub async fn load() -> Result<Self, TermError> {
        let error = |error: JsValue| TermError::Load(words(&error));
        let load = Reflect::get(&js_sys::global(), &"sempreTerminal".into()).map_err(error)?;
        let promise = js_sys::Function::from(load)
            .call0(&JsValue::UNDEFINED)
            .map_err(error)?;
        JsFuture::from(js_sys::Promise::from(promise))
            .await
            .map(Self)
            .map_err(error)
    }
}

fn words(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => error.message().into(),
        None => format!("{error:?}"),
    }
}

/// CAN ends a sequence cut off half-way; RIS; then cursor shown, newline mode off, cursor shape, and the colours that
/// programs may have changed.
const RESET: &str = "\x18\x1bc\x1b[?25h\x1b[20l\x1b[0 q\x1b]104\x07\x1b]110\x07\x1b]111\x07\x1b]112\x07";

/// A terminal in the page; dropping it takes it out again.
pub struct Terminal {
    core: Rc<Core>,
    fit: xterm::Addon,
    host: Host,
    _listeners: Vec<Listener>,
    _closures: input::Closures,
}

impl Terminal {
    /// Opens a terminal in `host`, at the size `host` has room for.
    pub fn open(bundle: &Bundle, host: &Host, dark: bool, listen: Listen) -> Result<Self, TermError> {
        Self::try_open(bundle, host, dark, listen).map_err(|error| TermError::Start(words(&error)))
    }

    fn try_open(bundle: &Bundle, host: &Host, dark: bool, listen: Listen) -> Result<Self, JsValue> {
        let terminal = xterm::new_terminal(&bundle.0, &options::initial(dark))?;
        terminal.load_addon(&xterm::new_addon(&bundle.0, "UnicodeGraphemesAddon", &[])?)?;
        terminal.load_addon(&xterm::new_addon(
            &bundle.0,
            "WebLinksAddon",
            &[options::link_opener()],
        )?)?;
        let fit = xterm::new_addon(&bundle.0, "FitAddon", &[])?;
        terminal.load_addon(&fit)?;
        terminal.open(host)?;
        draw_by_webgl(&terminal, &bundle.0);
        let core = Rc::new(Core::new(terminal, listen));
        let closures = input::bind(&core)?;
        queries::guard(&core)?;
        Reflect::set(host, &"sempreTerminal".into(), core.terminal.as_ref())?;
        let this = Self {
            fit,
            _listeners: input::listeners(&core, host),
            _closures: closures,
            host: host.clone(),
            core,
        };
        if let Some(room) = this.room() {
            this.core.terminal.resize(room.cols.into(), room.rows.into());
        }
        Ok(this)
    }

    /// Draws bytes, then tells [`super::Told::Drawn`].
    pub fn write(&self, bytes: &[u8], mark: Mark) {
        self.core.write(bytes, mark);
    }

    /// Back to the state of a new terminal, what xterm.js' own reset forgets included.
    pub fn reset(&self) {
        self.core.write_text(RESET, || ());
    }

    /// Replaces everything by a snapshot and tells [`super::Told::Drawn`]. xterm.js parses one write in one go, so
    /// nobody sees the terminal empty; it then shows the end, with nothing selected.
    pub fn show_snapshot(&self, size: Size, cut: bool, ansi: Vec<u8>, mark: Mark) {
        let core = self.core.clone();
        let (fit, host) = (self.fit.clone(), self.host.clone());
        self.core.in_order(move || {
            core.cut.set(cut);
            core.terminal.clear_selection();
            set_size(&core, &fit, &host, size);
            core.write(&[RESET.as_bytes(), &ansi].concat(), mark);
        });
    }

    /// Sets the size, once everything written before is parsed.
    pub fn resize(&self, size: Size) {
        let core = self.core.clone();
        let (fit, host) = (self.fit.clone(), self.host.clone());
        self.core.in_order(move || set_size(&core, &fit, &host, size));
    }

    /// Says who may speak, from this place of the stream on.
    pub fn set_voice(&self, voice: Voice) {
        let core = self.core.clone();
        self.core.in_order(move || core.voice.set(voice));
    }

    /// How many cells the host has room for at the normal font size; none while it is not laid out.
    pub fn room(&self) -> Option<Size> {
        room(&self.core, &self.fit)
    }

    /// Makes the font as small as it takes to show the whole session; normal again when it has room.
    pub fn scale(&self) {
        scale(&self.core, &self.fit, &self.host);
    }

    /// Puts the focus into the terminal.
    pub fn focus(&self) {
        self.core.terminal.focus();
    }

    /// Changes the colours.
    pub fn set_dark(&self, dark: bool) {
        self.core.terminal.options().set("theme", &options::theme(dark));
    }

    /// Shows the viewer's state in the host's attributes (see [`super`]).
    pub fn show_state(&self, state: &str, offset: Offset, writer: &str, pending_bytes: usize) {
        let attributes = [
            ("data-state", state),
            ("data-offset", &offset.to_string()),
            ("data-writer", writer),
            ("data-pending", &pending_bytes.to_string()),
        ];
        for (name, value) in attributes {
            // Fails only for a name that is none.
            let _ = self.host.set_attribute(name, value);
        }
        show_size(&self.core, &self.host);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Reflect::delete_property(&self.host, &"sempreTerminal".into());
        self.core.terminal.dispose();
    }
}

fn set_size(core: &Core, fit: &xterm::Addon, host: &Host, size: Size) {
    core.terminal.resize(size.cols.into(), size.rows.into());
    show_size(core, host);
    scale(core, fit, host);
}

fn show_size(core: &Core, host: &Host) {
    for (name, value) in [
        ("data-cols", core.terminal.cols()),
        ("data-rows", core.terminal.rows()),
    ] {
        let _ = host.set_attribute(name, &value.to_string());
    }
}

fn proposed(fit: &xterm::Addon) -> Option<Size> {
    let cells = fit.propose_dimensions()?;
    let side = |value: f64| value.is_finite().then_some(value.clamp(1.0, 1000.0) as u16);
    Some(Size::new(side(cells.cols())?, side(cells.rows())?))
}

/// Measured at the normal font size, whatever size the font has now.
fn room(core: &Core, fit: &xterm::Addon) -> Option<Size> {
    let now = core.font_px.replace(FONT_PX);
    core.terminal.options().set("fontSize", &FONT_PX.into());
    let room = proposed(fit);
    core.font_px.set(now);
    core.terminal.options().set("fontSize", &now.into());
    room
}

fn scale(core: &Core, fit: &xterm::Addon, host: &Host) {
    const SMALLEST_FONT_PX: f64 = 4.0;
    let Some(room) = room(core, fit) else { return };
    let (cols, rows) = (core.terminal.cols(), core.terminal.rows());
    // The style sheet draws where a smaller session ends.
    let _ =
        host.toggle_attribute_with_force("data-smaller", cols < room.cols.into() || rows < room.rows.into());
    let ratio = (f64::from(room.cols) / f64::from(cols)).min(f64::from(room.rows) / f64::from(rows));
    let mut font_px = (FONT_PX * ratio.min(1.0) * 2.0).ceil() / 2.0;
    loop {
        core.font_px.set(font_px);
        core.terminal.options().set("fontSize", &font_px.into());
        let fits = proposed(fit).is_none_or(|room| cols <= room.cols.into() && rows <= room.rows.into());
        if fits || font_px <= SMALLEST_FONT_PX {
            return;
        }
        font_px -= 0.5;
    }
}

/// WebGL where it works; xterm.js' own drawing where it does not, or stops working.
fn draw_by_webgl(terminal: &xterm::XTerm, bundle: &JsValue) {
    let Ok(webgl) = xterm::new_addon(bundle, "WebglAddon", &[]) else {
        return;
    };
    if terminal.load_addon(&webgl).is_err() {
        return webgl.dispose();
    }
    let lost = webgl.clone();
    let closure = Closure::once_into_js(move || lost.dispose());
    webgl.on_context_loss(closure.unchecked_ref());
}
