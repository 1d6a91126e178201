//! The socket of JSON lines: who may ask there, and what one who asks for nothing good can do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use sempre_protocol::door::AuditEntry;
use serde_json::{Value, json};

use crate::harness::{Call, Ipc, Server, Setup, eventually, not_run};

/// Sends each argument but the first two, a user to become and the data directory, and prints what is answered.
const ASKS: &str = "
import os, socket, sys
uid = int(sys.argv[1])
if uid >= 0:
    os.setgroups([]), os.setgid(uid), os.setuid(uid)
os.chdir(sys.argv[2])
for line in sys.argv[3:]:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect('server.sock')
    connection.sendall(line.encode() + b'\\n')
    print(connection.makefile().readline().strip(), flush=True)
print('over', flush=True)
";

fn types_and_codes(said: &str) -> Vec<String> {
    let lines = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.trim()).ok());
    let word = |value: Value| {
        let word = value["code"].as_str().or(value["type"].as_str());
        word.unwrap_or_default().to_owned()
    };
    lines.map(word).collect()
}

fn ask(kind: &str, session: &str) -> String {
    json!({ "id": "1", "type": kind, "session_id": session }).to_string()
}

#[tokio::test]
async fn t10_a_process_of_a_session_has_that_session_only() {
    let server = Setup::new().start();
    let other = server.script("cat").await.to_string();
    // It learns its own id from its environment.
    let script = "data=$1; shift; python3 -c \"$ASKS\" -1 \"$data\" \"$@\" \
        \"{\\\"type\\\":\\\"read_scrollback\\\",\\\"session_id\\\":\\\"$SEMPRE_SESSION\\\"}\" \
        \"{\\\"type\\\":\\\"destroy\\\",\\\"session_id\\\":\\\"$OTHER\\\"}\" '{\"type\":\"list_sessions\"}'; cat";
    let data = server.dir().data();
    let id = server
        .create(json!({
            "cmd": [
                "sh", "-c", script, "sh", data,
                ask("get_session", &other), ask("read_scrollback", &other), ask("attach", &other),
                json!({ "type": "create", "command": "cat" }).to_string(),
            ],
            "env": { "ASKS": ASKS, "OTHER": other },
            // No line of an answer is broken.
            "cols": 1000,
        }))
        .await;
    let said = eventually("the answers", || async {
        let output = server.output_text(id).await;
        output.contains("over").then_some(output)
    })
    .await;
    let missing = "session_not_found";
    assert_eq!(
        types_and_codes(&said),
        [
            missing,
            missing,
            missing,
            "forbidden",
            "scrollback_contents",
            missing,
            "session_list"
        ],
        "{said}"
    );
    assert!(
        !said.contains(&format!("\"id\":\"{other}\"")),
        "nothing is told of another session: {said}"
    );
    assert!(server.info(other.parse().unwrap()).await.pid.is_some());
}

#[tokio::test]
async fn t10_another_unix_user_is_nobody_even_where_files_let_them_in() {
    let name = "t10_another_unix_user_is_nobody_even_where_files_let_them_in";
    if !rustix::process::geteuid().is_root() {
        return not_run(&format!("ipc::{name}"), "root: only root becomes another user");
    }
    let server = Setup::new().start();
    let id = server.script("cat").await.to_string();
    let data = server.dir().data();
    let modes = |directory: u32, socket: u32| {
        let set = |path: &std::path::Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        set(server.dir().root(), directory);
        set(&data, directory);
        set(&data.join("server.sock"), socket);
    };
    modes(0o755, 0o666);
    // It becomes somebody else after it was started: they may not be let in to where it is installed.
    let mut command = Command::new("python3");
    command.args(["-c", ASKS, "65534"]).arg(&data);
    command.args([ask("get_session", &id), ask("destroy", &id)]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    modes(0o700, 0o600);
    let said = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        types_and_codes(&said),
        ["unauthorized", "unauthorized"],
        "{stderr}"
    );
    assert!(server.info(id.parse().unwrap()).await.pid.is_some());
}

#[tokio::test]
async fn a_line_is_the_peers_own_whatever_is_believed_of_proxies() {
    let server = Setup::new()
        .args(["--trusted-proxy", "unix", "--proxy-user-header", "Remote-User"])
        .args(["--proxy-user-role", "viewer"])
        .start();
    let mut ipc = Ipc::connect(&server).await;
    let create = json!({ "id": "1", "type": "create", "command": "cat", "Remote-User": "eve", "headers": { "Remote-User": "eve" } });
    let id = ipc.ask(&create).await["session"]["id"].clone();
    let found = ipc
        .ask(&json!({ "id": "2", "type": "get_session", "session_id": id }))
        .await;
    assert_eq!(found["type"], "session_info", "{found}");
    let created = &audit(&server).await[0];
    assert_eq!((created.action.as_str(), &created.who), ("session_create", &None));
    assert!(created.from.starts_with("unix uid="), "{created:?}");
    // What a proxy speaks is no line.
    let mut proxy = Ipc::connect(&server).await;
    proxy
        .try_send(b"GET /api/v1/keys HTTP/1.1\r\nRemote-User: eve\r\n\r\n")
        .await;
    assert_eq!(proxy.line().await.unwrap()["code"], "bad_request");
    assert!(proxy.is_closed().await);
    // Beside it is HTTP: there the proxy's word counts, and without it the peer is nobody.
    let (_directory, path) = Ipc::socket(server.dir());
    let http = path.with_file_name("http.sock");
    assert_eq!(Call::get("/api/v1/sessions").send_unix(&http).await.status, 401);
    let eve = Call::get("/api/v1/keys").header("remote-user", "eve");
    assert_eq!(eve.send_unix(&http).await.status, 403);
}

#[tokio::test]
async fn the_socket_is_private_and_goes_with_the_server() {
    let mut server = Setup::new().start();
    let path = server.dir().data().join("server.sock");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    server.stop();
    assert!(!path.exists());
}

#[tokio::test]
async fn what_is_no_line_is_refused_and_costs_little() {
    let server = Setup::new().start();
    let deep = "[".repeat(100_000);
    let binary: Vec<u8> = (0..=255).chain([b'\n']).collect();
    for garbage in [
        b"GET / HTTP/1.1\r\n".as_slice(),
        &binary,
        b"{\"type\":\"ping\"\n",
        b"[1]\n",
        b"null\n",
        format!("{deep}\n").as_bytes(),
        b"{\"id\":\"\xff\"}\n",
    ] {
        let mut ipc = Ipc::connect(&server).await;
        ipc.try_send(garbage).await;
        let told = ipc.line().await.expect("it is told why");
        assert_eq!(
            (&told["type"], &told["code"]),
            (&json!("error"), &json!("bad_request")),
            "{told}"
        );
        assert!(ipc.is_closed().await);
    }
    let mut ipc = Ipc::connect(&server).await;
    // Objects that ask for nothing known leave the connection as it is.
    for strange in [
        json!({ "id": "1" }),
        json!({ "id": "1", "type": "daemon_stop" }),
        json!({ "id": "1", "type": "get_session" }),
        json!({ "id": "1", "type": "get_session", "session_id": 5 }),
        json!({ "id": "1", "type": "create", "rows": -1 }),
    ] {
        let told = ipc.ask(&strange).await;
        assert_eq!(
            (&told["id"], &told["code"]),
            (&json!("1"), &json!("bad_request")),
            "{told}"
        );
    }
    let evil = json!({ "id": "1", "type": "create", "command": "cat", "session_id": "a\u{1b}[31m\nb" });
    assert_eq!(ipc.ask(&evil).await["code"], "invalid_field");
    assert_eq!(
        ipc.ask(&json!({ "id": "2", "type": "ping" })).await["type"],
        "ack"
    );
    assert!(server.list().await.is_empty());
}

#[tokio::test]
async fn a_line_has_a_limited_length_and_once_begun_a_limited_time() {
    let server = Setup::new().start();
    let mut long = Ipc::connect(&server).await;
    long.try_send(&vec![b'x'; 600 * 1024]).await;
    assert_eq!(long.line().await.unwrap()["code"], "line_too_long");
    assert!(long.is_closed().await);
    let id = server.script("cat").await;
    let mut half = Ipc::connect(&server).await;
    half.ask(&json!({ "id": "1", "type": "attach", "session_id": id }))
        .await;
    let mut idle = Ipc::connect(&server).await;
    for ipc in [&mut half, &mut idle] {
        ipc.send(b"{\"id\":\"1\",").await;
        assert_eq!(ipc.line().await.unwrap()["code"], "timed_out");
        assert!(ipc.is_closed().await);
    }
    server.until(id, "nobody watches", |info| info.viewers == 0).await;
}

/// Connections that have a place.
const PLACES: usize = 256;

#[tokio::test]
async fn who_takes_all_places_keeps_nobody_from_http_and_viewers_need_none() {
    let server = Setup::new().arg("--head-timeout-ms").arg("600000").start();
    let ping = json!({ "id": "1", "type": "ping" });
    let id = server.script("cat").await;
    let mut viewer = Ipc::connect(&server).await;
    viewer
        .ask(&json!({ "id": "1", "type": "attach", "session_id": id }))
        .await;
    let mut held = Vec::new();
    for _ in 0..PLACES {
        let mut ipc = Ipc::connect(&server).await;
        assert_eq!(ipc.ask(&ping).await["type"], "ack");
        held.push(ipc);
    }
    let mut late = Ipc::connect(&server).await;
    late.send(format!("{ping}\n").as_bytes()).await;
    assert_eq!(server.get("/api/v1/sessions").await.status, 200);
    assert_eq!(viewer.ask(&ping).await["type"], "ack");
    held.pop();
    assert_eq!(
        late.line().await.unwrap()["type"],
        "ack",
        "there is a place again"
    );
}

async fn audit(server: &Server) -> Vec<AuditEntry> {
    let mut log: Vec<AuditEntry> = server.ask(Call::get("/api/v1/audit")).await.json();
    log.reverse();
    log
}

#[tokio::test]
async fn t10_what_is_done_by_lines_is_in_the_audit_log() {
    let server = Setup::new().start();
    let mut ipc = Ipc::connect(&server).await;
    let created = ipc
        .ask(&json!({ "id": "1", "type": "create", "command": "cat" }))
        .await;
    let id = &created["session"]["id"];
    let mut viewer = Ipc::connect(&server).await;
    viewer
        .ask(&json!({ "id": "2", "type": "attach", "session_id": id }))
        .await;
    viewer.ask(&json!({ "id": "3", "type": "detach" })).await;
    assert!(viewer.is_closed().await);
    ipc.ask(&json!({ "id": "4", "type": "destroy", "session_id": id }))
        .await;
    let log = audit(&server).await;
    let words: Vec<_> = log.iter().map(|entry| entry.action.as_str()).collect();
    let expected = [
        "session_create",
        "viewer_attach",
        "viewer_detach",
        "session_end",
        "session_remove",
    ];
    assert_eq!(words, expected);
    for entry in &log {
        assert_eq!(entry.session_id.unwrap().to_string(), id.as_str().unwrap());
        assert!(entry.from.starts_with("unix uid="), "{entry:?}");
    }
}
