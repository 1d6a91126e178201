//! The composition root of Sempre: command line, configuration, HTTP, authentication, sessions.
//!
//! Arrows inside: `cli → client, config, http, sessions, store, auth, doctor, heartbeat, log, service` ·
//! `http → auth, sessions, doctor` · `doctor → sessions` ·
//! `auth, sessions → store`. Handlers extract, call `sessions`, and map the error; nothing below `http` knows of it.
//! `client` uses none of them: it reaches a server by its wires. `measure`, `open_files`, `random` and `short_path` are used
//! by all of them and use none.

#![forbid(unsafe_code)]
// The types of the rendered pages are nested deeper than the compiler allows by default.
#![recursion_limit = "512"]

pub mod auth;
mod calendar;
pub mod cli;
pub mod client;
pub mod config;
pub mod doctor;
pub mod heartbeat;
pub mod http;
pub mod log;
pub mod markup;
pub mod measure;
mod open_files;
mod random;
pub mod service;
pub mod sessions;
mod short_path;
pub mod store;
