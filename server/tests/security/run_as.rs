//! Sessions as another Unix user (T10): who may say so, that they are that user in full, and what it opens to others.

use std::fs;
use std::os::unix::fs::MetadataExt;

use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;
use sempre_protocol::texts::Role;
use serde_json::{Value, json};

use super::people::{cookie_of, key_for, share};
use crate::harness::{Answer, Call, Server, Setup, TestDir, eventually, not_run};

/// A user that is on every machine and is a person to the rule about people (its id is above 999).
const PERSON: &str = "nobody";
/// An account of the system.
const SYSTEM: &str = "daemon";

/// Whether this test can run: only root becomes someone else.
fn as_root(test: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        not_run(
            &format!("run_as::{test}"),
            "root: only root runs sessions as another Unix user",
        );
    }
    is_root
}

/// The ids of a user in `/etc/passwd`.
fn ids(name: &str) -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.starts_with(&format!("{name}:")));
    let mut fields = line.unwrap().split(':').skip(2).map(|id| id.parse().unwrap());
    (fields.next().unwrap(), fields.next().unwrap())
}

async fn as_user(server: &Server, user: &str, script: &str) -> SessionId {
    server
        .create(json!({ "cmd": ["sh", "-c", script], "run_as": user }))
        .await
}

/// What a script says that ends with `over`.
async fn said(server: &Server, id: SessionId) -> String {
    eventually("the whole answer", || async {
        let output = server.output_text(id).await;
        output.contains("over").then_some(output)
    })
    .await
}

#[tokio::test]
async fn t10_a_session_is_its_user_in_full_and_its_files_stay_the_servers() {
    if !as_root("t10_a_session_is_its_user_in_full_and_its_files_stay_the_servers") {
        return;
    }
    let server = Setup::new()
        .env("SSH_AUTH_SOCK", "/run/agent-of-the-server")
        .start();
    let (uid, gid) = ids(PERSON);
    let script = "id -u; id -g; echo \"[$USER $LOGNAME $HOME $PWD]\"; stat -c 'tty %u' \"$(tty)\"; \
                  echo \"agent [$SSH_AUTH_SOCK]\"; grep ^CapEff /proc/self/status; : > \"$(tty)\"; echo over; cat";
    let id = as_user(&server, PERSON, script).await;
    let said = said(&server, id).await;
    for line in [
        format!("{uid}\r\n{gid}\r\n"),
        format!("[{PERSON} {PERSON} "),
        format!("tty {uid}"),
        "agent []".to_owned(),
        "CapEff:\t0000000000000000".to_owned(),
    ] {
        assert!(said.contains(&line), "{line}: {said}");
    }
    assert!(!said.contains("denied"), "{said}");
    let info = server.info(id).await;
    assert_eq!(info.run_as.as_deref(), Some(PERSON));
    let groups = fs::read_to_string(format!("/proc/{}/status", info.pid.unwrap())).unwrap();
    let groups = groups.lines().find(|line| line.starts_with("Groups:")).unwrap();
    assert!(!groups.split_whitespace().any(|group| group == "0"), "{groups}");
    let holder = fs::metadata(format!("/proc/{}", server.holder(id))).unwrap();
    let manifest = fs::metadata(server.session_dir(id).join("session.json")).unwrap();
    assert_eq!((holder.uid(), manifest.uid()), (0, 0));
    // It ends, and is started again, as any other does.
    server.delete(id).await;
    let restart = Call::post(&format!("/api/v1/sessions/{id}/restart"));
    let again: SessionInfo = server.ask(restart).await.json();
    assert_eq!(again.run_as.as_deref(), Some(PERSON));
    let owner = fs::metadata(format!("/proc/{}", again.pid.unwrap()))
        .unwrap()
        .uid();
    assert_eq!(owner, uid);
    for action in ["session_create", "session_restart"] {
        let audit = server.get("/api/v1/audit").await.value();
        let noted =
            |entry: &Value| entry["action"] == action && entry["detail"] == format!("run_as={PERSON}");
        assert!(audit.as_array().unwrap().iter().any(noted), "{action}: {audit}");
    }
}

#[tokio::test]
async fn t10_another_user_cannot_read_the_servers_files_or_go_where_it_may_not() {
    if !as_root("t10_another_user_cannot_read_the_servers_files_or_go_where_it_may_not") {
        return;
    }
    let server = Setup::new().start();
    let token = server.dir().data().join("token");
    let script = format!("cat '{}'; echo over; cat", token.display());
    let id = as_user(&server, PERSON, &script).await;
    let said = said(&server, id).await;
    assert!(
        said.contains("denied") && !said.contains(&server.token()),
        "{said}"
    );
    // Not into a directory that only root may enter, by the right that root has to do so.
    let home = server.dir().data();
    let request = json!({ "cmd": ["sh"], "run_as": PERSON, "cwd": home });
    let problem = server.try_create(&request).await.problem(422);
    assert_eq!(problem.code, "cwd_not_usable");
    assert!(problem.detail.contains(PERSON), "{}", problem.detail);
    for (user, what) in [
        ("root", "user id 0"),
        ("no-such-user", "no Unix user"),
        ("", "no Unix user"),
    ] {
        let request = json!({ "cmd": ["sh"], "run_as": user });
        let problem = server.try_create(&request).await.problem(422);
        assert!(
            problem.detail.contains("run_as: ") && problem.detail.contains(what),
            "{}",
            problem.detail
        );
    }
    let request = json!({ "shell": "bash", "run_as": PERSON, "shell_integration": true });
    let problem = server.try_create(&request).await.problem(422);
    assert!(problem.detail.contains("shell_integration"), "{}", problem.detail);
}

async fn make(server: &Server, key: &str, request: Value) -> Answer {
    let create = Call::post("/api/v1/sessions").json(&request);
    create.bearer(key).send(server.address()).await
}

#[tokio::test]
async fn t10_an_operator_names_only_whom_the_server_allows() {
    if !as_root("t10_an_operator_names_only_whom_the_server_allows") {
        return;
    }
    let server = Setup::new().arg("--run-as-allow").arg(SYSTEM).start();
    let ada = key_for(&server, "ada", "operator").await;
    let refused = make(&server, &ada, json!({ "cmd": ["cat"], "run_as": PERSON })).await;
    assert_eq!(refused.problem(403).code, "forbidden");
    let made = make(&server, &ada, json!({ "cmd": ["cat"], "run_as": SYSTEM })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.value()["run_as"], SYSTEM);
}

#[tokio::test]
async fn t10_where_another_user_is_the_wall_operators_and_links_may_type() {
    if !as_root("t10_where_another_user_is_the_wall_operators_and_links_may_type") {
        return;
    }
    let server = Setup::new().start();
    let eve = key_for(&server, "eve", "operator").await;
    let walled = as_user(&server, PERSON, "stty -echo; cat").await;
    let own = server.script("stty -echo; cat").await;
    let mut viewer = server.attach_by(&eve, walled, "from=0").await.unwrap();
    assert_eq!(viewer.hello.role, Role::Writer);
    viewer.type_in("by eve\r").await;
    viewer.until_output("by eve").await;
    let watcher = server.attach_by(&eve, own, "from=0").await.unwrap();
    assert_eq!(watcher.hello.role, Role::Viewer);
    let link = share(&server, walled, json!({ "role": "operator" })).await;
    let opened = Call::get(&link.url).page().send(server.address()).await;
    let cookie = cookie_of(&opened);
    let mut viewer = server
        .attach_with_cookie(&cookie, walled, "from=0")
        .await
        .unwrap();
    viewer.type_in("by link\r").await;
    viewer.until_output("by link").await;
    let call = Call::post(&format!("/api/v1/sessions/{own}/shares")).json(&json!({ "role": "operator" }));
    server.ask(call).await.problem(403);
}

#[tokio::test]
async fn t10_by_principal_everyone_runs_as_who_they_are() {
    if !as_root("t10_by_principal_everyone_runs_as_who_they_are") {
        return;
    }
    let flags = [
        "--run-as-principal",
        "--trusted-proxy=127.0.0.0/8",
        "--proxy-user-header=Remote-User",
    ];
    let server = flags
        .iter()
        .fold(Setup::new(), |setup, flag| setup.arg(*flag))
        .start();
    let own = format!("http://{}", server.address());
    let by = async |user: &str, call: Call| {
        let call = call.header("remote-user", user).header("origin", &own);
        call.send(server.address()).await
    };
    let create = |request: Value| Call::post("/api/v1/sessions").json(&request);
    let made = by(PERSON, create(json!({ "cmd": ["cat"] }))).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.value()["run_as"], PERSON);
    let id: SessionId = made.value()["session_id"].as_str().unwrap().parse().unwrap();
    let pid = server.info(id).await.pid.unwrap();
    let uid = fs::metadata(format!("/proc/{pid}")).unwrap().uid();
    assert_eq!(uid, ids(PERSON).0);
    // As nobody else, and not as an account of the system by being called so.
    let named = by(PERSON, create(json!({ "cmd": ["cat"], "run_as": SYSTEM }))).await;
    named.problem(403);
    for user in [SYSTEM, "root", "no-such-user"] {
        let problem = by(user, create(json!({ "cmd": ["cat"] }))).await.problem(422);
        assert!(problem.detail.contains("run_as"), "{}", problem.detail);
    }
    // Nor by another way in, or by leaving the person away.
    let pty = by(
        PERSON,
        Call::post("/session/crew/pty").json(&json!({ "cmd": ["cat"] })),
    )
    .await;
    let pty: SessionId = pty.value()["ptyID"].as_str().unwrap().parse().unwrap();
    assert_eq!(server.info(pty).await.run_as.as_deref(), Some(PERSON));
    let key = key_for(&server, "ci", "operator").await;
    make(&server, &key, json!({ "cmd": ["cat"] })).await.problem(403);
    // These are people's own rights: others watch.
    let watcher = server.attach_by(&key, id, "from=0").await.unwrap();
    assert_eq!(watcher.hello.role, Role::Viewer);
}

#[tokio::test]
async fn t10_a_session_of_before_does_not_come_back_as_root() {
    if !as_root("t10_a_session_of_before_does_not_come_back_as_root") {
        return;
    }
    let proxy = |setup: Setup| {
        setup
            .arg("--trusted-proxy=127.0.0.0/8")
            .arg("--proxy-user-header=Remote-User")
    };
    let mut server = proxy(Setup::new()).start();
    let by = async |server: &Server, call: Call| {
        let own = format!("http://{}", server.address());
        let call = call.header("remote-user", PERSON).header("origin", own);
        call.send(server.address()).await
    };
    let create = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["sh", "-c", "exit"] }));
    let made = by(&server, create).await.value();
    assert_eq!(made["run_as"], Value::Null);
    let id: SessionId = made["session_id"].as_str().unwrap().parse().unwrap();
    server.ended(id).await;
    server.stop();
    let server = server.again_with(proxy(Setup::new()).arg("--run-as-principal"));
    let restart = Call::post(&format!("/api/v1/sessions/{id}/restart"));
    let again = by(&server, restart).await;
    assert_eq!(again.value()["run_as"], PERSON, "{}", again.text());
}

/// A server without the rights of root, whoever runs the tests.
fn ordinary() -> Setup {
    match rustix::process::geteuid().is_root() {
        true => Setup::new().through(&["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]),
        false => Setup::new(),
    }
}

#[tokio::test]
async fn t10_only_root_becomes_someone_else_and_others_are_told_what_to_do() {
    let server = ordinary().start();
    let request = json!({ "cmd": ["cat"], "run_as": PERSON });
    let problem = server.try_create(&request).await.problem(422);
    assert_eq!(problem.code, "invalid_field");
    for word in ["run_as", "root", "leave run_as away"] {
        assert!(problem.detail.contains(word), "{}", problem.detail);
    }
    assert!(server.list().await.is_empty());
    drop(server);
    let dir = TestDir::new();
    let (_, said) = ordinary()
        .arg("--run-as-principal")
        .fails(&dir.root().join("data"));
    assert!(said.contains("--run-as-principal"), "{said}");
}
