//! The database of who comes in (`access.db`): keys, logins, share links, users, the audit log.
//!
//! Its own file, for it is not derived like the one of sessions: what is lost here lets nobody in any more. Each commit
//! is on the disk when it is answered, so that what was taken back stays so after a power loss.

mod audit;
mod grants;
mod users;

use std::path::{Path, PathBuf};

use sempre_protocol::access::Role;
use sqlx::sqlite::{SqlitePool, SqliteSynchronous};

use super::StoreError;
use super::database::{self, Schema, integer};

pub use audit::{AuditFilter, AuditRow};
pub use grants::{GrantKind, GrantRow};
pub use users::UserRow;

const SCHEMA: Schema = Schema {
    migrations: &[(1, "access", include_str!("migrations/access_0001.sql"))],
    synchronous: SqliteSynchronous::Full,
};

/// The opened database.
#[derive(Debug)]
pub struct AccessStore {
    pool: SqlitePool,
}

impl AccessStore {
    /// Opens the database at `path`, mode 0600, or makes it. A damaged one is set aside, told of by its new name,
    /// and an empty one takes its place: nobody comes in by what it held.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be made, read or written, or the damaged one not be renamed.
    pub async fn open(path: &Path) -> Result<(Self, Option<PathBuf>), StoreError> {
        let tell = |aside: &Path, damage: &str| {
            tracing::error!(
                damage,
                aside = %aside.display(),
                "the database of keys, logins and users was damaged and is set aside; nobody comes in by it"
            );
        };
        let (store, set_aside) = database::open_or_set_aside(path, Self::open_sound, tell).await?;
        Ok((store, set_aside.map(|(aside, _)| aside)))
    }

    async fn open_sound(path: &Path) -> Result<Self, StoreError> {
        let pool = database::open(path, &SCHEMA).await?;
        Ok(Self { pool })
    }

    /// A database that is gone with the value: for a server whose own cannot be used.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no memory for it.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let pool = database::open_in_memory(&SCHEMA).await?;
        Ok(Self { pool })
    }

    /// Finishes all writing; nothing may be asked afterwards.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(format!("{what} is not what this server writes"))
}

fn role(word: &str) -> Result<Role, StoreError> {
    [Role::Viewer, Role::Operator, Role::Admin]
        .into_iter()
        .find(|role| role.word() == word)
        .ok_or_else(|| corrupt("a role"))
}

#[cfg(test)]
mod tests;
