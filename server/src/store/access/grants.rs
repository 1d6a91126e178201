//! Rows of keys, logins and share links.

use sempre_protocol::GrantId;
use sempre_protocol::access::{Role, Scope};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{AccessStore, corrupt, integer, number, role};
use crate::store::StoreError;

/// What a grant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantKind {
    /// An API key.
    Key,
    /// A browser that is logged in.
    Login,
    /// A share link.
    Share,
}

impl GrantKind {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Login => "login",
            Self::Share => "share",
        }
    }
}

/// Something that lets someone in and can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// Its id.
    pub id: GrantId,
    /// What it is.
    pub kind: GrantKind,
    /// SHA-256 of its secret; none: its secret is made of its id (share links).
    pub secret: Option<[u8; 32]>,
    /// Who comes in by it; none: whoever has the server's own token.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// With which sessions.
    pub scope: Scope,
    /// What it falls with: a user, a key, a share link, the server's own token.
    pub parent: Option<String>,
    /// Who made it.
    pub made_by: Option<String>,
    /// ms since the Unix epoch.
    pub created_at: u64,
    /// ms since the Unix epoch; none: never.
    pub expires_at: Option<u64>,
    /// ms since the Unix epoch, to the minute.
    pub last_used_at: Option<u64>,
}

impl AccessStore {
    /// Writes a new grant.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn put_grant(&self, row: &GrantRow) -> Result<(), StoreError> {
        let scope =
            serde_json::to_string(&row.scope).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        sqlx::query(
            "INSERT INTO grants (id, kind, secret, name, role, scope, parent, made_by, created_at, expires_at, \
             last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(row.id.to_string())
        .bind(row.kind.word())
        .bind(row.secret.map(|secret| secret.to_vec()))
        .bind(row.name.as_deref())
        .bind(row.role.word())
        .bind(scope)
        .bind(row.parent.as_deref())
        .bind(row.made_by.as_deref())
        .bind(integer(row.created_at))
        .bind(row.expires_at.map(integer))
        .bind(row.last_used_at.map(integer))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// All grants, oldest first.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn grants(&self) -> Result<Vec<GrantRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM grants ORDER BY created_at, id")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Removes grants; unknown ids are as wished already.
    ///
    /// # Errors
    /// Any [`StoreError`]; all of them are there then.
    pub async fn remove_grants(&self, ids: &[GrantId]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for id in ids {
            sqlx::query("DELETE FROM grants WHERE id = ?")
                .bind(id.to_string())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Notes when grants were last used, ms since the Unix epoch.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn note_uses(&self, uses: &[(GrantId, u64)]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for (id, at) in uses {
            sqlx::query("UPDATE grants SET last_used_at = ? WHERE id = ?")
                .bind(integer(*at))
                .bind(id.to_string())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}

fn read(row: &SqliteRow) -> Result<GrantRow, StoreError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let kinds = [GrantKind::Key, GrantKind::Login, GrantKind::Share];
    let kind = text("kind")?;
    let secret: Option<Vec<u8>> = row.try_get("secret")?;
    let secret = secret.map(|bytes| <[u8; 32]>::try_from(bytes).map_err(|_| corrupt("a secret's hash")));
    Ok(GrantRow {
        id: text("id")?.parse().map_err(|_| corrupt("a grant's id"))?,
        kind: kinds
            .into_iter()
            .find(|known| known.word() == kind)
            .ok_or_else(|| corrupt("a grant's kind"))?,
        secret: secret.transpose()?,
        name: row.try_get("name")?,
        role: role(&text("role")?)?,
        scope: serde_json::from_str(&text("scope")?).map_err(|_| corrupt("a grant's scope"))?,
        parent: row.try_get("parent")?,
        made_by: row.try_get("made_by")?,
        created_at: number(row.try_get("created_at")?),
        expires_at: row.try_get::<Option<i64>, _>("expires_at")?.map(number),
        last_used_at: row.try_get::<Option<i64>, _>("last_used_at")?.map(number),
    })
}
