//! The store on SQLite: opening, setting a damaged database aside, and the calls. The columns are in `rows`.
//!
//! One connection: writers wait for each other here and not inside SQLite, so nothing is ever "locked". WAL, so a
//! crash of the server loses nothing that was answered; a power loss may, and the session directories tell it again.

mod rows;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sempre_protocol::SessionId;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Row, SqlSafeStr};

use super::session_store::Answer;
use super::{ActivityNote, SessionRow, Store, StoreError};

/// How long another program (a backup, `sqlite3`) may hold the database before a call gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Room kept in the database and its log for writing on a full disk, bytes.
const RESERVE_BYTES: u32 = 256 * 1024;

/// Additive only: an older server goes on with a newer schema.
const MIGRATIONS: [(i64, &str, &str); 1] = [(1, "sessions", include_str!("migrations/0001_sessions.sql"))];

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
        match Self::open_sound(path).await {
            Ok(store) => Ok(Opened {
                store,
                set_aside: None,
            }),
            Err(StoreError::Corrupt(damage)) => {
                let aside = set_aside(path).map_err(|error| unavailable_at(path, &error))?;
                let store = Self::open_sound(path).await?;
                Ok(Opened {
                    store,
                    set_aside: Some((aside, damage)),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// A store that is gone with the value.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no memory for it.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str("sqlite::memory:")?;
        Self::connect(options).await
    }

    async fn open_sound(path: &Path) -> Result<Self, StoreError> {
        // SQLite gives the files beside it the same mode.
        let made = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path);
        made.map_err(|error| unavailable_at(path, &error))?;
        Self::connect(SqliteConnectOptions::new().filename(path)).await
    }

    async fn connect(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let options = options.busy_timeout(BUSY_TIMEOUT).foreign_keys(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            // The one connection stays: a database in memory would go with it.
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.disable_statement_logging())
            .await?;
        let store = Self { pool };
        match store.prepare().await {
            Ok(()) => Ok(store),
            Err(error) => {
                // Waits for it: what is closed later would take files of the next one along.
                store.pool.close().await;
                Err(error)
            }
        }
    }

    /// Everything that looks into the file; connecting does not.
    async fn prepare(&self) -> Result<(), StoreError> {
        // In memory there is no log and the answer is another one.
        for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"] {
            sqlx::query(pragma).execute(&self.pool).await?;
        }
        self.check_pages().await?;
        self.migrate().await?;
        self.all_rows().await?;
        if let Err(error) = self.reserve().await {
            tracing::debug!(%error, "no room could be kept in the database");
        }
        Ok(())
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let migrations = MIGRATIONS.map(|(version, name, sql)| {
            Migration::new(
                version,
                name.into(),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        });
        let mut migrator = Migrator::with_migrations(migrations.into());
        migrator.set_ignore_missing(true);
        Ok(migrator.run(&self.pool).await?)
    }

    async fn check_pages(&self) -> Result<(), StoreError> {
        let found: String = sqlx::query("PRAGMA quick_check(1)")
            .fetch_one(&self.pool)
            .await?
            .try_get(0)?;
        match found.as_str() {
            "ok" => Ok(()),
            _ => Err(StoreError::Corrupt(found)),
        }
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
                    .bind(rows::integer(note.last_activity))
                    .bind(rows::integer(note.last_activity_monotonic))
                    .bind(note.id.to_string())
                    .execute(&mut *transaction)
                    .await?;
            }
            Ok(transaction.commit().await?)
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

/// Renames a database and the files beside it; returns the new name.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let time: String = time.chars().filter(char::is_ascii_alphanumeric).collect();
    let with = |path: &Path, suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let aside = with(path, &format!(".corrupt-{time}"));
    for suffix in ["-wal", "-shm"] {
        match std::fs::rename(with(path, suffix), with(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::rename(path, &aside)?;
    Ok(aside)
}

fn unavailable_at(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}

/// SQLite's primary result codes for "malformed" and "not a database".
const DAMAGED: [i32; 2] = [11, 26];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let damaged = match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().and_then(|code| code.parse::<i32>().ok());
                // The primary code is the low byte of an extended one.
                code.is_some_and(|code| DAMAGED.contains(&(code & 0xff)))
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
            _ => false,
        };
        match damaged {
            true => Self::Corrupt(error.to_string()),
            false => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            // Tables that are there without their migration, or half of it: nothing this server made.
            error => Self::Corrupt(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
