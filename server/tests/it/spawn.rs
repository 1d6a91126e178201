//! Starting programs: what cannot be started is told exactly, and what ends at once loses nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use futures_util::{StreamExt, stream};
use sempre_protocol::api::Problem;
use sempre_protocol::texts::ExitStatus;
use serde_json::{Value, json};

use crate::harness::{Server, Setup, children, eventually, is_alive};

/// Asks for a session that cannot be started; nothing of it may be left.
async fn refused(server: &Server, request: Value) -> Problem {
    let problem = server.try_create(&request).await.problem(422);
    assert!(server.list().await.is_empty());
    let sessions = server.dir().data().join("sessions");
    assert_eq!(fs::read_dir(sessions).unwrap().count(), 0, "no directory is left");
    eventually("no process is left", || async {
        children(server.pid()).is_empty().then_some(())
    })
    .await;
    problem
}

fn assert_says(problem: &Problem, code: &str, path: &Path, error: &str) {
    assert_eq!(problem.code, code);
    assert!(
        problem.detail.contains(path.to_str().unwrap()),
        "{}",
        problem.detail
    );
    assert!(problem.detail.contains(error), "{error:?} in {}", problem.detail);
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_told_with_its_path_and_the_systems_words() {
    let server = Setup::new().start();
    let home = server.home();
    let make = |name: &str, content: &str, mode: u32| {
        let path = home.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let directory = home.join("directory");
    fs::create_dir(&directory).unwrap();
    for (program, error) in [
        (home.join("missing"), "No such file or directory"),
        (make("plain", "#!/bin/sh\n", 0o644), "Permission denied"),
        (directory, "Is a directory"),
        (
            make("script", "#!/no/such/interpreter\n", 0o755),
            "No such file or directory",
        ),
        (home.join("plain/below"), "Not a directory"),
    ] {
        let problem = refused(&server, json!({ "cmd": [program.to_str().unwrap()] })).await;
        assert_says(&problem, "program_not_startable", &program, error);
    }
    // Directories that may not be searched would be told instead.
    let path = json!({ "PATH": "/usr/bin:/bin" });
    let problem = refused(&server, json!({ "cmd": ["no-such-program"], "env": path })).await;
    assert_says(
        &problem,
        "program_not_startable",
        Path::new("no-such-program"),
        "No such file",
    );
    let problem = refused(
        &server,
        json!({ "shell": home.join("missing").to_str().unwrap() }),
    )
    .await;
    assert_says(
        &problem,
        "program_not_startable",
        &home.join("missing"),
        "No such file",
    );
}

#[tokio::test]
async fn a_directory_that_cannot_be_worked_in_is_told() {
    let server = Setup::new().start();
    let missing = server.home().join("nowhere");
    let problem = refused(
        &server,
        json!({ "shell": "sh", "cwd": missing.to_str().unwrap() }),
    )
    .await;
    assert_says(&problem, "cwd_not_usable", &missing, "No such file or directory");
    let file = server.home().join("file");
    fs::write(&file, "").unwrap();
    let problem = refused(&server, json!({ "shell": "sh", "cwd": file.to_str().unwrap() })).await;
    assert_says(&problem, "cwd_not_usable", &file, "Not a directory");
}

#[tokio::test]
async fn a_program_is_found_relative_to_the_working_directory_and_on_the_sessions_path() {
    let server = Setup::new().start();
    let program = server.home().join("hello");
    fs::write(&program, "#!/bin/sh\necho \"hello $1\"\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let home = server.home();
    let home = home.to_str().unwrap();
    for request in [
        json!({ "cmd": ["./hello", "you"], "cwd": home }),
        json!({ "cmd": ["./hello", "you"], "cwd": "~" }),
        json!({ "cmd": ["hello", "you"], "env": { "PATH": format!("{home}:$PATH") } }),
    ] {
        let id = server.create(request).await;
        server.ended(id).await;
        assert_eq!(server.output_text(id).await, "hello you\r\n");
    }
}

#[tokio::test]
async fn a_fast_exit_keeps_its_output_every_time() {
    let server = Setup::new().start();
    let one = || async {
        let id = server.script("echo last; exit 3").await;
        let info = server.ended(id).await;
        assert_eq!(info.exit, Some(ExitStatus::Code(3)));
        assert_eq!(info.end_reason.as_deref(), Some("exited"));
        assert_eq!(server.output_text(id).await, "last\r\n");
        assert_eq!(info.offset.0, 6);
    };
    stream::iter(0..50).for_each_concurrent(8, |_| one()).await;
}

#[tokio::test]
async fn death_by_a_signal_is_told_as_that_signal() {
    let server = Setup::new().start();
    for (script, signal) in [("kill -KILL $$", 9), ("kill -TERM $$", 15), ("kill -HUP $$", 1)] {
        let id = server.script(script).await;
        assert_eq!(
            server.ended(id).await.exit,
            Some(ExitStatus::Signal(signal)),
            "{script}"
        );
    }
}

#[tokio::test]
async fn a_session_ends_with_its_shell_though_a_child_still_holds_the_terminal() {
    let server = Setup::new().start();
    let pid_file = server.home().join("pid");
    let script = format!(
        "trap '' HUP; sleep 300 & echo $! > {}; echo last; exit 4",
        pid_file.display()
    );
    let id = server.script(&script).await;
    let info = server.ended(id).await;
    assert_eq!(info.exit, Some(ExitStatus::Code(4)));
    assert_eq!(server.output_text(id).await, "last\r\n");
    let sleeper = fs::read_to_string(pid_file).unwrap().trim().parse().unwrap();
    assert!(is_alive(sleeper), "what was told to go on goes on");
    let sleeper = crate::harness::Pidfd::open(sleeper).unwrap();
    sleeper.signal(rustix::process::Signal::KILL);
}

#[tokio::test]
async fn an_interactive_shell_ends_at_once_with_a_job_in_the_background() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "bash" })).await;
    let mut viewer = server.attach(id, "").await;
    viewer
        .type_in("sleep 300 & echo pid=$!=; echo la''st; exit\r")
        .await;
    viewer.until_output("last\r\n").await;
    viewer.until_exit().await;
    let text = String::from_utf8_lossy(&viewer.output).into_owned();
    let pid = text
        .rsplit("pid=")
        .find_map(|rest| rest.split_once('=')?.0.parse().ok())
        .unwrap();
    if let Some(sleeper) = crate::harness::Pidfd::open(pid) {
        sleeper.signal(rustix::process::Signal::KILL);
    }
}

#[tokio::test]
async fn no_process_stays_behind_a_failed_holder() {
    let server = Setup::new().env("SEMPRE_HOLDER", "/bin/false").start();
    let problem = server.try_create(&json!({ "shell": "sh" })).await.problem(503);
    assert_eq!(problem.code, "system_refused");
    assert!(server.list().await.is_empty());
    assert!(children(server.pid()).is_empty());
    let sessions = server.dir().data().join("sessions");
    assert_eq!(fs::read_dir(sessions).unwrap().count(), 0);
}
