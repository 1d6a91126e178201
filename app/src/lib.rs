//! Sempre's pages and terminal view: rendered by the server (`ssr`), hydrated in the browser (`hydrate`).
//!
//! [`feed`] decides, [`viewer`] does, [`term`] and [`browser`] touch the browser, [`components`] and [`pages`] show.
//! The server brings the data through [`data::Source`]. No HTTP server, no session logic and no SQL live here.

#![forbid(unsafe_code)]

#[allow(unreachable_pub, reason = "the component macro makes public items of its own")]
mod app;
pub mod browser;
#[allow(unreachable_pub, reason = "the component macro makes public items of its own")]
pub mod components;
pub mod data;
pub mod feed;
#[cfg(test)]
mod fixture;
pub mod format;
pub mod history;
mod live;
#[allow(unreachable_pub, reason = "the component macro makes public items of its own")]
pub mod pages;
mod reading;
pub mod routes;
mod shell;
pub mod term;
pub mod touch;
pub mod viewer;
pub mod wheel;

pub use app::{App, CollectingRoutes};
pub use shell::{AssetUrls, shell};
