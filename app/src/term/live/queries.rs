//! Parser handlers in front of xterm.js' own: they keep it from answering queries, which the server does for all
//! viewers, and guard one bug of xterm.js 6.0.

use std::rc::Rc;

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::core::Core;

/// A handler says whether the sequence is dealt with; if not, xterm.js deals with it.
type Handler = Closure<dyn FnMut(JsValue) -> bool>;

/// Queries by prefix, intermediates and final character.
const CSI_QUERIES: [(&str, &str, &str); 9] = [
    ("", "", "c"),
    ("", "", "n"),
    (">", "", "c"),
    ("=", "", "c"),
    ("?", "", "n"),
    ("", "$", "p"),
    ("?", "$", "p"),
    (">", "", "q"),
    ("?", "", "u"),
];

/// DECRQSS and XTGETTCAP.
const DCS_QUERIES: [(&str, &str); 2] = [("$", "q"), ("+", "q")];

/// Colours: palette, foreground, background, cursor. A `?` in place of a colour asks.
const OSC_COLOURS: [u32; 4] = [4, 10, 11, 12];

/// Window reports of `CSI Ps t`; the rest are orders, which xterm.js ignores unless told otherwise.
const WINDOW_REPORTS: std::ops::RangeInclusive<u32> = 11..=21;

/// Registers the handlers; they live as long as the terminal.
pub(super) fn guard(core: &Rc<Core>) -> Result<(), JsValue> {
    let parser = core.terminal.parser();
    let swallow = function(core, |_, _| true);
    for (prefix, intermediates, last) in CSI_QUERIES {
        parser.on_csi(&sequence(prefix, intermediates, last)?, &swallow)?;
    }
    for (intermediates, last) in DCS_QUERIES {
        parser.on_dcs(&sequence("", intermediates, last)?, &swallow)?;
    }
    let asks = function(core, |_, data| {
        data.as_string().is_some_and(|data| data.contains('?'))
    });
    for number in OSC_COLOURS {
        parser.on_osc(number, &asks)?;
    }
    let reports = function(core, |_, params| WINDOW_REPORTS.contains(&first_param(params)));
    parser.on_csi(&sequence("", "", "t")?, &reports)?;
    let erase = function(core, erase_above);
    for prefix in ["", "?"] {
        parser.on_csi(&sequence(prefix, "", "J")?, &erase)?;
    }
    Ok(())
}

fn sequence(prefix: &str, intermediates: &str, last: &str) -> Result<Object, JsValue> {
    let id = Object::new();
    for (key, value) in [
        ("prefix", prefix),
        ("intermediates", intermediates),
        ("final", last),
    ] {
        if !value.is_empty() {
            Reflect::set(&id, &key.into(), &value.into())?;
        }
    }
    Ok(id)
}

fn function(core: &Rc<Core>, handle: impl Fn(&Core, &JsValue) -> bool + 'static) -> Function {
    let core = Rc::downgrade(core);
    let handler: Handler =
        Closure::new(move |data: JsValue| core.upgrade().is_some_and(|core| handle(&core, &data)));
    handler.into_js_value().unchecked_into()
}

fn first_param(params: &JsValue) -> u32 {
    let first = params.dyn_ref::<Array>().map(|params| params.get(0));
    first
        .and_then(|first| first.as_f64())
        .map_or(0, |first| first as u32)
}

/// xterm.js 6.0 throws on `CSI 1 J` with the cursor in the last column of the last row while nothing was scrolled
/// out, and a terminal that threw draws nothing any more. There, all of the screen is to be erased: `CSI 2 J`.
fn erase_above(core: &Core, params: &JsValue) -> bool {
    let buffer = core.terminal.buffer().active();
    let last_column = buffer.cursor_x() + 1 >= core.terminal.cols();
    if first_param(params) != 1 || !last_column || buffer.cursor_y() + 1 < buffer.length() {
        return false;
    }
    // Should it not be possible: a screen not erased is better than a dead one.
    let _ = erase_screen(core);
    true
}

/// xterm.js offers no public way to erase in the middle of parsing.
fn erase_screen(core: &Core) -> Option<()> {
    let get = |object: &JsValue, key: &str| Reflect::get(object, &key.into()).ok();
    let handler = get(&get(core.terminal.as_ref(), "_core")?, "_inputHandler")?;
    let erase = get(&handler, "eraseInDisplay")?.dyn_into::<Function>().ok()?;
    let params = Object::new();
    Reflect::set(&params, &"params".into(), &Array::of1(&2.into())).ok()?;
    erase.call1(&handler, &params).ok().map(|_| ())
}
