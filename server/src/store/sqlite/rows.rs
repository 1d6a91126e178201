//! The columns of the `sessions` table and the values in them; all SQL but opening is here.

use sempre_protocol::SessionId;
use sempre_protocol::api::SessionState;
use sqlx::Row;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};

use crate::store::database::integer;
use crate::store::{Place, SessionRow, StoreError};

macro_rules! columns {
    () => {
        "id, run, state, started_at, ended_at, updated_at, end_reason, exit_code, exit_signal, shell, cmd, args, \
         cwd, cols, rows, labels, group_name, user_id, ttl_s, idle_s, restarted_from, output_base, output_end, \
         last_activity, last_activity_monotonic, summary, owner, run_as, limits, records_input"
    };
}

pub(super) const SELECT_ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM sessions ORDER BY started_at DESC, id"
);
pub(super) const SELECT_ONE: &str = concat!("SELECT ", columns!(), " FROM sessions WHERE id = ?");
pub(super) const COUNT_ARCHIVED: &str = "SELECT COUNT(*) FROM sessions WHERE state = 'archived'";
pub(super) const SELECT_NEWEST_ARCHIVED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM sessions WHERE state = 'archived' ORDER BY started_at DESC, id LIMIT ?"
);
pub(super) const REMOVE: &str = "DELETE FROM sessions WHERE id = ?";
pub(super) const NOTE_ACTIVITY: &str =
    "UPDATE sessions SET last_activity = ?, last_activity_monotonic = ? WHERE id = ?";
pub(super) const SELECT_LAST_SCREEN: &str = "SELECT text FROM last_screens WHERE session_id = ?";
pub(super) const PUT_LAST_SCREEN: &str = "INSERT INTO last_screens (session_id, text) VALUES (?, ?) \
     ON CONFLICT (session_id) DO UPDATE SET text = excluded.text";

pub(super) const SELECT_PLACES: &str = "SELECT session_id, places FROM last_sequences";
const PUT_PLACES: &str = "INSERT INTO last_sequences (session_id, places) SELECT id, ? FROM sessions WHERE id = ? \
     ON CONFLICT (session_id) DO UPDATE SET places = excluded.places";

/// What a session was started with never changes; the rest is replaced.
const PUT: &str = concat!(
    "INSERT INTO sessions (",
    columns!(),
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT (id) DO UPDATE SET run = excluded.run, state = excluded.state, started_at = excluded.started_at, \
     ended_at = excluded.ended_at, updated_at = excluded.updated_at, end_reason = excluded.end_reason, \
     exit_code = excluded.exit_code, exit_signal = excluded.exit_signal, shell = excluded.shell, \
     cmd = excluded.cmd, args = excluded.args, cwd = excluded.cwd, cols = excluded.cols, rows = excluded.rows, \
     labels = excluded.labels, group_name = excluded.group_name, user_id = excluded.user_id, \
     ttl_s = excluded.ttl_s, idle_s = excluded.idle_s, restarted_from = excluded.restarted_from, \
     output_base = excluded.output_base, output_end = excluded.output_end, \
     last_activity = excluded.last_activity, last_activity_monotonic = excluded.last_activity_monotonic, \
     summary = excluded.summary, owner = excluded.owner, run_as = excluded.run_as, limits = excluded.limits, \
     records_input = excluded.records_input"
);

/// The statement that writes `row`.
pub(super) fn bind(row: &SessionRow) -> Result<Query<'_, Sqlite, SqliteArguments>, StoreError> {
    let json = |error: serde_json::Error| StoreError::Unavailable(error.to_string());
    let args = serde_json::to_string(&row.args).map_err(json)?;
    let labels = serde_json::to_string(&row.labels).map_err(json)?;
    let limits = serde_json::to_string(&row.limits).map_err(json)?;
    Ok(sqlx::query(PUT)
        .bind(row.id.to_string())
        .bind(row.run.to_string())
        .bind(row.state.word())
        .bind(integer(row.started_at))
        .bind(row.ended_at.map(integer))
        .bind(integer(row.updated_at))
        .bind(row.end_reason.as_deref())
        .bind(row.exit_code)
        .bind(row.exit_signal)
        .bind(&row.shell)
        .bind(&row.cmd)
        .bind(args)
        .bind(&row.cwd)
        .bind(row.cols)
        .bind(row.rows)
        .bind(labels)
        .bind(row.group.as_deref())
        .bind(row.user_id.as_deref())
        .bind(integer(row.ttl_s))
        .bind(integer(row.idle_s))
        .bind(row.restarted_from.map(|id| id.to_string()))
        .bind(integer(row.output_base))
        .bind(integer(row.output_end))
        .bind(integer(row.last_activity))
        .bind(integer(row.last_activity_monotonic))
        .bind(row.summary.as_deref())
        .bind(row.owner.as_deref())
        .bind(row.run_as.as_deref())
        .bind(limits)
        .bind(row.records_input))
}

/// The statement that writes where users stand in a session that has a row.
pub(super) fn bind_places(
    id: SessionId,
    places: &[Place],
) -> Result<Query<'static, Sqlite, SqliteArguments>, StoreError> {
    let json = serde_json::to_string(places);
    let json = json.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(sqlx::query(PUT_PLACES).bind(json).bind(id.to_string()))
}

/// A session and where users stand in it.
pub(super) fn read_places(row: &SqliteRow) -> Result<(SessionId, Vec<Place>), StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    let id = text("session_id")?.parse().map_err(|_| corrupt("id"))?;
    let places = serde_json::from_str(&text("places")?).map_err(|_| corrupt("places"))?;
    Ok((id, places))
}

fn corrupt(column: &str) -> StoreError {
    StoreError::Corrupt(format!("a session's {column} is not what this server writes"))
}

/// The row that `row` holds.
pub(super) fn read(row: &SqliteRow) -> Result<SessionRow, StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    let number = |column: &'static str| -> Result<u64, StoreError> {
        let value: i64 = row.try_get(column)?;
        u64::try_from(value).map_err(|_| corrupt(column))
    };
    let json = |column| move |_: serde_json::Error| corrupt(column);
    let ended_at: Option<i64> = row.try_get("ended_at")?;
    let restarted_from: Option<String> = row.try_get("restarted_from")?;
    Ok(SessionRow {
        id: text("id")?.parse().map_err(|_| corrupt("id"))?,
        run: text("run")?.parse().map_err(|_| corrupt("run"))?,
        state: state(&text("state")?).ok_or_else(|| corrupt("state"))?,
        started_at: number("started_at")?,
        ended_at: ended_at.map(|ms| u64::try_from(ms).unwrap_or_default()),
        updated_at: number("updated_at")?,
        end_reason: row.try_get("end_reason")?,
        exit_code: row.try_get("exit_code")?,
        exit_signal: row.try_get("exit_signal")?,
        shell: text("shell")?,
        cmd: text("cmd")?,
        args: serde_json::from_str(&text("args")?).map_err(json("args"))?,
        cwd: text("cwd")?,
        cols: row.try_get("cols")?,
        rows: row.try_get("rows")?,
        labels: serde_json::from_str(&text("labels")?).map_err(json("labels"))?,
        group: row.try_get("group_name")?,
        user_id: row.try_get("user_id")?,
        ttl_s: number("ttl_s")?,
        idle_s: number("idle_s")?,
        restarted_from: restarted_from
            .map(|id| id.parse().map_err(|_| corrupt("restarted_from")))
            .transpose()?,
        output_base: number("output_base")?,
        output_end: number("output_end")?,
        last_activity: number("last_activity")?,
        last_activity_monotonic: number("last_activity_monotonic")?,
        summary: row.try_get("summary")?,
        owner: row.try_get("owner")?,
        run_as: row.try_get("run_as")?,
        limits: serde_json::from_str(&text("limits")?).map_err(json("limits"))?,
        records_input: row.try_get("records_input")?,
    })
}

fn state(word: &str) -> Option<SessionState> {
    let all = [
        SessionState::Active,
        SessionState::Completed,
        SessionState::Archived,
    ];
    all.into_iter().find(|state| state.word() == word)
}
