//! Rows of users.

use sempre_protocol::access::Role;
use sqlx::Row;

use super::{AccessStore, integer, number, role};
use crate::store::StoreError;

/// A user.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The password's hash in PHC form; none: no password opens it.
    pub password: Option<String>,
    /// ms since the Unix epoch.
    pub created_at: u64,
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserRow({:?}, {:?})", self.name, self.role)
    }
}

impl AccessStore {
    /// Writes a user; one with the same name is replaced.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn put_user(&self, row: &UserRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO users (name, role, password, created_at) VALUES (?, ?, ?, ?) \
             ON CONFLICT (name) DO UPDATE SET role = excluded.role, password = excluded.password",
        )
        .bind(&row.name)
        .bind(row.role.word())
        .bind(row.password.as_deref())
        .bind(integer(row.created_at))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// All users by name.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn users(&self) -> Result<Vec<UserRow>, StoreError> {
        let rows = sqlx::query("SELECT name, role, password, created_at FROM users ORDER BY name")
            .fetch_all(&self.pool)
            .await?;
        let rows = rows.iter().map(|row| {
            Ok(UserRow {
                name: row.try_get("name")?,
                role: role(&row.try_get::<String, _>("role")?)?,
                password: row.try_get("password")?,
                created_at: number(row.try_get("created_at")?),
            })
        });
        rows.collect()
    }

    /// Removes a user; an unknown one is as wished already.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn remove_user(&self, name: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM users WHERE name = ?")
            .bind(name)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
