//! The WASM entry: brings the page that the server rendered to life. All else lives in the app room.

#![forbid(unsafe_code)]
#![recursion_limit = "512"]

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's boot script once the module is loaded.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(sempre_app::App);
}
