//! What people would do to a server like this one, and that it does not let them.
//!
//! | what happened to others | here |
//! |---|---|
//! | cross-site WebSocket hijack, DNS rebinding | [`origin`] |
//! | a route outside the layer that asks who it is; recordings and snapshots without it | [`routes`], [`access`] |
//! | a socket that outlives its token | [`revocation`] |
//! | commands and options out of a URL or a name | [`commands`] |
//! | proxy headers believed from anyone; reachable by all without authentication | [`proxies`], `it::listen` |
//! | markup by title, name, directory, label, link | [`markup`]; in the browser `end2end/tests/markup.spec.ts` |
//! | echo-back: replies that hold what a program chose | [`echo_back`] |
//! | denial of service by output | [`denial`], `crates/screen/tests/fidelity/alone.rs: hostile_output_is_survived_in_bounded_time_and_memory` |
//! | keystrokes recorded for everyone to read | [`recording`] |
//! | log injection | [`audit`], [`access`] |
//! | predictable temporary names | [`files`] |
//! | a JWT that chooses its algorithm, without a signature, expired, of another issuer, of a key taken back | [`tokens`] |
//! | a login at another service that is replayed, swapped or made up | [`elsewhere`], [`elsewhere_by_proxy`] |
//! | a local socket that believes whoever connects, or is filled by one of them | [`ipc`], [`processes`] |
//! | login without a limit | [`passwords`] |
//! | a session of one person with the rights of another, or of root | [`owners`], [`run_as`] |

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops where it meets what it did not expect"
)]

#[allow(dead_code, unused_imports, reason = "the other tests use the rest")]
#[path = "../it/harness/mod.rs"]
mod harness;

mod access;
mod audit;
mod commands;
mod denial;
mod echo_back;
mod elsewhere;
mod elsewhere_by_proxy;
mod files;
mod ipc;
mod keys;
mod markup;
mod origin;
mod owners;
mod passwords;
mod people;
mod processes;
mod provider;
mod proxies;
mod recording;
mod revocation;
mod routes;
mod run_as;
mod shares;
mod signer;
mod tokens;
