//! Elements a component hands over to be filled or watched.

use leptos::html::Div;
use leptos::prelude::{Get, NodeRef};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{HtmlElement, ResizeObserver};

/// An element of the page.
pub type Host = HtmlElement;

/// The element behind `node`, once it is in the page; an effect that asks too early is told when it is.
pub fn host(node: NodeRef<Div>) -> Option<Host> {
    Some(node.get()?.unchecked_into())
}

/// Watches an element's size; dropping it ends that.
pub struct SizeWatch {
    observer: ResizeObserver,
    _closure: Closure<dyn FnMut()>,
}

impl SizeWatch {
    /// Calls `changed` now and whenever the size of `host` changes.
    pub fn new(host: &Host, changed: impl FnMut() + 'static) -> Option<Self> {
        let closure = Closure::<dyn FnMut()>::new(changed);
        let observer = ResizeObserver::new(closure.as_ref().unchecked_ref()).ok()?;
        observer.observe(host);
        Some(Self {
            observer,
            _closure: closure,
        })
    }
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
