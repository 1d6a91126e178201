//! A SQLite database on its way open: its private file, its one connection, its checks and migrations, and a damaged one
//! set aside. What stands in it is the business of whoever opens it.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Row, SqlSafeStr};

use super::StoreError;

/// How long another program (a backup, `sqlite3`) may hold the database before a call gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What a database is to be once it is open.
#[derive(Debug)]
pub(super) struct Schema {
    /// Number, name and SQL. Additive only: an older server goes on with a newer schema.
    pub(super) migrations: &'static [(i64, &'static str, &'static str)],
    /// What a commit waits for.
    pub(super) synchronous: SqliteSynchronous,
}

/// The database at `path`, mode 0600, made if it is not there.
pub(super) async fn open(path: &Path, schema: &Schema) -> Result<SqlitePool, StoreError> {
    // SQLite gives the files beside it the same mode.
    let made = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path);
    made.map_err(|error| unavailable_at(path, &error))?;
    connect(SqliteConnectOptions::new().filename(path), schema).await
}

/// A database that is gone with the value.
pub(super) async fn open_in_memory(schema: &Schema) -> Result<SqlitePool, StoreError> {
    connect(SqliteConnectOptions::from_str("sqlite::memory:")?, schema).await
}

async fn connect(options: SqliteConnectOptions, schema: &Schema) -> Result<SqlitePool, StoreError> {
    let options = options.busy_timeout(BUSY_TIMEOUT).foreign_keys(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        // The one connection stays: a database in memory would go with it.
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.disable_statement_logging())
        .await?;
    let prepared = prepare(&pool, schema).await;
    sound(pool, prepared).await
}

/// The pool, if what was done with it went well; closed otherwise.
pub(super) async fn sound(pool: SqlitePool, done: Result<(), StoreError>) -> Result<SqlitePool, StoreError> {
    if let Err(error) = done {
        // Waits for it: what is closed later would take files of the next one along.
        pool.close().await;
        return Err(error);
    }
    Ok(pool)
}

/// Everything that looks into the file; connecting does not.
async fn prepare(pool: &SqlitePool, schema: &Schema) -> Result<(), StoreError> {
    let synchronous = match schema.synchronous {
        SqliteSynchronous::Full => "PRAGMA synchronous = FULL",
        _ => "PRAGMA synchronous = NORMAL",
    };
    // In memory there is no log and the answer is another one.
    for pragma in ["PRAGMA journal_mode = WAL", synchronous] {
        sqlx::query(pragma).execute(pool).await?;
    }
    let found: String = sqlx::query("PRAGMA quick_check(1)")
        .fetch_one(pool)
        .await?
        .try_get(0)?;
    if found != "ok" {
        return Err(StoreError::Corrupt(found));
    }
    let migrations = schema.migrations.iter().map(|&(version, name, sql)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_ignore_missing(true);
    Ok(migrator.run(pool).await?)
}

/// What `open` makes of the database at `path`; a damaged one is set aside, told of at once by its new name and what
/// was wrong with it, and an empty one takes its place.
pub(super) async fn open_or_set_aside<T>(
    path: &Path,
    open: impl AsyncFn(&Path) -> Result<T, StoreError>,
    tell: impl FnOnce(&Path, &str),
) -> Result<(T, Option<(PathBuf, String)>), StoreError> {
    match open(path).await {
        Ok(opened) => Ok((opened, None)),
        Err(StoreError::Corrupt(damage)) => {
            let aside = set_aside(path).map_err(|error| unavailable_at(path, &error))?;
            tell(&aside, &damage);
            Ok((open(path).await?, Some((aside, damage))))
        }
        Err(error) => Err(error),
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

/// SQLite's integers are signed; what does not fit is the largest that does.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
