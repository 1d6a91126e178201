//! What the page needs of the browser, behind plain Rust: requests, sockets, timers, storage, dialogs.
//!
//! In the browser (`hydrate`) this is `live`; everywhere else its twin `absent`, with the same names, answers as if
//! there were no browser, so that components compile for both. `web-sys` is used here and in [`crate::term`] only.

#[cfg(not(feature = "hydrate"))]
mod absent;
#[cfg(feature = "hydrate")]
mod live;

#[cfg(not(feature = "hydrate"))]
pub use absent::*;
#[cfg(feature = "hydrate")]
pub use live::*;

/// Something the browser noticed about the page or its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageEvent {
    /// The network is back.
    Online,
    /// The network is gone.
    Offline,
    /// The page became visible.
    Visible,
    /// The page is no longer seen.
    Hidden,
    /// The page came back from the back/forward cache.
    Shown,
}

/// Something that happened to a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketEvent {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
    /// It closed or could not be opened; nothing follows.
    Closed,
}

/// Something that happened to a stream of server-sent events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// The stream is open; also after the browser connected anew.
    Open,
    /// An event by its name, with its data.
    Message(&'static str, String),
    /// The stream broke and the browser connects anew by itself.
    Broken,
    /// The stream broke and the browser gave up on it, as after a refusal.
    Closed,
}

/// Something that happened to a column of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnEvent {
    /// It was scrolled.
    Scrolled,
    /// A finger that began at its end pulled on past it, or a wheel was turned on there.
    PulledPastEnd,
}
