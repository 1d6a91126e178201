//! The page as a whole: where it is, how it looks, whether it is seen.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, HtmlTextAreaElement, PageTransitionEvent, VisibilityState};

use super::listen::Listener;
use crate::browser::PageEvent;

/// Guards of the listeners that watch the page.
pub type PageWatch = Vec<Listener>;

/// Calls `noticed` when network or visibility change.
pub fn watch(noticed: impl Fn(PageEvent) + Clone + 'static) -> PageWatch {
    let Some(window) = web_sys::window() else {
        return Vec::new();
    };
    let simple = |name, event| {
        let noticed = noticed.clone();
        Listener::new(&window, name, false, move |_| noticed(event))
    };
    let mut listeners = vec![
        simple("online", PageEvent::Online),
        simple("offline", PageEvent::Offline),
    ];
    listeners.push(Listener::new(&window, "pageshow", false, {
        let noticed = noticed.clone();
        move |event| {
            if event.unchecked_into::<PageTransitionEvent>().persisted() {
                noticed(PageEvent::Shown);
            }
        }
    }));
    if let Some(document) = window.document() {
        let page = document.clone();
        listeners.push(Listener::new(&document, "visibilitychange", false, move |_| {
            noticed(match page.visibility_state() {
                VisibilityState::Visible => PageEvent::Visible,
                _ => PageEvent::Hidden,
            });
        }));
    }
    listeners
}

/// The path below which the server is, as its document says.
pub fn base_path() -> String {
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    root.and_then(|root| root.get_attribute("data-base"))
        .unwrap_or_default()
}

/// Loads this page again.
pub fn reload() {
    if let Some(window) = web_sys::window() {
        let _ = window.location().reload();
    }
}

/// Opens `url` in a new tab that knows nothing of this one.
pub fn open_tab(url: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.open_with_url_and_target_and_features(url, "_blank", "noopener,noreferrer");
    }
}

/// Whether the system asks for dark colours.
pub fn system_is_dark() -> bool {
    let query = web_sys::window().and_then(|window| window.match_media(DARK).ok().flatten());
    query.is_some_and(|query| query.matches())
}

const DARK: &str = "(prefers-color-scheme: dark)";

/// Calls `changed` when the system's wish for light or dark changes.
pub fn watch_system_theme(changed: impl Fn(bool) + 'static) -> Option<Listener> {
    let query = web_sys::window()?.match_media(DARK).ok()??;
    let now = query.clone();
    Some(Listener::new(&query, "change", false, move |_| {
        changed(now.matches())
    }))
}

/// Sets `data-theme` of the document; none: the system decides.
pub fn set_theme(theme: Option<&str>) {
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        let _ = match theme {
            Some(theme) => root.set_attribute("data-theme", theme),
            None => root.remove_attribute("data-theme"),
        };
    }
}

/// Moves the focus to the first element `selector` names.
pub fn focus(selector: &str) {
    let element = web_sys::window().and_then(|window| window.document()?.query_selector(selector).ok()?);
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Puts `text` on the clipboard.
pub fn copy(text: String) {
    let Some(window) = web_sys::window() else { return };
    if window.is_secure_context() {
        leptos::task::spawn_local(async move {
            // Refused only if the person forbids it; then there is nothing to be done.
            let _ = JsFuture::from(window.navigator().clipboard().write_text(&text)).await;
        });
    } else {
        copy_by_selection(&text);
    }
}

/// The way of pages that came by plain http, where browsers offer no clipboard.
fn copy_by_selection(text: &str) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let focused = document.active_element();
    // Inside an open dialog nothing outside it can be selected.
    let parent: Element = match document.query_selector("dialog[open]").ok()? {
        Some(dialog) => dialog,
        None => document.body()?.into(),
    };
    let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("offscreen");
    parent.append_child(&area).ok()?;
    area.select();
    let command = js_sys::Reflect::get(&document, &"execCommand".into()).ok()?;
    let _ = command
        .unchecked_into::<js_sys::Function>()
        .call1(&document, &"copy".into());
    area.remove();
    focused?.dyn_into::<HtmlElement>().ok()?.focus().ok()
}
