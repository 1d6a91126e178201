//! The store on SQLite: the calls. How a database is opened is in `database`, the columns are in `rows`.
//!
//! One connection: writers wait for each other here and not inside SQLite, so nothing is ever "locked". WAL, so a
//! crash of the server loses nothing that was answered; a power loss may, and the session directories tell it again.

mod rows;

use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sempre_protocol::SessionId;
use sqlx::Row;
use sqlx::sqlite::{SqlitePool, SqliteSynchronous};

use super::database::{self, Schema, integer};
use super::session_store::Answer;
use super::{ActivityNote, Place, SessionRow, Store, StoreError};

/// Room kept in the database and its log for writing on a full disk, bytes.
const RESERVE_BYTES: u32 = 256 * 1024;

const SCHEMA: Schema = Schema {
    migrations: &[
        (1, "sessions", include_str!("migrations/0001_sessions.sql")),
        (2, "owner", include_str!("migrations/0002_owner.sql")),
        (
            5,
            "last_sequences",
            include_str!("migrations/0005_last_sequences.sql"),
        ),
        (6, "confinement", include_str!("migrations/0006_confinement.sql")),
    ],
    synchronous: SqliteSynchronous::Normal,
};

/// A store on SQLite.
#[derive(Debug)]
pub struct SqliteStore {
    pool: SqlitePool,
}

/// An opened store, and what happened to the one before.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: SqliteStore,
    /// Where a damaged database was put, and what was wrong with it.
    pub set_aside: Option<(PathBuf, String)>,
}

impl SqliteStore {
    /// Opens the database at `path`, mode 0600, or makes it. A damaged one is renamed to
    /// `<name>.corrupt-<time>`, with its `-wal` and `-shm`, and an empty one takes its place.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be made, read or written, or the damaged one not be renamed.
    pub async fn open(path: &Path) -> Result<Opened, StoreError> {
        let (store, set_aside) = database::open_or_set_aside(path, Self::open_sound, |_, _| {}).await?;
        Ok(Opened { store, set_aside })
    }

    /// A store that is gone with the value.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no memory for it.
    pub async fn in_memory() -> Result<Self, StoreError> {
        Self::begin(database::open_in_memory(&SCHEMA).await?).await
    }

    async fn open_sound(path: &Path) -> Result<Self, StoreError> {
        Self::begin(database::open(path, &SCHEMA).await?).await
    }

    /// Looks at every row, and makes room for what is to come.
    async fn begin(pool: SqlitePool) -> Result<Self, StoreError> {
        let store = Self { pool };
        let read = store.all_rows().await.map(drop);
        let store = Self {
            pool: database::sound(store.pool, read).await?,
        };
        if let Err(error) = store.reserve().await {
            tracing::debug!(%error, "no room could be kept in the database");
        }
        Ok(store)
    }

    /// Leaves free pages in the database and used ones in its log: writing into those needs no space on the disk.
    async fn reserve(&self) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO reserve (bytes) VALUES (zeroblob(?))")
            .bind(RESERVE_BYTES)
            .execute(&self.pool)
            .await?;
        sqlx::query("DELETE FROM reserve").execute(&self.pool).await?;
        // Writing begins at the start of the log again.
        sqlx::query("PRAGMA wal_checkpoint(RESTART)")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn all_rows(&self) -> Result<Vec<SessionRow>, StoreError> {
        let found = sqlx::query(rows::SELECT_ALL).fetch_all(&self.pool).await?;
        found.iter().map(rows::read).collect()
    }

    async fn put_rows(&self, rows: &[SessionRow], last_screen: Option<&str>) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for row in rows {
            rows::bind(row)?.execute(&mut *transaction).await?;
            if let Some(text) = last_screen {
                sqlx::query(rows::PUT_LAST_SCREEN)
                    .bind(row.id.to_string())
                    .bind(text)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        Ok(transaction.commit().await?)
    }
}

impl Store for SqliteStore {
    fn put(&self, rows: Vec<SessionRow>) -> Answer<'_, ()> {
        async move { self.put_rows(&rows, None).await }.boxed()
    }

    fn archive(&self, row: SessionRow, last_screen: String) -> Answer<'_, ()> {
        async move { self.put_rows(&[row], Some(&last_screen)).await }.boxed()
    }

    fn note_activity(&self, notes: Vec<ActivityNote>) -> Answer<'_, ()> {
        async move {
            let mut transaction = self.pool.begin().await?;
            for note in notes {
                sqlx::query(rows::NOTE_ACTIVITY)
                    .bind(integer(note.last_activity))
                    .bind(integer(note.last_activity_monotonic))
                    .bind(note.id.to_string())
                    .execute(&mut *transaction)
                    .await?;
            }
            Ok(transaction.commit().await?)
        }
        .boxed()
    }

    fn put_places(&self, places: Vec<(SessionId, Vec<Place>)>) -> Answer<'_, ()> {
        async move {
            let mut transaction = self.pool.begin().await?;
            for (id, places) in &places {
                rows::bind_places(*id, places)?.execute(&mut *transaction).await?;
            }
            Ok(transaction.commit().await?)
        }
        .boxed()
    }

    fn places(&self) -> Answer<'_, Vec<(SessionId, Vec<Place>)>> {
        async move {
            let found = sqlx::query(rows::SELECT_PLACES).fetch_all(&self.pool).await?;
            found.iter().map(rows::read_places).collect()
        }
        .boxed()
    }

    fn get(&self, id: SessionId) -> Answer<'_, Option<SessionRow>> {
        async move {
            let found = sqlx::query(rows::SELECT_ONE)
                .bind(id.to_string())
                .fetch_optional(&self.pool)
                .await?;
            found.as_ref().map(rows::read).transpose()
        }
        .boxed()
    }

    fn all(&self) -> Answer<'_, Vec<SessionRow>> {
        self.all_rows().boxed()
    }

    fn newest_archived(&self, limit: usize) -> Answer<'_, (u64, Vec<SessionRow>)> {
        async move {
            let count: i64 = sqlx::query(rows::COUNT_ARCHIVED)
                .fetch_one(&self.pool)
                .await?
                .try_get(0)?;
            let found = sqlx::query(rows::SELECT_NEWEST_ARCHIVED)
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .fetch_all(&self.pool)
                .await?;
            let newest = found.iter().map(rows::read).collect::<Result<_, _>>()?;
            Ok((count.unsigned_abs(), newest))
        }
        .boxed()
    }

    fn last_screen(&self, id: SessionId) -> Answer<'_, Option<String>> {
        async move {
            let found = sqlx::query(rows::SELECT_LAST_SCREEN)
                .bind(id.to_string())
                .fetch_optional(&self.pool)
                .await?;
            Ok(found.map(|row| row.try_get(0)).transpose()?)
        }
        .boxed()
    }

    fn remove(&self, ids: Vec<SessionId>) -> Answer<'_, ()> {
        async move {
            let mut transaction = self.pool.begin().await?;
            for id in ids {
                sqlx::query(rows::REMOVE)
                    .bind(id.to_string())
                    .execute(&mut *transaction)
                    .await?;
            }
            Ok(transaction.commit().await?)
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.pool.close().boxed()
    }
}

#[cfg(test)]
mod tests;
