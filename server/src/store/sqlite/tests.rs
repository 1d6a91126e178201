//! What every store must do (the contract, run against SQLite on disk and in memory), and what only files can do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sempre_protocol::RunId;
use sempre_protocol::api::SessionState;
use sempre_protocol::confinement::{LimitInForce, LimitMechanism, LimitsInForce};

use super::*;

fn id(number: u8) -> SessionId {
    SessionId::from_bytes([number; 16])
}

fn row(number: u8) -> SessionRow {
    SessionRow {
        id: id(number),
        run: RunId::from_bytes([number; 16]),
        state: SessionState::Active,
        started_at: 1_700_000_000_000 + u64::from(number),
        ended_at: None,
        updated_at: 1,
        end_reason: None,
        exit_code: None,
        exit_signal: None,
        shell: "bash".into(),
        cmd: "/bin/bash".into(),
        args: vec!["-c".into(), "echo 'a b'\n\u{1b}[31m".into()],
        cwd: "/srv/\u{fffd} x".into(),
        cols: 80,
        rows: 24,
        labels: [("story".to_owned(), "S-1".to_owned())].into(),
        group: Some("crew".into()),
        user_id: None,
        owner: Some("ada".into()),
        run_as: Some("builder".into()),
        limits: LimitsInForce {
            processes_max: Some(LimitInForce {
                value: 40,
                mechanism: LimitMechanism::CgroupV2,
            }),
            ..LimitsInForce::default()
        },
        records_input: true,
        ttl_s: 3600,
        idle_s: 0,
        restarted_from: Some(id(200)),
        output_base: 0,
        output_end: 17,
        last_activity: 2,
        last_activity_monotonic: 3,
        summary: None,
    }
}

fn completed(number: u8) -> SessionRow {
    SessionRow {
        state: SessionState::Completed,
        ended_at: Some(1_700_000_100_000),
        end_reason: Some("exited".into()),
        exit_code: Some(-3),
        exit_signal: None,
        ..row(number)
    }
}

async fn rows_come_back_as_they_were_put_newest_first(store: &dyn Store) {
    assert_eq!(store.all().await.unwrap(), []);
    assert_eq!(store.newest_archived(3).await.unwrap(), (0, vec![]));
    assert_eq!(store.get(id(1)).await.unwrap(), None);
    store.put(vec![row(1), row(3), row(2)]).await.unwrap();
    assert_eq!(store.all().await.unwrap(), [row(3), row(2), row(1)]);
    assert_eq!(store.get(id(2)).await.unwrap(), Some(row(2)));
    let killed = SessionRow {
        exit_code: None,
        exit_signal: Some(9),
        ..completed(2)
    };
    store.put(vec![killed.clone()]).await.unwrap();
    assert_eq!(
        store.get(id(2)).await.unwrap(),
        Some(killed),
        "a row is replaced whole"
    );
    store.put(vec![]).await.unwrap();
}

async fn activity_changes_nothing_else(store: &dyn Store) {
    store.put(vec![row(1), row(2)]).await.unwrap();
    let note = |number| ActivityNote {
        id: id(number),
        last_activity: 50,
        last_activity_monotonic: 60,
    };
    store.note_activity(vec![note(2), note(9)]).await.unwrap();
    let noted = SessionRow {
        last_activity: 50,
        last_activity_monotonic: 60,
        ..row(2)
    };
    assert_eq!(
        store.all().await.unwrap(),
        [noted, row(1)],
        "a session without a row gets none"
    );
}

async fn t6_places_are_replaced_and_go_with_their_session(store: &dyn Store) {
    let place = |user: Option<&str>, offset| Place {
        user: user.map(str::to_owned),
        offset,
    };
    store.put(vec![row(1), row(2)]).await.unwrap();
    let first = vec![place(None, 7), place(Some("ada"), 9)];
    let all = vec![
        (id(1), vec![place(None, 3)]),
        (id(2), first.clone()),
        (id(9), first),
    ];
    store.put_places(all).await.unwrap();
    store
        .put_places(vec![(id(2), vec![place(Some("ada"), 10)])])
        .await
        .unwrap();
    store.remove(vec![id(1)]).await.unwrap();
    store.put(vec![completed(2)]).await.unwrap();
    assert_eq!(
        store.places().await.unwrap(),
        [(id(2), vec![place(Some("ada"), 10)])],
        "a session without a row has none, and a row that is put again keeps them"
    );
}

async fn an_archived_session_has_its_last_screen_until_it_is_removed(store: &dyn Store) {
    let archived = SessionRow {
        state: SessionState::Archived,
        summary: Some("bash, 2 h".into()),
        ..completed(1)
    };
    store.put(vec![completed(1), completed(2)]).await.unwrap();
    store
        .archive(archived.clone(), "$ exit\n\u{2502}".into())
        .await
        .unwrap();
    assert_eq!(store.get(id(1)).await.unwrap(), Some(archived.clone()));
    assert_eq!(
        store.last_screen(id(1)).await.unwrap().as_deref(),
        Some("$ exit\n\u{2502}")
    );
    assert_eq!(store.last_screen(id(2)).await.unwrap(), None);
    store.archive(archived.clone(), "again".into()).await.unwrap();
    store.put(vec![archived]).await.unwrap();
    assert_eq!(
        store.last_screen(id(1)).await.unwrap().as_deref(),
        Some("again"),
        "a row that is put again keeps it"
    );
    store.remove(vec![id(1), id(77)]).await.unwrap();
    assert_eq!(store.get(id(1)).await.unwrap(), None);
    assert_eq!(store.last_screen(id(1)).await.unwrap(), None);
    assert_eq!(store.all().await.unwrap(), [completed(2)]);
}

async fn archived_sessions_are_counted_and_the_newest_listed(store: &dyn Store) {
    let archived = |number| SessionRow {
        state: SessionState::Archived,
        ..completed(number)
    };
    store.put(vec![row(9), completed(8)]).await.unwrap();
    store.put([3, 1, 2].map(archived).to_vec()).await.unwrap();
    let newest = store.newest_archived(2).await.unwrap();
    assert_eq!(newest, (3, vec![archived(3), archived(2)]));
}

async fn numbers_at_their_limits_are_kept(store: &dyn Store) {
    let largest = i64::MAX.unsigned_abs();
    let odd = SessionRow {
        output_end: u64::MAX,
        ttl_s: largest,
        exit_code: Some(i32::MIN),
        cols: 1000,
        labels: Default::default(),
        args: vec![],
        limits: LimitsInForce::default(),
        records_input: false,
        ..completed(5)
    };
    store.put(vec![odd.clone()]).await.unwrap();
    let kept = SessionRow {
        output_end: largest,
        ..odd
    };
    assert_eq!(store.get(id(5)).await.unwrap(), Some(kept));
}

async fn many_writers_at_once_wait_for_each_other(store: &dyn Store) {
    let puts = (0..100).map(|number| store.put(vec![row(number), completed(number)]));
    let reads = (0..100).map(|number| store.get(id(number)));
    let (puts, reads) = tokio::join!(
        futures_util::future::join_all(puts),
        futures_util::future::join_all(reads)
    );
    assert!(
        puts.iter().all(Result::is_ok) && reads.iter().all(Result::is_ok),
        "{puts:?}"
    );
    assert_eq!(store.all().await.unwrap().len(), 100);
}

macro_rules! contract {
    ($($test:ident),+ $(,)?) => {
        mod on_disk { $(#[tokio::test] async fn $test() {
            let dir = tempfile::tempdir().unwrap();
            let opened = super::SqliteStore::open(&dir.path().join("sempre.db")).await.unwrap();
            super::$test(&opened.store).await;
            super::Store::close(&opened.store).await;
        })+ }
        mod in_memory { $(#[tokio::test] async fn $test() {
            super::$test(&super::SqliteStore::in_memory().await.unwrap()).await;
        })+ }
    };
}

contract!(
    rows_come_back_as_they_were_put_newest_first,
    activity_changes_nothing_else,
    t6_places_are_replaced_and_go_with_their_session,
    an_archived_session_has_its_last_screen_until_it_is_removed,
    archived_sessions_are_counted_and_the_newest_listed,
    numbers_at_their_limits_are_kept,
    many_writers_at_once_wait_for_each_other,
);

async fn open(path: &Path) -> Opened {
    SqliteStore::open(path).await.unwrap()
}

#[tokio::test]
async fn what_was_put_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sempre.db");
    let first = open(&path).await;
    first.store.put(vec![row(1)]).await.unwrap();
    // Not closed, as after a kill: what was answered is in the log beside the database.
    let second = open(&path).await;
    assert_eq!(second.set_aside, None);
    assert_eq!(second.store.all().await.unwrap(), [row(1)]);
}

#[tokio::test]
async fn every_file_is_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(&dir.path().join("sempre.db")).await;
    opened.store.put(vec![row(1)]).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        names.push(entry.file_name().into_string().unwrap());
        assert_eq!(mode & 0o777, 0o600, "{names:?}");
    }
    names.sort();
    assert_eq!(names, ["sempre.db", "sempre.db-shm", "sempre.db-wal"]);
}

/// Damages a database with two rows; it must be put aside as it is, and a new one be usable.
async fn is_set_aside(damage: impl FnOnce(&Path)) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sempre.db");
    let opened = open(&path).await;
    opened.store.put((0..100).map(row).collect()).await.unwrap();
    opened.store.close().await;
    damage(&path);
    let damaged = fs::read(&path).unwrap();
    let opened = open(&path).await;
    let (aside, what) = opened.set_aside.expect("it is damaged");
    let name = aside.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("sempre.db.corrupt-2"), "{name}");
    assert!(!what.is_empty());
    assert!(fs::read(&aside).unwrap() == damaged, "nothing of it is changed");
    opened.store.put(vec![row(4)]).await.unwrap();
    assert_eq!(opened.store.all().await.unwrap(), [row(4)]);
}

#[tokio::test]
async fn a_damaged_database_is_set_aside() {
    is_set_aside(|path| fs::write(path, "this is no database, and it never was one").unwrap()).await;
    is_set_aside(|path| fs::write(path, vec![0; 20_000]).unwrap()).await;
    is_set_aside(|path| {
        let whole = fs::read(path).unwrap();
        fs::write(path, &whole[..whole.len() / 2]).unwrap();
    })
    .await;
    is_set_aside(|path| {
        let mut bytes = fs::read(path).unwrap();
        for byte in bytes.iter_mut().skip(4096).step_by(997) {
            *byte ^= 0x55;
        }
        fs::write(path, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn nothing_beside_a_damaged_database_gets_into_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sempre.db");
    fs::write(&path, "garbage that is longer than sixteen bytes").unwrap();
    // The log of another database: its pages would be believed.
    let other = open(&dir.path().join("other.db")).await;
    other.store.put((0..50).map(row).collect()).await.unwrap();
    fs::copy(dir.path().join("other.db-wal"), dir.path().join("sempre.db-wal")).unwrap();
    let opened = open(&path).await;
    assert!(opened.set_aside.is_some());
    assert_eq!(opened.store.all().await.unwrap(), []);
    opened.store.put(vec![row(60)]).await.unwrap();
    opened.store.close().await;
    let again = open(&path).await;
    assert_eq!(
        (again.set_aside, again.store.all().await.unwrap()),
        (None, vec![row(60)])
    );
}

#[tokio::test]
async fn a_directory_that_takes_no_files_is_said_and_nothing_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("no/such/sempre.db");
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Unavailable(what) if what.contains("no/such")),
        "{error}"
    );
}

#[tokio::test]
async fn a_database_of_an_earlier_release_keeps_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sempre.db");
    let earlier = Schema {
        migrations: &SCHEMA.migrations[..3],
        ..SCHEMA
    };
    let pool = database::open(&path, &earlier).await.unwrap();
    // As that release wrote it.
    let sql = "INSERT INTO sessions (id, run, state, started_at, ended_at, updated_at, end_reason, exit_code, shell, cmd, \
               args, cwd, cols, rows, labels, ttl_s, idle_s, output_base, output_end, last_activity, \
               last_activity_monotonic, summary, owner) VALUES (?, ?, 'archived', 7, 8, 9, 'exited', 3, 'sh', '/bin/sh', \
               '[]', '/', 80, 24, '{}', 0, 0, 0, 5, 8, 1, 'sh ran', 'ada')";
    let put = sqlx::query(sql).bind(id(1).to_string()).bind(id(2).to_string());
    put.execute(&pool).await.unwrap();
    pool.close().await;
    let opened = open(&path).await;
    assert_eq!(opened.set_aside, None);
    let kept = opened.store.get(id(1)).await.unwrap().unwrap();
    assert_eq!(
        (kept.summary.as_deref(), kept.exit_code),
        (Some("sh ran"), Some(3))
    );
    assert_eq!(
        (kept.run_as, kept.limits, kept.records_input),
        (None, LimitsInForce::default(), false)
    );
    opened.store.put(vec![row(4)]).await.unwrap();
    assert_eq!(opened.store.get(id(4)).await.unwrap(), Some(row(4)));
}

#[tokio::test]
async fn a_database_of_a_later_release_is_used_as_far_as_it_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sempre.db");
    let opened = open(&path).await;
    opened.store.put(vec![row(1)]).await.unwrap();
    for sql in [
        "ALTER TABLE sessions ADD COLUMN mood TEXT",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'later', 1, x'00', 1)",
    ] {
        sqlx::query(sql).execute(&opened.store.pool).await.unwrap();
    }
    opened.store.close().await;
    let again = open(&path).await;
    assert_eq!(again.set_aside, None);
    again.store.put(vec![row(2)]).await.unwrap();
    assert_eq!(again.store.all().await.unwrap(), [row(2), row(1)]);
}

/// Set for this very test when it runs on the small disk.
const SMALL_DISK: &str = "SEMPRE_TEST_SMALL_DISK";

/// Runs itself again on a file system of its own that holds two MiB, and there does what it says.
#[tokio::test]
async fn a_full_disk_still_takes_the_end_of_sessions() {
    if let Some(dir) = std::env::var_os(SMALL_DISK) {
        return ends_of_sessions_on_a_full_disk(Path::new(&dir)).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=2m tmpfs \"$1\" && \
                  exec \"$2\" --exact store::sqlite::tests::a_full_disk_still_takes_the_end_of_sessions";
    let output = std::process::Command::new("unshare")
        .args(["-rm", "sh", "-c", script, "sh"])
        .args([dir.path(), &std::env::current_exe().unwrap()])
        .env(SMALL_DISK, dir.path())
        .output()
        .expect("this test needs unshare (util-linux)");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "this needs unprivileged user namespaces: {said}"
    );
}

async fn ends_of_sessions_on_a_full_disk(dir: &Path) {
    let path = dir.join("sempre.db");
    let opened = open(&path).await;
    opened.store.put((0..10).map(row).collect()).await.unwrap();
    let mut filler = fs::File::create(dir.join("filler")).unwrap();
    while std::io::Write::write(&mut filler, &[1; 4096]).is_ok_and(|count| count > 0) {}
    assert!(
        fs::write(dir.join("more"), [1; 8192]).is_err(),
        "the disk is full"
    );
    for number in 0..10 {
        opened.store.put(vec![completed(number)]).await.unwrap();
    }
    // Another connection, as after a kill: it finds all of it in the log.
    let again = open(&path).await;
    let rows = again.store.all().await.unwrap();
    assert_eq!((again.set_aside, rows.len()), (None, 10));
    assert!(rows.iter().all(|row| row.state == SessionState::Completed));
}
