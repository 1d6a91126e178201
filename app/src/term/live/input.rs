//! What comes out of the terminal: keys, pastes, reports, shortcuts.

use std::rc::Rc;

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ClipboardEvent, KeyboardEvent, WheelEvent};

use super::core::Core;
use super::{touch, xterm};
use crate::browser::clock::now_ms;
use crate::browser::element::Host;
use crate::browser::listen::Listener;
use crate::browser::page;
use crate::feed::{Voice, is_report};
use crate::term::{Shortcut, Told, pasteable};
use crate::wheel::Wheel;

/// What xterm.js calls, kept alive as long as the terminal.
pub(super) struct Closures {
    _data: [Closure<dyn Fn(String)>; 2],
    _keys: Closure<dyn Fn(KeyboardEvent) -> bool>,
}

pub(super) fn bind(core: &Rc<Core>) -> Result<Closures, JsValue> {
    let on_data = {
        let core = Rc::downgrade(core);
        Closure::<dyn Fn(String)>::new(move |data: String| {
            if let Some(core) = core.upgrade() {
                heard(&core, data);
            }
        })
    };
    let on_binary = {
        let core = Rc::downgrade(core);
        Closure::<dyn Fn(String)>::new(move |data: String| {
            if let Some(core) = core.upgrade() {
                // One byte per character: mouse reports in the oldest form.
                core.tell(Told::Reported(data.chars().map(|c| c as u8).collect()));
            }
        })
    };
    let on_key = {
        let core = Rc::downgrade(core);
        Closure::<dyn Fn(KeyboardEvent) -> bool>::new(move |event: KeyboardEvent| {
            core.upgrade().is_none_or(|core| key(&core, &event))
        })
    };
    core.terminal.on_data(on_data.as_ref().unchecked_ref());
    core.terminal.on_binary(on_binary.as_ref().unchecked_ref());
    core.terminal.attach_key_handler(on_key.as_ref().unchecked_ref());
    Ok(Closures {
        _data: [on_data, on_binary],
        _keys: on_key,
    })
}

fn heard(core: &Core, data: String) {
    let report = !core.pasting.get() && is_report(&data);
    let bytes = data.into_bytes();
    if !report {
        core.tell(Told::Typed(bytes));
    } else if core.voice.get() != Voice::Replay {
        core.tell(Told::Reported(bytes));
    }
}

/// Whether xterm.js shall go on with this key.
fn key(core: &Core, event: &KeyboardEvent) -> bool {
    let Some(shortcut) = Shortcut::of(&xterm::keys(event)) else {
        return !pages_past_top(core, event);
    };
    match shortcut {
        // The browser itself pastes, and `paste_listeners` hears it.
        Shortcut::Paste => return false,
        _ => event.prevent_default(),
    }
    if event.type_() != "keydown" {
        return false;
    }
    event.stop_propagation();
    match shortcut {
        Shortcut::Copy => copy(core),
        other => core.tell(Told::Shortcut(other)),
    }
    false
}

/// Shift+PageUp scrolls the terminal; at its top it goes on into the history.
fn pages_past_top(core: &Core, event: &KeyboardEvent) -> bool {
    if event.type_() != "keydown" || !event.shift_key() || event.key() != "PageUp" {
        return false;
    }
    let rows = core.rows_past_top();
    rows.into_iter().for_each(|rows| core.tell(Told::PastTop(rows)));
    rows.is_some()
}

fn copy(core: &Core) {
    let text = core.terminal.get_selection();
    if !text.is_empty() {
        page::copy(text);
    }
}

/// What is heard before xterm.js hears it.
pub(super) fn listeners(core: &Rc<Core>, host: &Host) -> Vec<Listener> {
    let mut listeners = vec![paste_listener(core, host), wheel_listener(core, host)];
    listeners.extend(touch::listeners(core, host));
    listeners
}

/// A person who goes on turning the wheel at the top wants older output. The turn that led there does not count.
fn wheel_listener(core: &Rc<Core>, host: &Host) -> Listener {
    let core = Rc::downgrade(core);
    let mut wheel = Wheel::default();
    Listener::new(host, "wheel", true, move |event| {
        let Some(core) = core.upgrade() else { return };
        let turn = event.unchecked_into::<WheelEvent>();
        // A finger's is not trusted: that knows the top itself. With Ctrl it is the page's size that changes.
        if !turn.is_trusted() || turn.ctrl_key() {
            return;
        }
        let rows = core.rows_past_top();
        let up_px = -Wheel::px(turn.delta_y(), turn.delta_mode());
        if wheel.turned(up_px, rows.is_some(), now_ms()) {
            rows.into_iter().for_each(|rows| core.tell(Told::PastTop(rows)));
        }
    })
}

/// Takes pastes before xterm.js does, which hands text on as it is.
fn paste_listener(core: &Rc<Core>, host: &Host) -> Listener {
    let core = Rc::downgrade(core);
    Listener::new(host, "paste", true, move |event| {
        event.prevent_default();
        event.stop_propagation();
        let data = event.unchecked_into::<ClipboardEvent>().clipboard_data();
        let text = data
            .and_then(|data| data.get_data("text/plain").ok())
            .unwrap_or_default();
        if let Some(core) = core.upgrade().filter(|_| !text.is_empty()) {
            core.pasting.set(true);
            core.terminal.paste(&pasteable(&text));
            core.pasting.set(false);
        }
    })
}
