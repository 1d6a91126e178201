//! Server-sent events.

use wasm_bindgen::JsCast;
use web_sys::{EventSource, MessageEvent};

use super::listen::Listener;
use crate::browser::StreamEvent;

/// A stream of events; dropping it closes it.
pub struct EventStream {
    source: EventSource,
    _listeners: Vec<Listener>,
}

impl EventStream {
    /// Opens `url` and hears the events of these names. None if the browser refuses the address.
    pub fn open(
        url: &str,
        names: &[&'static str],
        heard: impl Fn(StreamEvent) + Clone + 'static,
    ) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let mut listeners = vec![
            Listener::new(&source, "open", false, {
                let heard = heard.clone();
                move |_| heard(StreamEvent::Open)
            }),
            Listener::new(&source, "error", false, {
                let (heard, source) = (heard.clone(), source.clone());
                move |_| match source.ready_state() {
                    EventSource::CLOSED => heard(StreamEvent::Closed),
                    _ => heard(StreamEvent::Broken),
                }
            }),
        ];
        listeners.extend(names.iter().map(|&name| {
            let heard = heard.clone();
            Listener::new(&source, name, false, move |event| {
                let data = event.unchecked_into::<MessageEvent>().data().as_string();
                heard(StreamEvent::Message(name, data.unwrap_or_default()));
            })
        }));
        Some(Self {
            source,
            _listeners: listeners,
        })
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.close();
    }
}
