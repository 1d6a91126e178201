//! The history view without its frame: what the server kept of a session's output, as rows of styled text that are
//! loaded as one scrolls.
//!
//! `window` and `paint` decide where rows are and how they look, `shelf` and `tail` what is to be loaded, `reader` does
//! it. It reads only: nothing here reaches the session.

mod paint;
mod reader;
mod row;
mod search;
mod shelf;
mod tail;
mod window;

pub use paint::{Marked, Piece};
pub use reader::{Opening, Reader, Said};
pub(crate) use row::{Matches, Page};
pub use window::ROW_PX;
