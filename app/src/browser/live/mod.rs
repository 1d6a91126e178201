//! The browser itself, by `web-sys`. A guard stops what it stands for when it is dropped.

pub mod clock;
pub mod column;
pub mod dialog;
pub mod element;
pub mod events;
pub mod http;
pub mod inflate;
pub mod listen;
pub mod page;
pub mod random;
pub mod socket;
pub mod storage;
pub mod touch;
