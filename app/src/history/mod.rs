//! The history view without its frame: what the server kept of a session's output, as rows of styled text that are
//! loaded as one scrolls.
//!
//! `window` and `paint` decide where rows are and how they look, `reader` does it. It reads only: nothing here
//! reaches the session.

mod paint;
mod reader;
mod row;
mod search;
mod window;

pub use paint::{Marked, Piece};
pub use reader::{Reader, Said};
pub(crate) use row::{Matches, Page};
pub use window::ROW_PX;
