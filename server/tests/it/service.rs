//! `sempre service` and what systemd is told (row K7), without systemd: a socket and a `systemctl` of the test's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::json;
use tokio::net::UnixDatagram;

use crate::harness::{LONG, Setup, Verb, not_run};

/// Reads messages until one holds `part`.
async fn told(socket: &UnixDatagram, part: &str) -> String {
    let mut buffer = [0; 4096];
    let reading = async {
        loop {
            let count = socket.recv(&mut buffer).await.unwrap();
            let text = String::from_utf8(buffer[..count].to_vec()).unwrap();
            if text.lines().any(|line| line == part) {
                return text;
            }
        }
    };
    let message = tokio::time::timeout(LONG, reading).await;
    message.unwrap_or_else(|_| panic!("systemd was not told {part}"))
}

#[tokio::test]
async fn k7_systemd_is_told_and_no_shell_knows_of_it() {
    let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut server = Setup::new()
        .env("NOTIFY_SOCKET", path.to_str().unwrap())
        .env("WATCHDOG_USEC", "200000")
        .arg("--holder-scope=never")
        .start();
    told(&socket, "READY=1").await;
    told(&socket, "WATCHDOG=1").await;
    told(&socket, "WATCHDOG=1").await;
    let id = server.script("env; read line").await;
    let environ = fs::read(format!("/proc/{}/environ", server.holder(id))).unwrap();
    assert!(!String::from_utf8_lossy(&environ).contains("NOTIFY_SOCKET"));
    server.signal(Signal::HUP);
    let reloading = told(&socket, "RELOADING=1").await;
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    told(&socket, "READY=1").await;
    server.signal(Signal::TERM);
    told(&socket, "STOPPING=1").await;
    assert_eq!(server.wait().code(), Some(0));
    server.start_again();
    let env = server.output_text(id).await;
    assert!(env.contains("SEMPRE_SESSION="), "{env}");
    for name in ["NOTIFY_SOCKET", "WATCHDOG_"] {
        assert!(!env.contains(name), "{env}");
    }
}

/// A `systemctl` that notes how it was called, and says that all is well.
fn fake_systemctl(dir: &Path) -> String {
    let program = dir.join("systemctl");
    let script = "#!/bin/sh\necho \"$*\" >> \"${0%/*}/calls\"\ncase \"$*\" in *show*) \
                  printf 'ActiveState=active\\nSubState=running\\nMainPID=42\\nNRestarts=3\\n';; esac\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", dir.display(), std::env::var("PATH").unwrap())
}

#[tokio::test]
async fn k7_a_service_of_a_user_is_installed_shown_and_removed() {
    let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let path = fake_systemctl(dir.path());
    let config = dir.path().join("config");
    let verb = |what: &str| {
        Verb::new(["service", what, "--user", "--json"])
            .env("PATH", &path)
            .env("XDG_CONFIG_HOME", &config)
    };
    let unit = config.join("systemd/user/sempre.service");
    let ran = verb("install")
        .args(["--now", "--", "--listen", "127.0.0.1:9001"])
        .run()
        .await;
    assert_eq!(
        (ran.code, &ran.json()["status"]),
        (Some(0), &json!("installed")),
        "{ran:?}"
    );
    let text = fs::read_to_string(&unit).unwrap();
    assert!(
        text.contains("serve --listen 127.0.0.1:9001\n") && !text.contains("User="),
        "{text}"
    );
    let ran = verb("status").run().await;
    let status = ran.json();
    assert_eq!(
        (ran.code, &status["active_state"], &status["pid"]),
        (Some(0), &json!("active"), &json!(42))
    );
    assert_eq!(
        (&status["installed"], &status["restarts"]),
        (&json!(true), &json!(3))
    );
    assert_eq!(verb("uninstall").run().await.json()["status"], "removed");
    assert!(!unit.exists());
    assert_eq!(verb("uninstall").run().await.json()["status"], "not there");
    let calls = fs::read_to_string(dir.path().join("calls")).unwrap();
    let acts: Vec<_> = calls.lines().filter(|line| !line.contains("show")).collect();
    assert_eq!(
        acts,
        [
            "--user daemon-reload",
            "--user enable --now sempre.service",
            "--user disable --now sempre.service",
            "--user daemon-reload",
        ]
    );
    // A flag that is none is told before anything is written.
    let ran = verb("install").args(["--", "--lissten", "x"]).run().await;
    assert!(ran.code != Some(0) && !unit.exists(), "{ran:?}");
}

#[tokio::test]
async fn k7_systemd_accepts_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return not_run(
            "service::k7_systemd_accepts_the_units",
            "systemd: systemd-analyze is not installed",
        );
    }
    let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let unit = dir.path().join("sempre.service");
    for scope in [&["--user"][..], &["--system", "--run-as-user", "root"]] {
        let ran = Verb::new(["service", "print"])
            .args(scope.iter().copied())
            .run()
            .await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        fs::write(&unit, &ran.stdout).unwrap();
        let mut verify = Command::new("systemd-analyze");
        verify
            .args((scope == ["--user"]).then_some("--user"))
            .arg("verify")
            .arg(&unit);
        let output = verify.env("XDG_RUNTIME_DIR", dir.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && !said.contains("sempre.service"),
            "{said}\n{}",
            ran.stdout
        );
    }
}
