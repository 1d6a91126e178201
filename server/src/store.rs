//! What the server keeps on disk: the data directory, who may use it, and the database of sessions.
//!
//! The journals in it belong to the holders; the server only reads those. The database is derived from them and from
//! `session.json`: it can be thrown away, archived sessions excepted.

mod access;
mod data_dir;
mod database;
mod private_file;
mod session_row;
mod session_store;
mod sqlite;

pub use access::{AccessStore, AuditFilter, AuditRow, GrantKind, GrantRow, UserRow};
pub use data_dir::{DataDir, DataDirError, HTTP_SOCKET, IPC_SOCKET};
pub use private_file::write_private;
pub use session_row::{ActivityNote, Place, SessionRow};
pub use session_store::{Answer, Store, StoreError};
pub use sqlite::{Opened, SqliteStore};
