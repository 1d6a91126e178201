//! Event listeners that go when their guard goes.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{AddEventListenerOptions, Event, EventTarget};

/// A listener; dropping it removes it.
pub struct Listener {
    target: EventTarget,
    name: &'static str,
    capture: bool,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `heard` on each event `name` of `target`; with `capture` before its children hear it.
    pub fn new(
        target: &EventTarget,
        name: &'static str,
        capture: bool,
        heard: impl FnMut(Event) + 'static,
    ) -> Self {
        let options = AddEventListenerOptions::new();
        options.set_capture(capture);
        Self::with(target, name, capture, &options, Closure::new(heard))
    }

    /// Calls `heard` on each event `name` of `target`, which it does not prevent: the browser need not wait for it.
    pub fn passive(target: &EventTarget, name: &'static str, heard: impl FnMut(Event) + 'static) -> Self {
        let options = AddEventListenerOptions::new();
        options.set_passive(true);
        Self::with(target, name, false, &options, Closure::new(heard))
    }

    fn with(
        target: &EventTarget,
        name: &'static str,
        capture: bool,
        options: &AddEventListenerOptions,
        closure: Closure<dyn FnMut(Event)>,
    ) -> Self {
        // Adding a listener fails only for a target that is none.
        let _ = target.add_event_listener_with_callback_and_add_event_listener_options(
            name,
            closure.as_ref().unchecked_ref(),
            options,
        );
        Self {
            target: target.clone(),
            name,
            capture,
            closure,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback_and_bool(
            self.name,
            self.closure.as_ref().unchecked_ref(),
            self.capture,
        );
    }
}
