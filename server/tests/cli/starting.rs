//! What a session is started with: limits, another Unix user, a record of what is typed.

use serde_json::{Value, json};

use crate::harness::{Server, Setup};
use crate::program::sempre;
use crate::terminal::Terminal;

const MIB: u64 = 1024 * 1024;

fn shown(server: &Server, id: &str) -> Value {
    sempre(server, &["show", id, "--json"]).json()
}

#[tokio::test]
async fn t11_limits_are_asked_for_by_flags() {
    let server = Setup::new().arg("--session-cgroup=off").start();
    let flags = ["--memory-max", "96M", "--cpu-time-max", "1h"];
    let words = [&["new"][..], &flags, &["--", "cat"]].concat();
    let id = sempre(&server, &words).ok().to_owned();
    let limits = &shown(&server, &id)["limits"];
    assert_eq!(
        limits["memory_max_bytes"],
        json!({ "value": 96 * MIB, "mechanism": "rlimit" })
    );
    assert_eq!(
        limits["cpu_time_max_s"],
        json!({ "value": 3600, "mechanism": "rlimit" })
    );
    // What only a control group can hold is refused here: so it was asked for.
    for [flag, value, field] in [
        ["--cpu-max-percent", "50", "limits.cpu_max_percent"],
        ["--processes-max", "20", "limits.processes_max"],
    ] {
        let said = sempre(&server, &["new", flag, value, "--", "cat"]);
        assert!(said.failed(1).contains(field), "{said:?}");
        sempre(&server, &["new", flag, "0", "--", "cat"]).failed(2);
    }
    sempre(&server, &["new", "--memory-max", "much", "--", "cat"]).failed(2);
    let mut terminal = Terminal::run(
        &server,
        &[
            "open",
            "--memory-max",
            "64M",
            "--record-input",
            "--",
            "sh",
            "-c",
            "echo ready; exec cat",
        ],
    );
    terminal.until_shown("ready\n");
    let opened = server
        .list()
        .await
        .into_iter()
        .find(|session| session.session_id.to_string() != id);
    let opened = opened.unwrap();
    assert_eq!(opened.limits.memory_max_bytes.unwrap().value, 64 * MIB);
    assert!(opened.records_input);
}

#[tokio::test]
async fn p11_what_is_typed_is_recorded_if_it_is_asked_for() {
    let server = Setup::new().start();
    let id = sempre(&server, &["new", "--record-input", "--", "cat"])
        .ok()
        .to_owned();
    assert_eq!(shown(&server, &id)["records_input"], true);
    let id = sempre(&server, &["new", "--", "cat"]).ok().to_owned();
    assert_ne!(shown(&server, &id)["records_input"], true);
    drop(server);
    let server = Setup::new().args(["--record-input", "never"]).start();
    sempre(&server, &["new", "--record-input", "--", "cat"]).failed(5);
}

#[tokio::test]
async fn t10_a_session_is_started_as_another_unix_user() {
    let server = Setup::new().start();
    let said = sempre(&server, &["new", "--run-as", "nobody", "--cwd", "/", "--", "cat"]);
    match rustix::process::geteuid().is_root() {
        true => assert_eq!(shown(&server, said.ok())["run_as"], "nobody"),
        false => assert!(said.failed(1).contains("run_as"), "{said:?}"),
    }
    let said = sempre(&server, &["new", "--run-as", "root", "--", "cat"]);
    assert!(said.failed(1).contains("run_as"), "{said:?}");
}
