//! Rows of the audit log: appended, read, pushed out by the limit, never changed.

use sempre_protocol::SessionId;
use sqlx::Row;

use super::{AccessStore, corrupt, integer, number};
use crate::store::StoreError;

/// Entries the audit log keeps; the triggers of the table know the same number.
const MAX_AUDIT_ROWS: u64 = 1_000_000;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number; 0 for one that is not written yet.
    pub id: u64,
    /// ms since the Unix epoch.
    pub at: u64,
    /// Who.
    pub who: Option<String>,
    /// From where.
    pub origin: String,
    /// What, as a word.
    pub action: String,
    /// The session meant.
    pub session: Option<SessionId>,
    /// How it went, as a word.
    pub result: String,
    /// What else there is to say.
    pub detail: Option<String>,
}

/// Which entries are asked for, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only older ones than this number.
    pub before: Option<u64>,
    /// Only of this session.
    pub session: Option<SessionId>,
    /// At most so many.
    pub limit: u32,
}

impl AccessStore {
    /// Appends entries.
    ///
    /// # Errors
    /// Any [`StoreError`]; none of them is written then.
    pub async fn append_audit(&self, rows: &[AuditRow]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for row in rows {
            sqlx::query(
                "INSERT INTO audit (at, who, origin, action, session_id, result, detail) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(integer(row.at))
            .bind(row.who.as_deref())
            .bind(&row.origin)
            .bind(&row.action)
            .bind(row.session.map(|id| id.to_string()))
            .bind(&row.result)
            .bind(row.detail.as_deref())
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query("DELETE FROM audit WHERE id <= (SELECT MAX(id) FROM audit) - ?")
            .bind(integer(MAX_AUDIT_ROWS))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Entries, newest first.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let session = filter.session.map(|id| id.to_string());
        let rows = sqlx::query(
            "SELECT id, at, who, origin, action, session_id, result, detail FROM audit \
             WHERE id < ?1 AND (?2 IS NULL OR session_id = ?2) ORDER BY id DESC LIMIT ?3",
        )
        .bind(integer(filter.before.unwrap_or(u64::MAX)))
        .bind(session)
        .bind(filter.limit)
        .fetch_all(&self.pool)
        .await?;
        let rows = rows.iter().map(|row| {
            let session: Option<String> = row.try_get("session_id")?;
            let session = session.map(|id| id.parse().map_err(|_| corrupt("a session's id")));
            Ok(AuditRow {
                id: number(row.try_get("id")?),
                at: number(row.try_get("at")?),
                who: row.try_get("who")?,
                origin: row.try_get("origin")?,
                action: row.try_get("action")?,
                session: session.transpose()?,
                result: row.try_get("result")?,
                detail: row.try_get("detail")?,
            })
        });
        rows.collect()
    }
}
