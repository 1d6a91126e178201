//! How the terminal is set up.

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::MouseEvent;

use crate::browser::page;
use crate::format::is_web_link;
use crate::term::{FONT_PX, SCROLLBACK_LINES, palette};

/// No web fonts: whatever the system has for code.
const FONT_FAMILY: &str = "ui-monospace, 'SF Mono', 'Cascadia Mono', 'JetBrains Mono', Menlo, Consolas, \
                           'DejaVu Sans Mono', 'Liberation Mono', monospace";

fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        // Fails only for a frozen object.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

/// The options of a new terminal.
pub(super) fn initial(dark: bool) -> Object {
    let links = object(&[("activate", link_opener())]);
    object(&[
        // The unicode add-on's interface.
        ("allowProposedApi", true.into()),
        ("cursorBlink", false.into()),
        ("fontFamily", FONT_FAMILY.into()),
        ("fontSize", FONT_PX.into()),
        ("lineHeight", 1.15.into()),
        // OSC 8 links; xterm.js hands over http and https only.
        ("linkHandler", links.into()),
        ("logLevel", "off".into()),
        ("macOptionIsMeta", true.into()),
        ("minimumContrastRatio", 4.5.into()),
        ("rescaleOverlappingGlyphs", true.into()),
        ("scrollback", SCROLLBACK_LINES.into()),
        ("theme", theme(dark)),
    ])
}

/// The colours.
pub(super) fn theme(dark: bool) -> JsValue {
    const NAMES: [&str; 16] = [
        "black",
        "red",
        "green",
        "yellow",
        "blue",
        "magenta",
        "cyan",
        "white",
        "brightBlack",
        "brightRed",
        "brightGreen",
        "brightYellow",
        "brightBlue",
        "brightMagenta",
        "brightCyan",
        "brightWhite",
    ];
    let palette = palette(dark);
    let theme = object(&[
        ("background", palette.background.into()),
        ("foreground", palette.foreground.into()),
        ("cursor", palette.cursor.into()),
        ("cursorAccent", palette.background.into()),
        ("selectionBackground", palette.selection.into()),
    ]);
    for (name, colour) in NAMES.iter().zip(palette.ansi) {
        let _ = Reflect::set(&theme, &(*name).into(), &colour.into());
    }
    theme.into()
}

/// Opens a link that was clicked: http and https only, in a tab that knows nothing of this one.
pub(super) fn link_opener() -> JsValue {
    let open = Closure::<dyn Fn(MouseEvent, String)>::new(|_, uri: String| {
        if is_web_link(&uri) {
            page::open_tab(&uri);
        }
    });
    open.into_js_value().unchecked_into::<Function>().into()
}
