//! What a session may use (T11): a hog fails with a clear sign, its neighbour and its holder do not notice.

use std::fs;
use std::path::{Path, PathBuf};

use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;
use sempre_protocol::confinement::{LimitInForce, LimitMechanism};
use sempre_protocol::texts::ExitStatus;
use serde_json::{Value, json};

use crate::harness::{Server, Setup, children, eventually, is_alive, not_run, random_id};

const MIB: u64 = 1024 * 1024;
/// More than any of these sessions may have; `tail` keeps all of it.
const HOG: &str = "head -c 300000000 /dev/zero | tail -c 300000000 > /dev/null; echo \"hog: $?\"";

fn by(mechanism: LimitMechanism, value: u64) -> Option<LimitInForce> {
    Some(LimitInForce { value, mechanism })
}

/// A session that runs the hog after a line, and answers lines afterwards.
async fn hog(server: &Server, limits: Value) -> SessionId {
    let script = format!("echo ready; read line; {HOG}; read line; echo \"still $line\"; read line");
    let request = json!({ "cmd": ["sh", "-c", script], "limits": limits });
    server.create(request).await
}

/// A line of `/proc/PID/limits`.
fn rlimit(pid: u32, name: &str) -> String {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
    line.trim_start_matches(name)
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned()
}

/// The hog of `id` fails, its shell goes on, and so does a session beside it.
async fn the_hog_fails_alone(server: &Server, id: SessionId, sign: &str) {
    let neighbour = server.script("read line; echo \"got $line\"; cat").await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_output("ready").await;
    viewer.type_in("go\r").await;
    viewer.until_output(sign).await;
    viewer.type_in("here\r").await;
    viewer.until_output("still here").await;
    let mut beside = server.attach(neighbour, "").await;
    beside.type_in("mine\r").await;
    beside.until_output("got mine").await;
    assert!(is_alive(server.holder(id)));
    assert_eq!(server.info(neighbour).await.limits, Default::default());
}

#[tokio::test]
async fn t11_a_memory_hog_fails_by_its_rlimit_and_nobody_else_notices() {
    let server = Setup::new().arg("--session-cgroup=off").start();
    let id = hog(&server, json!({ "memory_max_bytes": 96 * MIB })).await;
    let info = server.info(id).await;
    assert_eq!(info.limits.memory_max_bytes, by(LimitMechanism::Rlimit, 96 * MIB));
    let name = "Max address space";
    assert_eq!(rlimit(info.pid.unwrap(), name), (96 * MIB).to_string());
    assert_ne!(rlimit(server.holder(id), name), (96 * MIB).to_string());
    the_hog_fails_alone(&server, id, "hog: 1").await;
    let output = server.output_text(id).await;
    assert!(output.contains("memory exhausted"), "{output}");
}

#[tokio::test]
async fn t11_processor_time_ends_a_process_that_does_not_stop() {
    let server = Setup::new().arg("--session-cgroup=off").start();
    let request = json!({ "cmd": ["sh", "-c", "while :; do :; done"], "limits": { "cpu_time_max_s": 1 } });
    let id = server.create(request).await;
    let limit = server.info(id).await.limits.cpu_time_max_s;
    assert_eq!(limit, by(LimitMechanism::Rlimit, 1));
    let exit = server.ended(id).await.exit;
    let signal = rustix::process::Signal::XCPU.as_raw();
    assert_eq!(exit, Some(ExitStatus::Signal(signal)));
}

#[tokio::test]
async fn t11_the_server_has_defaults_and_ceilings() {
    let server = Setup::new()
        .arg("--session-cgroup=off")
        .arg("--session-memory-max=256M")
        .arg("--session-memory-ceiling=512M")
        .start();
    let made = async |limits: Value| {
        let request = json!({ "cmd": ["cat"], "limits": limits });
        let id = server.create(request).await;
        server.info(id).await.limits.memory_max_bytes.unwrap().value
    };
    assert_eq!(made(json!({})).await, 256 * MIB);
    assert_eq!(made(json!({ "memory_max_bytes": 512 * MIB })).await, 512 * MIB);
    for (limits, names) in [
        (
            json!({ "memory_max_bytes": 512 * MIB + 1 }),
            ["--session-memory-ceiling", "536870912"],
        ),
        (
            json!({ "memory_max_bytes": 1 }),
            ["limits.memory_max_bytes", "16777216"],
        ),
        // Nothing holds it here: better refused than not held.
        (
            json!({ "cpu_max_percent": 50 }),
            ["limits.cpu_max_percent", "cgroup v2"],
        ),
        (
            json!({ "processes_max": 50 }),
            ["limits.processes_max", "cgroup v2"],
        ),
    ] {
        let request = json!({ "cmd": ["cat"], "limits": limits });
        let problem = server.try_create(&request).await.problem(422);
        assert_eq!(problem.code, "invalid_field");
        for name in names {
            assert!(problem.detail.contains(name), "{}", problem.detail);
        }
    }
    let request = json!({ "cmd": ["cat"], "limits": { "memory": 1 } });
    server.try_create(&request).await.problem(422);
}

#[tokio::test]
async fn t11_a_restart_keeps_the_limits_and_the_server_knows_them_again() {
    let mut server = Setup::new().arg("--session-cgroup=off").start();
    let request = json!({ "cmd": ["cat"], "limits": { "memory_max_bytes": 200 * MIB } });
    let id = server.create(request).await;
    let limits = server.info(id).await.limits;
    server.kill();
    server.start_again();
    assert_eq!(server.info(id).await.limits, limits);
    server.until(id, "the holder", |info| info.pid.is_some()).await;
    server.delete(id).await;
    let restart = crate::harness::Call::post(&format!("/api/v1/sessions/{id}/restart"));
    let again: SessionInfo = server.ask(restart).await.json();
    assert_eq!(again.limits, limits);
    let pid = again.pid.unwrap();
    assert_eq!(rlimit(pid, "Max address space"), (200 * MIB).to_string());
}

#[tokio::test]
async fn t11_a_default_that_nothing_holds_is_told() {
    let server = Setup::new()
        .arg("--session-cgroup=off")
        .arg("--session-cpu-max-percent=50")
        .start();
    let id = server.script("cat").await;
    assert_eq!(server.info(id).await.limits.cpu_max_percent, None);
    let health = server.get("/api/v1/health").await.value();
    let checks = health["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|check| check["name"] == "session_limits")
        .unwrap();
    assert_eq!(check["status"], "degraded", "{check}");
    assert!(
        check["message"].as_str().unwrap().contains("cpu_max_percent"),
        "{check}"
    );
}

/// What an old release would do with a spec it only half understands.
#[tokio::test]
async fn t11_a_holder_that_cannot_confine_starts_nothing() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let old = temp.path().join("old-holder");
    let real = crate::harness::holder_program();
    let script = format!(
        "#!/bin/sh\n[ $# = 1 ] || exit 2\nexec '{}' \"$1\"\n",
        real.display()
    );
    fs::write(&old, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&old, mode).unwrap();
    let server = Setup::new()
        .env("SEMPRE_HOLDER", old.to_str().unwrap())
        .arg("--session-cgroup=off")
        .start();
    let request = json!({ "cmd": ["cat"], "limits": { "memory_max_bytes": 96 * MIB } });
    let problem = server.try_create(&request).await.problem(503);
    assert!(problem.detail.contains("same release"), "{}", problem.detail);
    assert!(server.list().await.is_empty());
    server.script("cat").await;
}

/// A directory of cgroup v2 that can limit; gone when dropped.
struct Group(PathBuf);

impl Group {
    /// None: there is no cgroup v2 here whose controllers this process may use.
    fn make() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let line = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
        let root = PathBuf::from(line.split(' ').nth(4)?);
        let path = root.join(format!("sempre-test-{}", random_id()));
        fs::create_dir(&path).ok()?;
        let group = Self(path);
        let controllers = fs::read_to_string(group.0.join("cgroup.controllers")).ok()?;
        let has = |name: &str| controllers.split_whitespace().any(|word| word == name);
        ["memory", "cpu", "pids"].into_iter().all(has).then_some(group)
    }

    fn of(&self, id: SessionId) -> PathBuf {
        self.0.join(format!("sempre-{id}"))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let removed = fs::remove_dir(&self.0);
        assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
    }
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name))
        .unwrap()
        .trim()
        .to_owned()
}

#[tokio::test]
async fn t11_a_control_group_holds_the_whole_session_and_goes_with_it() {
    let Some(group) = Group::make() else {
        let name = "session_limits::t11_a_control_group_holds_the_whole_session_and_goes_with_it";
        return not_run(
            name,
            "cgroup: needs cgroup v2 with memory, cpu and pids, and the right to use it",
        );
    };
    let server = Setup::new().arg("--session-cgroup").arg(&group.0).start();
    let limits = json!({ "memory_max_bytes": 64 * MIB, "cpu_max_percent": 80, "processes_max": 40 });
    let id = hog(&server, limits).await;
    let info = server.info(id).await;
    let mechanism = LimitMechanism::CgroupV2;
    assert_eq!(info.limits.memory_max_bytes, by(mechanism, 64 * MIB));
    assert_eq!(info.limits.cpu_max_percent, by(mechanism, 80));
    assert_eq!(info.limits.processes_max, by(mechanism, 40));
    let own = group.of(id);
    assert_eq!(read(&own, "memory.max"), (64 * MIB).to_string());
    assert_eq!(read(&own, "cpu.max"), "80000 100000");
    assert_eq!(read(&own, "pids.max"), "40");
    assert_eq!(read(&own, "cgroup.procs"), info.pid.unwrap().to_string());
    the_hog_fails_alone(&server, id, "hog: 137").await;
    server.delete(id).await;
    gone(&own).await;
    // What is left in the background goes too, and also when nobody but the server is left to see to it.
    for kill_holder in [false, true] {
        let request = json!({
            "cmd": ["sh", "-c", "(setsid sleep 1000 &); echo ready; cat"],
            "limits": { "processes_max": 40 },
        });
        let id = server.create(request).await;
        server.attach(id, "").await.until_output("ready").await;
        let own = group.of(id);
        if kill_holder {
            let holder = crate::harness::Pidfd::open(server.holder(id)).unwrap();
            assert_eq!(children(holder.pid()).len(), 1);
            holder.signal(rustix::process::Signal::KILL);
        } else {
            server.delete(id).await;
        }
        server.ended(id).await;
        gone(&own).await;
    }
}

async fn gone(directory: &Path) {
    let there_no_more = || async { (!directory.exists()).then_some(()) };
    eventually("the end of the control group", there_no_more).await;
}
