//! `sempre.toml`, the environment, `.env` and flags, and what a running server takes over at SIGHUP.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Server, Setup, Verb, eventually};

fn file(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let path = dir.path().join("sempre.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

/// The value of a key in `config show --json`, and where it comes from.
fn shown(shown: &Value, key: &str) -> Option<(String, String)> {
    let settings = shown["settings"].as_array().unwrap();
    let setting = settings.iter().find(|setting| setting["key"] == key)?;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Some((text(&setting["values"][0]), text(&setting["source"]["from"])))
}

#[tokio::test]
async fn later_places_are_stronger_and_each_value_says_where_it_comes_from() {
    let (_dir, path) = file(
        "[sessions]\nmax_sessions = 1\nmax_sessions_per_user = 1\nmax_sessions_per_group = 1\nretention = \"1h\"\n\
         [access]\nno_auth = true\n",
    );
    let verb = Verb::new(["config", "show", "--json", "--config", &path])
        .env("SEMPRE_MAX_SESSIONS", "2")
        .env("SEMPRE_MAX_SESSIONS_PER_USER", "2")
        .env("SEMPRE_MAX_SESSIONS_PER_GROUP", "2")
        .env("SEMPRE_SHELL", "")
        .args(["--", "--max-sessions-per-group=4"]);
    let dot_env = "SEMPRE_MAX_SESSIONS_PER_USER=3\nSEMPRE_MAX_SESSIONS_PER_GROUP=3\nSEMPRE_NO_AUTH=false\n";
    fs::write(verb.home().join(".env"), dot_env).unwrap();
    let ran = verb.run().await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let all = ran.json();
    for (key, value, from) in [
        ("sessions.retention", "1h", "file"),
        ("sessions.max_sessions", "2", "environment"),
        ("sessions.max_sessions_per_user", "3", "dot_env"),
        ("sessions.max_sessions_per_group", "4", "flag"),
        ("access.no_auth", "false", "dot_env"),
    ] {
        assert_eq!(shown(&all, key), Some((value.into(), from.into())), "{key}");
    }
    assert_eq!(
        shown(&all, "sessions.shell"),
        None,
        "an empty variable says nothing"
    );
    let line = all["settings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|setting| setting["key"] == "sessions.retention");
    assert_eq!(line.unwrap()["source"]["line"], 5);
    // What is shown is a configuration again.
    let text = Verb::new(["config", "show", "--config", &path])
        .run()
        .await
        .stdout;
    let (_again, path) = file(&text);
    assert_eq!(
        Verb::new(["config", "check", "--config", &path]).run().await.code,
        Some(0),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_wrong_is_named_with_its_line_and_no_server_starts() {
    let (_dir, path) = file("[http]\n\nbase_pth = \"/x\"\n[workers]\ncount = 2\n");
    let ran = Verb::new(["config", "check", "--config", &path]).run().await;
    let said = format!("{path}:3: unknown key \"base_pth\" in [http]; did you mean \"base_path\"?");
    assert!(ran.code == Some(1) && ran.stderr.contains(&said), "{ran:?}");
    let ran = Verb::new(["config", "check", "--json", "--config", &path])
        .run()
        .await;
    assert_eq!(
        (ran.code, ran.json()),
        (Some(1), json!({ "status": "error", "errors": [said] }))
    );
    let data = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let (status, told) = Setup::new()
        .args(["--config", &path])
        .fails(&data.path().join("data"));
    assert!(!status.success() && told.contains(&said), "{told}");
    // A value that is none.
    let (_dir, path) = file("[workers]\ncommand = \"cat\"\ncount = 1000\n");
    let ran = Verb::new(["config", "check", "--config", &path]).run().await;
    assert!(
        ran.code == Some(1) && ran.stderr.contains(&format!("{path}:3: ")),
        "{ran:?}"
    );
    let ran = Verb::new(["config", "check"])
        .env("SEMPRE_MAX_SESSIONS", "many")
        .run()
        .await;
    assert!(
        ran.code == Some(1) && ran.stderr.contains("SEMPRE_MAX_SESSIONS of the environment"),
        "{ran:?}"
    );
    // What must not go together, from two places.
    let (_dir, path) = file("[access]\nno_auth = true\n[server]\nlisten = \"0.0.0.0:0\"\n");
    let ran = Verb::new(["config", "check", "--config", &path]).run().await;
    assert!(ran.code == Some(1) && ran.stderr.contains("0.0.0.0:0"), "{ran:?}");
    let ran = Verb::new(["config", "check", "--config", "/nonexistent/s.toml"])
        .run()
        .await;
    assert!(
        ran.code == Some(1) && ran.stderr.contains("/nonexistent/s.toml"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn the_default_file_is_a_configuration_that_says_nothing() {
    let ran = Verb::new(["config", "default"]).run().await;
    let (_dir, path) = file(&ran.stdout);
    let all = Verb::new(["config", "show", "--json", "--config", &path])
        .run()
        .await
        .json();
    assert_eq!(all["settings"], json!([]));
    let keys = Verb::new(["config", "default", "--json"]).run().await.json();
    let listen = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["key"] == "server.listen")
        .unwrap()
        .clone();
    assert_eq!(
        (&listen["variable"], &listen["default"]),
        (&json!("SEMPRE_LISTEN"), &json!("127.0.0.1:8084"))
    );
}

#[tokio::test]
async fn the_usual_place_is_read_without_being_named() {
    let verb = Verb::new(["config", "check"]);
    let directory = verb.home().join(".config/sempre");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("sempre.toml"), "[server]\nopen = true\n").unwrap();
    let ran = verb.run().await;
    assert!(
        ran.code == Some(0) && ran.stdout.contains(".config/sempre/sempre.toml: ok"),
        "{ran:?}"
    );
}

/// Waits for a line of the log.
async fn logged(server: &Server, parts: &[&str]) {
    eventually(&format!("{parts:?} in the log"), || async {
        let log = server.log();
        log.lines()
            .any(|line| parts.iter().all(|part| line.contains(part)))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_running_server_takes_over_what_it_can_and_tells_what_waits() {
    let (_dir, path) = file("[sessions]\nmax_sessions = 1\nshell = \"sh\"\n[log]\nlevel = \"info\"\n");
    let server = Setup::new().args(["--config", &path]).start();
    let create = || async { server.try_create(&json!({ "cmd": ["cat"] })).await.status };
    assert_eq!(create().await, 201);
    assert_eq!(create().await, 429);
    fs::write(
        &path,
        "[sessions]\nmax_sessions = 2\nshell = \"bash\"\n[log]\nlevel = \"info,cli=debug\"\n",
    )
    .unwrap();
    server.signal(Signal::HUP);
    logged(
        &server,
        &[
            "the configuration was read again",
            "log.level,sessions.max_sessions",
        ],
    )
    .await;
    logged(&server, &["started again", "sessions.shell"]).await;
    assert_eq!((create().await, create().await), (201, 429));
    // What is wrong changes nothing.
    fs::write(&path, "[sessions]\nmax_sessions = 9\nshel = 1\n").unwrap();
    server.signal(Signal::HUP);
    logged(&server, &["unknown key \"shel\"", "stays in use"]).await;
    assert_eq!(create().await, 429);
}

#[tokio::test]
async fn k1_k5_the_pool_and_the_directory_come_from_files_too_and_no_shell_sees_them() {
    let (dir, path) = file("[workers]\ncommand = \"cat\"\ncount = 1\nquiet_ms = 100\n");
    let app = dir.path().join("app");
    fs::create_dir(&app).unwrap();
    fs::write(
        app.join(".env"),
        "SEMPRE_MAX_SESSIONS_PER_GROUP=7\nSEMPRE_SECRET_OF_TEST=hush\n",
    )
    .unwrap();
    let server = Setup::new()
        .env("SEMPRE_CONFIG", &path)
        .env("KIRO_APP_DIR", app.to_str().unwrap())
        .start();
    assert_eq!(
        fs::read_link(format!("/proc/{}/cwd", server.pid())).unwrap(),
        app.canonicalize().unwrap()
    );
    let sessions = || async {
        let sessions = server.list().await;
        sessions
            .into_iter()
            .find(|session| session.labels.get("role").is_some_and(|role| role == "worker"))
    };
    eventually("the worker of the file", sessions).await;
    let id = server.script("env").await;
    server.ended(id).await;
    let env = server.output_text(id).await;
    let told: Vec<_> = env
        .lines()
        .filter(|line| line.contains("MAX_SESSIONS") || line.contains("hush"))
        .collect();
    assert!(env.contains("SEMPRE_SESSION=") && told.is_empty(), "{told:?}");
    let mut server = server;
    server.stop_if_running();
    assert!(Path::new(&path).exists());
}
