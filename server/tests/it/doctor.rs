//! `sempre doctor` (rows K2, K3, K9, L5) where something really is wrong, made by the test.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{LONG, Pidfd, Ran, Server, Setup, Verb, eventually};

/// A port on which nobody listens.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A doctor that looks at one quiet port unless it is told more.
fn doctor(data_dir: &Path) -> Verb {
    Verb::new(["doctor", "--json", "--data-dir"]).arg(data_dir)
}

fn quiet(data_dir: &Path) -> Verb {
    doctor(data_dir).args(["--ports", &free_port().to_string()])
}

/// The checks of a name.
fn checks(ran: &Ran, name: &str) -> Vec<Value> {
    let report = ran.json();
    let steps = report["steps"].as_array().unwrap().clone();
    let all = steps
        .iter()
        .flat_map(|step| step["checks"].as_array().unwrap().clone());
    all.filter(|check| check["name"] == name).collect()
}

/// The one problem of a name; there must be one that says all of `parts`.
#[track_caller]
fn problem(ran: &Ran, name: &str, parts: &[&str]) -> Value {
    let found = checks(ran, name);
    let says = |check: &&Value| parts.iter().all(|part| check.to_string().contains(part));
    let problem = found
        .iter()
        .filter(|check| check["status"] == "problem")
        .find(says);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    problem
        .unwrap_or_else(|| panic!("no {name} with {parts:?} in {found:?}"))
        .clone()
}

fn empty_dir() -> tempfile::TempDir {
    let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    dir
}

#[tokio::test]
async fn k2_a_healthy_server_has_six_steps_without_a_problem() {
    let server = Setup::new().start();
    let id = server.script("cat").await;
    let port = server.address().port().to_string();
    let ran = doctor(&server.dir().data()).args(["--ports", &port]).run().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report = ran.json();
    let titles: Vec<_> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["title"].clone())
        .collect();
    assert_eq!(
        json!(titles),
        json!(["runtime", "programs", "ports", "logs", "processes", "supervision"])
    );
    let listener = &checks(&ran, "listener")[0];
    assert!(
        listener["status"] == "ok" && listener["message"].as_str().unwrap().contains("this server"),
        "{listener}"
    );
    let said = checks(&ran, "server")[0]["message"].to_string();
    assert!(said.contains(&format!("pid {}", server.pid())), "{said}");
    assert_eq!(checks(&ran, "sessions")[0]["message"], "1 sessions run");
    server.delete(id).await;
}

#[tokio::test]
async fn k3_a_trace_shows_numbered_steps_and_what_is_read_and_run() {
    let dir = empty_dir();
    let verb = |more: &[&str]| {
        Verb::new(["doctor", "--data-dir"])
            .arg(dir.path())
            .args(["--ports", "1"])
            .args(more.iter().copied())
    };
    let plain = verb(&[]).run().await;
    assert!(
        plain.stdout.contains("[1/6] runtime\n") && !plain.stdout.contains("      + "),
        "{plain:?}"
    );
    for ran in [
        verb(&["--trace"]).run().await,
        verb(&[]).env("TRACE", "1").run().await,
    ] {
        for part in [
            "[1/6] runtime\n      + read /proc/sys/kernel/osrelease\n",
            "[2/6] programs",
            "[3/6] ports\n      + read /proc/net/tcp and /proc/net/tcp6 for ports 1 to 1\n",
            "[4/6] logs",
            "[5/6] processes\n      + read ",
            "[6/6] supervision\n      + stat /run/systemd/system\n",
        ] {
            assert!(ran.stdout.contains(part), "{part}: {ran:?}");
        }
    }
    // Advice comes last, also where all is well.
    let last = plain.stdout.split("\nSupervision:\n").nth(1).unwrap();
    assert!(last.lines().all(|line| line.starts_with("  ")), "{plain:?}");
    assert!(last.contains("sempre service install"), "{plain:?}");
}

#[tokio::test]
async fn k2_k9_a_foreign_listener_is_named_and_competes_with_a_running_server() {
    let server = Setup::new().start();
    // This test itself is the foreign program.
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = foreign.local_addr().unwrap().port();
    let (own, pid) = (server.address().port(), std::process::id());
    let ran = doctor(&server.dir().data())
        .args(["--ports", &format!("{own},{port}")])
        .run()
        .await;
    let found = problem(
        &ran,
        "listener",
        &[&format!("port {port}"), &format!("pid {pid}")],
    );
    assert_eq!(found["mend"], format!("kill {pid}"), "{found}");
    assert_eq!(checks(&ran, "listener").len(), 2, "its own is none: {ran:?}");
    // Alone it may be what is meant.
    let dir = empty_dir();
    let ran = doctor(dir.path())
        .args(["--ports", &format!("{port}-{port}")])
        .run()
        .await;
    assert_eq!(
        (ran.code, &checks(&ran, "listener")[0]["status"]),
        (Some(0), &json!("warning")),
        "{ran:?}"
    );
}

#[tokio::test]
async fn k2_l5_a_second_server_is_found_with_its_port_and_its_directory() {
    let (first, second) = (Setup::new().start(), Setup::new().start());
    let ports = format!("{},{}", first.address().port(), second.address().port());
    let ran = doctor(&first.dir().data()).args(["--ports", &ports]).run().await;
    let pid = format!("pid {}", second.pid());
    let port = format!("port {}", second.address().port());
    problem(&ran, "listener", &[&port, &pid, "sempre"]);
    let others = checks(&ran, "other_server");
    let other = others
        .iter()
        .find(|check| check.to_string().contains(&pid))
        .unwrap();
    let root = second.dir().root().to_str().unwrap();
    assert!(
        other.to_string().contains(root) && other["status"] == "warning",
        "{other}"
    );
    assert!(
        !others
            .iter()
            .any(|check| check.to_string().contains(&format!("pid {}", first.pid()))),
        "{others:?}"
    );
}

#[tokio::test]
async fn k2_k3_a_log_with_nul_bytes_is_found_and_rotated_only_when_told_to() {
    let dir = empty_dir();
    let (bad, good) = (dir.path().join("bad.log"), dir.path().join("good.log"));
    fs::write(&bad, b"one\n\0\0\0two\n").unwrap();
    fs::set_permissions(&bad, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(&good, "a line\n").unwrap();
    let verb = || quiet(dir.path()).arg("--logs").arg(&bad).arg(&good);
    let ran = verb().run().await;
    problem(&ran, "log", &["bad.log", "3 NUL bytes", "at byte 4", "--fix"]);
    assert_eq!(checks(&ran, "log")[1]["status"], "ok");
    // Nobody answers the question: nothing happens.
    let ran = verb().arg("--fix").run().await;
    assert!(ran.code == Some(1) && ran.stderr.contains("[y/N]"), "{ran:?}");
    assert_eq!(fs::read(&bad).unwrap(), b"one\n\0\0\0two\n");
    let ran = verb().args(["--fix", "--yes"]).run().await;
    assert_eq!(
        (ran.code, &ran.json()["fixes"][0]["error"]),
        (Some(0), &Value::Null),
        "{ran:?}"
    );
    assert_eq!(fs::read(&bad).unwrap(), b"");
    assert_eq!(fs::metadata(&bad).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(
        fs::read(dir.path().join("bad.log.corrupt.1")).unwrap(),
        b"one\n\0\0\0two\n"
    );
    assert_eq!(fs::read(&good).unwrap(), b"a line\n");
}

#[tokio::test]
async fn k2_what_cannot_be_checked_is_told_apart() {
    let dir = empty_dir();
    let ran = quiet(dir.path())
        .arg("--logs")
        .arg(dir.path().join("none.log"))
        .run()
        .await;
    assert_eq!(
        (ran.code, &checks(&ran, "log")[0]["status"]),
        (Some(2), &json!("unknown")),
        "{ran:?}"
    );
    let ran = quiet(dir.path()).env("KIRO_PORT", "none").run().await;
    assert!(ran.code == Some(2) && ran.stderr.contains("KIRO_PORT"), "{ran:?}");
    let ran = Verb::new(["doctor", "--ports", "none"]).run().await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[tokio::test]
async fn l5_a_killed_server_and_a_killed_holder_leave_a_lock_and_a_socket_that_are_removed() {
    let mut server = Setup::new().start();
    let (lives, dies) = (server.script("cat").await, server.script("cat").await);
    let data = server.dir().data();
    server.kill();
    let holder = Pidfd::open(server.holder(dies)).unwrap();
    holder.signal(Signal::KILL);
    assert!(holder.ended_within(LONG));
    let ran = quiet(&data).run().await;
    problem(&ran, "server", &["stale lock"]);
    let dead = dies.to_string();
    problem(&ran, "session", &["dead socket", &dead]);
    problem(&ran, "session", &["stale lock", &dead]);
    assert!(
        checks(&ran, "session")
            .iter()
            .all(|check| check.to_string().contains(&dead)),
        "{ran:?}"
    );
    assert!(
        checks(&ran, "sessions")[0]
            .to_string()
            .contains("1 sessions run and no server"),
        "{ran:?}"
    );
    let ran = quiet(&data).args(["--fix", "--yes"]).run().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let gone = |name: &str| !server.session_dir(dies).join(name).exists();
    assert!(gone("sock") && gone("lock") && !gone("session.json"));
    assert!(server.session_dir(lives).join("sock").exists());
    // Nothing was lost by it.
    server.start_again();
    server
        .until(lives, "the session again", |info| info.pid.is_some())
        .await;
    assert!(server.info(dies).await.pid.is_none());
    assert_eq!(server.stop().code(), Some(0));
    assert_eq!(
        checks(&quiet(&data).run().await, "server")[0]["status"],
        "ok",
        "a stop leaves no stale lock"
    );
}

#[tokio::test]
async fn l5_a_holder_that_lost_its_directory_is_found() {
    let mut server = Setup::new().start();
    let id = server.script("cat").await;
    let holder = Pidfd::open(server.holder(id)).unwrap();
    server.kill();
    fs::remove_dir_all(server.session_dir(id)).unwrap();
    let ran = quiet(&server.dir().data()).run().await;
    let found = problem(&ran, "orphan_holder", &[&format!("pid {}", holder.pid())]);
    assert_eq!(found["mend"], format!("kill {}", holder.pid()));
    holder.signal(Signal::TERM);
    assert!(holder.ended_within(LONG));
    assert!(checks(&quiet(&server.dir().data()).run().await, "orphan_holder").is_empty());
}

#[tokio::test]
async fn l5_a_holder_that_does_not_answer_is_found_and_the_command_mends_it() {
    let mut server = Setup::new().start();
    let id = server.script("cat").await;
    let holder = Pidfd::open(server.holder(id)).unwrap();
    server.kill();
    let socket = server.session_dir(id).join("sock");
    fs::remove_file(&socket).unwrap();
    let ran = quiet(&server.dir().data()).run().await;
    let found = problem(&ran, "session", &["does not answer"]);
    assert_eq!(found["mend"], format!("kill -USR1 {}", holder.pid()));
    holder.signal(Signal::USR1);
    eventually("a socket again", || async { socket.exists().then_some(()) }).await;
}

#[tokio::test]
async fn k2_a_dead_socket_to_listen_on_is_removed() {
    let dir = empty_dir();
    let path = dir.path().join("s");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let verb = || quiet(dir.path()).env("SEMPRE_LISTEN", format!("unix:{}", path.display()));
    problem(&verb().run().await, "listen_socket", &["dead socket"]);
    assert_eq!(verb().args(["--fix", "--yes"]).run().await.code, Some(0));
    assert!(!path.exists());
}

#[tokio::test]
async fn k2_missing_programs_and_directories_are_named() {
    let dir = empty_dir();
    let ran = quiet(dir.path())
        .env("SEMPRE_SHELL", "zsh")
        .env("PATH", "/nonexistent")
        .run()
        .await;
    problem(&ran, "default_shell", &["zsh", "--shell"]);
    problem(&ran, "shells", &["no known shell"]);
    let ran = quiet(dir.path())
        .env("SEMPRE_HOLDER", "/nonexistent/sempre-holder")
        .env("KIRO_APP_DIR", "/nonexistent/app")
        .run()
        .await;
    problem(&ran, "holder", &["/nonexistent/sempre-holder"]);
    problem(&ran, "app_dir", &["/nonexistent/app"]);
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    problem(&quiet(dir.path()).run().await, "data_directory", &["chmod 700"]);
}

#[tokio::test]
async fn k2_a_full_disk_is_found() {
    let dir = empty_dir();
    let script = "mount -t tmpfs -o size=64k,mode=0700 none \"$DISK\" && \
                  head -c 1000000 /dev/zero > \"$DISK/fill\" 2>/dev/null; exec \"$@\"";
    let ran = quiet(dir.path())
        .env("DISK", dir.path())
        .through(&[
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .run()
        .await;
    problem(&ran, "disk_space", &["is full", "du -xsh"]);
}

#[tokio::test]
async fn k7_a_server_that_nobody_watches_is_told_of_and_advised() {
    let server: Server = Setup::new().start();
    let ran = quiet(&server.dir().data()).run().await;
    let found = checks(&ran, "supervision");
    // In a service of systemd the tests themselves are watched.
    if found[0]["status"] == "ok" {
        return;
    }
    assert_eq!(
        (ran.code, &found[0]["status"]),
        (Some(0), &json!("warning")),
        "{ran:?}"
    );
    assert!(
        found[0]["mend"].as_str().unwrap().contains("sempre serv"),
        "{ran:?}"
    );
    assert!(!ran.json()["advice"].as_array().unwrap().is_empty());
}
