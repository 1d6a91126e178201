//! The database of sessions: what it says outlives the server, and what it cannot say stops nobody.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use sempre_protocol::api::{HealthStatus, SessionState};
use sempre_protocol::texts::ExitStatus;
use serde_json::{Value, json};

use crate::harness::{LONG, Pidfd, Server, Setup, data_dir_modes, eventually};

fn database(server: &Server) -> PathBuf {
    server.dir().data().join("sempre.db")
}

/// What health says about the database.
async fn database_health(server: &Server) -> (HealthStatus, String) {
    let health = server
        .get("/api/v1/health")
        .await
        .json::<sempre_protocol::api::Health>();
    let check = health
        .checks
        .into_iter()
        .find(|check| check.name == "database")
        .unwrap();
    (check.status, check.message)
}

/// A row as SQLite tells it, asked from outside as a person would; none while there is none.
async fn row(server: &Server, id: impl ToString) -> Option<Value> {
    let script = "import json, sqlite3, sys\n\
         db = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)\n\
         db.row_factory = sqlite3.Row\n\
         row = db.execute('SELECT * FROM sessions WHERE id = ?', (sys.argv[2],)).fetchone()\n\
         print(json.dumps(dict(row) if row else None))";
    let path = database(server);
    let output = std::process::Command::new("python3")
        .args(["-c", script, path.to_str().unwrap(), &id.to_string()])
        .output()
        .expect("these tests need python3");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice::<Option<Value>>(&output.stdout).unwrap()
}

#[tokio::test]
async fn l1_every_session_has_its_row_while_it_lives_and_after() {
    let server = Setup::new().start();
    let request = json!({ "cmd": ["sh", "-c", "read x; exit 7"], "labels": { "story": "S-1" }, "group": "crew",
        "user_id": "ada", "ttl": 60, "idle": 30, "rows": 30, "cols": 90 });
    let id = server.create(request).await;
    let active = eventually("the row", || row(&server, id)).await;
    assert_eq!(active["state"], "active");
    assert_eq!(
        (&active["ended_at"], &active["exit_code"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&active["cmd"], &active["args"]),
        (&json!("sh"), &json!("[\"-c\",\"read x; exit 7\"]"))
    );
    assert_eq!(
        (
            &active["group_name"],
            &active["user_id"],
            &active["ttl_s"],
            &active["idle_s"]
        ),
        (&json!("crew"), &json!("ada"), &json!(60), &json!(30))
    );
    assert_eq!((&active["rows"], &active["cols"]), (&json!(30), &json!(90)));
    server.attach(id, "").await.type_in("\r").await;
    server.ended(id).await;
    let ended = eventually("the row of the end", || async {
        row(&server, id).await.filter(|row| row["state"] == "completed")
    })
    .await;
    assert_eq!(
        (&ended["exit_code"], &ended["end_reason"]),
        (&json!(7), &json!("exited"))
    );
    let ms = |name: &str| ended[name].as_u64().unwrap();
    assert!(ms("started_at") > 1_700_000_000_000, "ms since the epoch");
    assert!(ms("ended_at") >= ms("started_at") && ms("updated_at") >= ms("ended_at"));
    assert!(
        data_dir_modes(&server.dir().data()).is_empty(),
        "for its owner only"
    );
    server.delete(id).await;
    assert_eq!(row(&server, id).await, None);
}

#[tokio::test]
async fn l5_a_database_that_someone_holds_is_waited_for() {
    let server = Setup::new().start();
    let id = server.create(json!({ "cmd": ["cat"] })).await;
    eventually("the row", || row(&server, id)).await;
    let script = "import sqlite3, sys\n\
         db = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
         db.execute('BEGIN EXCLUSIVE')\n\
         print('held', flush=True)\n\
         sys.stdin.read()";
    let path = database(&server);
    let mut holder = std::process::Command::new("python3")
        .args(["-c", script, path.to_str().unwrap()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut said).unwrap();
    let other = server.create(json!({ "cmd": ["cat"] })).await;
    server.delete(id).await;
    server.ended(id).await;
    drop(holder.stdin.take());
    holder.wait().unwrap();
    eventually("the rows", || async {
        let ended = row(&server, id).await?["state"] == "completed";
        (ended && row(&server, other).await.is_some()).then_some(())
    })
    .await;
    assert!(!server.log().contains("locked"), "{}", server.log());
}

#[tokio::test]
async fn a_damaged_database_is_put_aside_and_rebuilt_from_the_directories() {
    let mut server = Setup::new().start();
    let live = server
        .create(json!({ "shell": "sh", "labels": { "story": "S-2" } }))
        .await;
    let ended = server.script("exit 3").await;
    server.ended(ended).await;
    server.stop();
    let garbage = b"not a database at all, and long enough to be looked at".repeat(100);
    fs::write(database(&server), &garbage).unwrap();
    server.start_again();
    let (status, message) = database_health(&server).await;
    assert_eq!(status, HealthStatus::Degraded);
    let names = fs::read_dir(server.dir().data()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let aside = names
        .filter(|name| name.starts_with("sempre.db.corrupt-"))
        .collect::<Vec<_>>();
    assert_eq!(aside.len(), 1, "{aside:?}");
    assert!(message.contains(&aside[0]), "{message}");
    assert!(server.log().contains(&aside[0]), "{}", server.log());
    assert!(fs::read(server.dir().data().join(&aside[0])).unwrap() == garbage);
    server.attach(live, "").await.run("true").await;
    let info = server.info(ended).await;
    assert_eq!(
        (info.state, info.exit),
        (SessionState::Completed, Some(ExitStatus::Code(3)))
    );
    for (id, state) in [(live, "active"), (ended, "completed")] {
        let row = eventually("the row", || row(&server, id)).await;
        assert_eq!(row["state"], state);
    }
    server.stop();
    server.start_again();
    assert_eq!(database_health(&server).await.0, HealthStatus::Ok);
}

#[tokio::test]
async fn rows_and_directories_are_reconciled_at_the_start() {
    let mut server = Setup::new().start();
    let deleted = server.script("true").await;
    let unknown = server.script("exit 9").await;
    for id in [deleted, unknown] {
        server.ended(id).await;
        eventually("the row", || row(&server, id)).await;
    }
    server.stop();
    fs::remove_dir_all(server.session_dir(deleted)).unwrap();
    let script = "import sqlite3, sys\n\
         db = sqlite3.connect(sys.argv[1])\n\
         db.execute('DELETE FROM sessions WHERE id = ?', (sys.argv[2],))\n\
         db.commit()";
    let status = std::process::Command::new("python3")
        .args([
            "-c",
            script,
            database(&server).to_str().unwrap(),
            &unknown.to_string(),
        ])
        .status();
    assert!(status.unwrap().success());
    server.start_again();
    assert_eq!(
        server.get(&format!("/api/v1/sessions/{deleted}")).await.status,
        404
    );
    eventually("the row to vanish", || async {
        row(&server, deleted).await.is_none().then_some(())
    })
    .await;
    let row = eventually("the row to come back", || row(&server, unknown)).await;
    assert_eq!(
        (&row["state"], &row["exit_code"]),
        (&json!("completed"), &json!(9))
    );
}

#[tokio::test]
async fn an_exit_the_server_saw_is_known_after_a_restart_though_its_record_is_lost() {
    let mut server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach(id, "").await;
    viewer.run("true").await;
    let pid = Pid::from_raw(i32::try_from(server.holder(id)).unwrap());
    let full = Rlimit {
        current: Some(0),
        maximum: None,
    };
    prlimit(pid, Resource::Fsize, full).unwrap();
    viewer.type_in("exit 6\r").await;
    let before = server.ended(id).await;
    assert_eq!(before.exit, Some(ExitStatus::Code(6)));
    eventually("the row of the end", || async {
        row(&server, id).await.filter(|row| row["exit_code"] == 6)
    })
    .await;
    server.kill();
    server.start_again();
    let after = server.info(id).await;
    assert_eq!(
        (after.state, after.exit, &after.end_reason, &after.ended_at),
        (before.state, before.exit, &before.end_reason, &before.ended_at)
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_used_stops_nobody_and_health_says_so() {
    let mut server = Setup::new().start();
    server.stop();
    fs::remove_file(database(&server)).unwrap();
    fs::create_dir(database(&server)).unwrap();
    server.start_again();
    let (status, message) = database_health(&server).await;
    assert_eq!(status, HealthStatus::Degraded);
    assert!(message.contains("sempre.db"), "{message}");
    let id = server.create(json!({ "shell": "sh" })).await;
    server.attach(id, "").await.run("echo works").await;
    server.delete(id).await;
    server.ended(id).await;
    server.delete(id).await;
}

#[tokio::test]
async fn a_database_that_takes_nothing_more_stops_nobody_and_catches_up() {
    let server = Setup::new().start();
    let first = server.create(json!({ "shell": "sh" })).await;
    eventually("the row", || row(&server, first)).await;
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap());
    let limit = |current| {
        let limit = Rlimit {
            current,
            maximum: None,
        };
        prlimit(pid, Resource::Fsize, limit).unwrap();
    };
    limit(Some(0));
    let mut viewer = server.attach(first, "").await;
    viewer.run("echo on").await;
    viewer.type_in("exit 2\r").await;
    viewer.until_exit().await;
    let (_, message) = eventually("health to say so", || async {
        let health = database_health(&server).await;
        (health.0 == HealthStatus::Degraded).then_some(health)
    })
    .await;
    assert!(message.contains("sessions go on"), "{message}");
    limit(None);
    eventually("the row of the end", || async {
        row(&server, first).await.filter(|row| row["exit_code"] == 2)
    })
    .await;
    assert_eq!(database_health(&server).await.0, HealthStatus::Ok);
}

#[tokio::test]
async fn a_killed_holder_touches_nothing_but_its_own_row() {
    let server = Setup::new().start();
    let lost = server.create(json!({ "cmd": ["cat"] })).await;
    let kept = server.create(json!({ "cmd": ["cat"] })).await;
    let before = eventually("the row", || row(&server, kept)).await;
    let holder = Pidfd::open(server.holder(lost)).unwrap();
    holder.signal(Signal::KILL);
    assert!(holder.ended_within(LONG));
    server.ended(lost).await;
    let ended = eventually("the row of the end", || async {
        row(&server, lost).await.filter(|row| row["state"] == "completed")
    })
    .await;
    assert_eq!(
        (&ended["end_reason"], &ended["exit_code"]),
        (&json!("orphaned"), &Value::Null)
    );
    assert_eq!(row(&server, kept).await, Some(before));
    assert!(fs::metadata(database(&server)).unwrap().permissions().mode() & 0o077 == 0);
}
