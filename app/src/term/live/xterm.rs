//! The parts of xterm.js' interface that are used, as its typings declare them.

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, KeyboardEvent};

#[wasm_bindgen]
extern "C" {
    /// `Terminal`.
    #[derive(Clone)]
    pub(super) type XTerm;

    #[wasm_bindgen(method, structural, catch)]
    pub(super) fn open(this: &XTerm, parent: &HtmlElement) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = loadAddon)]
    pub(super) fn load_addon(this: &XTerm, addon: &Addon) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = write)]
    pub(super) fn write_bytes(this: &XTerm, data: Uint8Array, done: &Function) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = write)]
    pub(super) fn write_text(this: &XTerm, data: &str, done: &Function) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural)]
    pub(super) fn resize(this: &XTerm, cols: u32, rows: u32);
    #[wasm_bindgen(method, structural)]
    pub(super) fn focus(this: &XTerm);
    #[wasm_bindgen(method, structural, js_name = scrollLines)]
    pub(super) fn scroll_lines(this: &XTerm, lines: i32);
    #[wasm_bindgen(method, structural)]
    pub(super) fn paste(this: &XTerm, text: &str);
    #[wasm_bindgen(method, structural)]
    pub(super) fn dispose(this: &XTerm);
    #[wasm_bindgen(method, structural, js_name = clearSelection)]
    pub(super) fn clear_selection(this: &XTerm);
    #[wasm_bindgen(method, structural, js_name = getSelection)]
    pub(super) fn get_selection(this: &XTerm) -> String;
    #[wasm_bindgen(method, structural, js_name = onData)]
    pub(super) fn on_data(this: &XTerm, heard: &Function) -> JsValue;
    #[wasm_bindgen(method, structural, js_name = onBinary)]
    pub(super) fn on_binary(this: &XTerm, heard: &Function) -> JsValue;
    #[wasm_bindgen(method, structural, js_name = attachCustomKeyEventHandler)]
    pub(super) fn attach_key_handler(this: &XTerm, heard: &Function);
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn cols(this: &XTerm) -> u32;
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn rows(this: &XTerm) -> u32;
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn parser(this: &XTerm) -> Parser;
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn options(this: &XTerm) -> Options;
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn buffer(this: &XTerm) -> Buffers;
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn modes(this: &XTerm) -> Modes;

    /// `IModes`.
    pub(super) type Modes;
    #[wasm_bindgen(method, structural, getter, js_name = mouseTrackingMode)]
    pub(super) fn mouse_tracking(this: &Modes) -> String;

    /// `IBufferNamespace`.
    pub(super) type Buffers;
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn active(this: &Buffers) -> Buffer;

    /// `IBuffer`.
    pub(super) type Buffer;
    #[wasm_bindgen(method, structural, getter, js_name = cursorX)]
    pub(super) fn cursor_x(this: &Buffer) -> u32;
    #[wasm_bindgen(method, structural, getter, js_name = cursorY)]
    pub(super) fn cursor_y(this: &Buffer) -> u32;
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn length(this: &Buffer) -> u32;
    #[wasm_bindgen(method, structural, getter, js_name = viewportY)]
    pub(super) fn viewport_y(this: &Buffer) -> u32;
    #[wasm_bindgen(method, structural, getter, js_name = baseY)]
    pub(super) fn base_y(this: &Buffer) -> u32;
    #[wasm_bindgen(method, structural, getter, js_name = type)]
    pub(super) fn kind(this: &Buffer) -> String;

    /// `IParser`.
    pub(super) type Parser;
    #[wasm_bindgen(method, structural, catch, js_name = registerCsiHandler)]
    pub(super) fn on_csi(this: &Parser, id: &Object, handler: &Function) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = registerDcsHandler)]
    pub(super) fn on_dcs(this: &Parser, id: &Object, handler: &Function) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = registerOscHandler)]
    pub(super) fn on_osc(this: &Parser, number: u32, handler: &Function) -> Result<JsValue, JsValue>;

    /// `ITerminalOptions`; setting a property takes effect at once.
    pub(super) type Options;

    /// Any add-on.
    #[derive(Clone)]
    pub(super) type Addon;
    #[wasm_bindgen(method, structural)]
    pub(super) fn dispose(this: &Addon);
    /// Of the fit add-on.
    #[wasm_bindgen(method, structural, js_name = proposeDimensions)]
    pub(super) fn propose_dimensions(this: &Addon) -> Option<Cells>;
    /// Of the WebGL add-on.
    #[wasm_bindgen(method, structural, js_name = onContextLoss)]
    pub(super) fn on_context_loss(this: &Addon, heard: &Function) -> JsValue;

    /// `ITerminalDimensions`.
    pub(super) type Cells;
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn cols(this: &Cells) -> f64;
    #[wasm_bindgen(method, structural, getter)]
    pub(super) fn rows(this: &Cells) -> f64;
}

impl Options {
    pub(super) fn set(&self, name: &str, value: &JsValue) {
        // Fails only for a frozen object.
        let _ = Reflect::set(self, &name.into(), value);
    }
}

fn construct(bundle: &JsValue, class: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let class = Reflect::get(bundle, &class.into())?.dyn_into::<Function>()?;
    Reflect::construct(&class, arguments)
}

pub(super) fn new_terminal(bundle: &JsValue, options: &Object) -> Result<XTerm, JsValue> {
    construct(bundle, "Terminal", &Array::of1(options)).map(JsCast::unchecked_into)
}

pub(super) fn new_addon(bundle: &JsValue, class: &str, arguments: &[JsValue]) -> Result<Addon, JsValue> {
    construct(bundle, class, &arguments.iter().collect()).map(JsCast::unchecked_into)
}

/// A key event as plain data.
pub(super) fn keys(event: &KeyboardEvent) -> crate::term::Keys {
    crate::term::Keys {
        key: event.key(),
        ctrl: event.ctrl_key(),
        shift: event.shift_key(),
        alt: event.alt_key(),
        meta: event.meta_key(),
    }
}
