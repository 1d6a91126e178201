//! Small texts the browser keeps. A browser that keeps nothing (private windows, full disks) is no error.

use web_sys::Storage;

fn session_storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn local_storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// What this tab keeps under `key`.
pub fn tab_get(key: &str) -> Option<String> {
    session_storage()?.get_item(key).ok()?
}

/// Keeps `value` under `key` as long as this tab lives.
pub fn tab_set(key: &str, value: &str) {
    if let Some(storage) = session_storage() {
        let _ = storage.set_item(key, value);
    }
}

/// What this browser keeps under `key`.
pub fn browser_get(key: &str) -> Option<String> {
    local_storage()?.get_item(key).ok()?
}

/// Keeps `value` under `key` for all pages of this server; none: forgets it.
pub fn browser_set(key: &str, value: Option<&str>) {
    if let Some(storage) = local_storage() {
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}
