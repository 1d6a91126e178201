//! The parts pages are made of.

mod actions;
mod connection_bar;
mod data_failure;
mod header;
mod icon;
mod icon_button;
mod keyboard_help;
mod labels;
mod new_session_dialog;
mod parked_panel;
mod question;
mod session_rows;
mod session_state;
mod terminal_modal;
mod terminal_view;
mod theme;
mod when;

pub use actions::SessionActions;
pub use connection_bar::ConnectionBar;
pub use data_failure::DataFailure;
pub use header::{Header, Mark};
pub use icon::{Icon, IconView};
pub use icon_button::{IconButton, IconLink};
pub use keyboard_help::KeyboardHelp;
pub use labels::Labels;
pub use new_session_dialog::NewSessionDialog;
pub use parked_panel::ParkedPanel;
pub use question::{Question, QuestionDialog};
pub(crate) use session_rows::SessionRows;
pub use session_state::SessionStateBadge;
pub use terminal_modal::TerminalModal;
pub use terminal_view::{TerminalLink, TerminalView};
pub use theme::{Theme, ThemeToggle, provide_theme, use_theme};
pub use when::When;
