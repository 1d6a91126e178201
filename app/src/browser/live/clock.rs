//! Time: a clock that never goes back, timers, and local time for people.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Milliseconds since the page was opened.
pub fn now_ms() -> u64 {
    let elapsed = web_sys::window().and_then(|window| window.performance());
    elapsed.map_or(0, |performance| performance.now() as u64)
}

/// A timer; dropping it stops it.
pub struct Timer {
    id: i32,
    repeats: bool,
    _closure: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls `done` once, `delay_ms` from now.
    pub fn after(delay_ms: u64, done: impl FnMut() + 'static) -> Self {
        Self::start(delay_ms, false, done)
    }

    /// Calls `tick` every `period_ms`.
    pub fn every(period_ms: u64, tick: impl FnMut() + 'static) -> Self {
        Self::start(period_ms, true, tick)
    }

    fn start(ms: u64, repeats: bool, call: impl FnMut() + 'static) -> Self {
        let closure = Closure::<dyn FnMut()>::new(call);
        let function = closure.as_ref().unchecked_ref();
        // Longer than setTimeout can count (24 days) would mean at once.
        let ms = i32::try_from(ms).unwrap_or(i32::MAX);
        let id = web_sys::window().and_then(|window| {
            if repeats {
                window
                    .set_interval_with_callback_and_timeout_and_arguments_0(function, ms)
                    .ok()
            } else {
                window
                    .set_timeout_with_callback_and_timeout_and_arguments_0(function, ms)
                    .ok()
            }
        });
        Self {
            id: id.unwrap_or_default(),
            repeats,
            _closure: closure,
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            if self.repeats {
                window.clear_interval_with_handle(self.id);
            } else {
                window.clear_timeout_with_handle(self.id);
            }
        }
    }
}

/// An RFC 3339 time as the person's own clock and language show it; none if it is no time.
pub fn local_time(time: &str) -> Option<String> {
    let date = js_sys::Date::new(&time.into());
    if date.get_time().is_nan() {
        return None;
    }
    let options = js_sys::Object::new();
    for (key, value) in [("dateStyle", "medium"), ("timeStyle", "medium")] {
        js_sys::Reflect::set(&options, &key.into(), &value.into()).ok()?;
    }
    Some(date.to_locale_string("default", &options).into())
}
