//! The twin of `live` where there is no browser: nothing happens, nothing is kept, requests find no server.

pub mod clock {
    //! Twin of the browser's clock; it stands still.

    /// Always 0.
    pub fn now_ms() -> u64 {
        0
    }

    /// A timer that never ends.
    pub struct Timer;

    impl Timer {
        /// Never calls `_done`.
        pub fn after(_delay_ms: u64, _done: impl FnMut() + 'static) -> Self {
            Self
        }

        /// Never calls `_tick`.
        pub fn every(_period_ms: u64, _tick: impl FnMut() + 'static) -> Self {
            Self
        }
    }

    /// The server does not know the person's clock.
    pub fn local_time(_time: &str) -> Option<String> {
        None
    }
}

pub mod column {
    //! Twin of the browser's tall column of text.

    use std::ops::Range;

    use super::element::Host;
    use crate::browser::ColumnEvent;
    use crate::history::Piece;

    /// A column there is none of.
    pub struct Column;

    impl Column {
        /// Watches nothing.
        pub fn new(_host: &Host, _row_px: f64, _heard: impl Fn(ColumnEvent) + 'static) -> Option<Self> {
            None
        }

        /// Does nothing.
        pub fn set_height(&self, _height_px: f64) {}

        /// Nowhere.
        pub fn seen(&self) -> (f64, f64) {
            (0.0, 0.0)
        }

        /// Does nothing.
        pub fn scroll_to(&self, _top_px: f64) {}

        /// Does nothing.
        pub fn put(&self, _block: u64, _top_px: f64, _pieces: Vec<Piece>) {}

        /// Does nothing.
        pub fn keep(&self, _blocks: &Range<u64>) {}

        /// Nothing is.
        pub fn is_selected(&self, _block: u64) -> bool {
            false
        }

        /// Does nothing.
        pub fn reveal_mark(&self) {}
    }
}

pub mod dialog {
    //! Twin of the browser's dialogs.

    use leptos::html::Dialog;
    use leptos::prelude::NodeRef;

    /// Does nothing.
    pub fn show(_node: NodeRef<Dialog>) {}

    /// Does nothing.
    pub fn close(_node: NodeRef<Dialog>) {}

    /// Never.
    pub fn is_open(_node: NodeRef<Dialog>) -> bool {
        false
    }
}

pub mod element {
    //! Twin of the browser's elements.

    use leptos::html::Div;
    use leptos::prelude::NodeRef;

    /// An element there is none of.
    #[derive(Clone)]
    pub struct Host;

    /// Always none.
    pub fn host(_node: NodeRef<Div>) -> Option<Host> {
        None
    }

    /// Watches nothing.
    pub struct SizeWatch;

    impl SizeWatch {
        /// Never calls `_changed`.
        pub fn new(_host: &Host, _changed: impl FnMut() + 'static) -> Option<Self> {
            None
        }
    }
}

pub mod events {
    //! Twin of the browser's event streams.

    use crate::browser::StreamEvent;

    /// A stream there is none of.
    pub struct EventStream;

    impl EventStream {
        /// Always none.
        pub fn open(
            _url: &str,
            _names: &[&'static str],
            _heard: impl Fn(StreamEvent) + Clone + 'static,
        ) -> Option<Self> {
            None
        }
    }
}

pub mod http {
    //! Twin of the browser's requests; they find no server.

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use crate::data::DataError;

    fn no_browser<T>() -> Result<T, DataError> {
        Err(DataError::Unreachable(
            "this page was given no source of data".into(),
        ))
    }

    /// Always an error.
    pub async fn get<T: DeserializeOwned>(_url: String) -> Result<T, DataError> {
        no_browser()
    }

    /// Always an error.
    pub async fn post<B: Serialize, T: DeserializeOwned>(_url: String, _body: &B) -> Result<T, DataError> {
        no_browser()
    }

    /// The text as it is.
    pub fn encoded(text: &str) -> String {
        text.to_owned()
    }

    /// Always an error.
    pub async fn delete(_url: String) -> Result<(), DataError> {
        no_browser()
    }
}

pub mod inflate {
    //! Twin of the browser's decompression.

    /// Always none.
    pub async fn inflate(_bytes: Vec<u8>) -> Option<Vec<u8>> {
        None
    }
}

pub mod page {
    //! Twin of the browser's page.

    use crate::browser::PageEvent;

    /// Watches nothing.
    pub struct PageWatch;

    /// Never calls `_noticed`.
    pub fn watch(_noticed: impl Fn(PageEvent) + Clone + 'static) -> PageWatch {
        PageWatch
    }

    /// None, unless the server says otherwise.
    pub fn base_path() -> String {
        String::new()
    }

    /// Does nothing.
    pub fn reload() {}

    /// Does nothing.
    pub fn open_tab(_url: &str) {}

    /// The server does not know.
    pub fn system_is_dark() -> bool {
        false
    }

    /// Watches nothing.
    pub fn watch_system_theme(_changed: impl Fn(bool) + 'static) -> Option<()> {
        None
    }

    /// Does nothing.
    pub fn set_theme(_theme: Option<&str>) {}

    /// Does nothing.
    pub fn focus(_selector: &str) {}

    /// Does nothing.
    pub fn copy(_text: String) {}
}

pub mod random {
    //! Twin of the browser's randomness; no viewer lives where it is used.

    use crate::feed::Chance;

    /// Always the same.
    #[derive(Debug, Default)]
    pub struct BrowserChance;

    impl Chance for BrowserChance {
        fn fraction(&mut self) -> f64 {
            0.0
        }

        fn id_bytes(&mut self) -> [u8; 16] {
            [0; 16]
        }
    }
}

pub mod socket {
    //! Twin of the browser's sockets.

    use crate::browser::SocketEvent;

    /// A socket there is none of.
    pub struct Socket;

    impl Socket {
        /// Always none.
        pub fn open(_path: &str, _heard: impl Fn(SocketEvent) + Clone + 'static) -> Option<Self> {
            None
        }

        /// Does nothing.
        pub fn send_text(&self, _text: &str) {}

        /// Does nothing.
        pub fn send_bytes(&self, _bytes: &[u8]) {}
    }
}

pub mod storage {
    //! Twin of the browser's storage; it keeps nothing.

    /// Always none.
    pub fn tab_get(_key: &str) -> Option<String> {
        None
    }

    /// Does nothing.
    pub fn tab_set(_key: &str, _value: &str) {}

    /// Always none.
    pub fn browser_get(_key: &str) -> Option<String> {
        None
    }

    /// Does nothing.
    pub fn browser_set(_key: &str, _value: Option<&str>) {}
}
