//! Who may come in: the token, the cookie made of it, and where a request may come from.
//!
//! Pure decisions over headers; `http::guard` asks them in front of every route.

mod access;
mod origin;
mod token;

pub use access::{Access, Credential};
pub use origin::{OriginError, check_host, check_origin};
pub use token::{Token, write_private};
