//! Behind a real nginx, configured by the example that users copy.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures_util::StreamExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Answer, Authority, Call, LONG, Secured, Server, Setup, attach_request, eventually};

const EXAMPLE: &str = include_str!("../../../packaging/nginx.conf");
const DOCS: &str = include_str!("../../../docs/deploy.md");
/// What stands around the example on a machine, in `/etc/nginx/nginx.conf`.
const AROUND: &str = "daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
    include sempre.conf;
}
";
/// Where the clients of these tests come from: the proxy itself comes from 127.0.0.1.
const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 5);

/// nginx in a directory of its own, in front of a server.
struct Front {
    nginx: Child,
    address: SocketAddr,
    server: Server,
    authority: Authority,
    // Last: nginx works in it.
    _temp: tempfile::TempDir,
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.nginx.kill();
        let _ = self.nginx.wait();
    }
}

/// The example with this test's ports and files; all else is as users have it.
fn example(front: SocketAddr, back: SocketAddr) -> String {
    let changes = [
        ("listen 443 ssl;", format!("listen {front} ssl;")),
        (
            "proxy_pass http://127.0.0.1:8084;",
            format!("proxy_pass http://{back};"),
        ),
        ("/etc/ssl/term.example.pem", "cert.pem".to_owned()),
        ("/etc/ssl/term.example.key", "key.pem".to_owned()),
    ];
    changes.iter().fold(EXAMPLE.to_owned(), |text, (theirs, ours)| {
        assert!(text.contains(theirs), "the example has no {theirs}");
        text.replace(theirs, ours)
    })
}

/// Starts nginx; none: its port is someone else's by now.
async fn start_nginx(dir: &Path, back: SocketAddr) -> Option<(Child, SocketAddr)> {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let front = free.local_addr().unwrap();
    drop(free);
    std::fs::write(dir.join("sempre.conf"), example(front, back)).unwrap();
    // Debian has it where ordinary users' PATH does not look.
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    let mut nginx = Command::new("nginx")
        .env("PATH", path)
        .args(["-e", "stderr", "-c", "nginx.conf", "-p"])
        .arg(dir)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nginx is installed");
    let up = eventually("nginx", || {
        let ended = nginx.try_wait().unwrap().is_some();
        async move {
            let up = tokio::net::TcpStream::connect(front).await.is_ok();
            (ended || up).then_some(up && !ended)
        }
    })
    .await;
    if up {
        return Some((nginx, front));
    }
    let mut said = String::new();
    nginx.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let _ = nginx.wait();
    assert!(said.contains("Address already in use"), "{said}");
    None
}

impl Front {
    async fn start() -> Self {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let authority = Authority::new();
        authority.certify(&temp.path().join("cert.pem"), &temp.path().join("key.pem"));
        std::fs::write(temp.path().join("nginx.conf"), AROUND).unwrap();
        // The server is started as the example says.
        let mut lines = EXAMPLE.lines();
        let flags = lines.find_map(|line| line.strip_prefix("#   sempre serve "));
        let flags = flags.unwrap().split(' ');
        let server = flags.fold(Setup::new(), |setup, flag| setup.arg(flag)).start();
        loop {
            if let Some((nginx, address)) = start_nginx(temp.path(), server.address()).await {
                return Self {
                    nginx,
                    address,
                    server,
                    authority,
                    _temp: temp,
                };
            }
        }
    }

    async fn connect(&self) -> Secured {
        let from = SocketAddr::from((CLIENT, 0));
        self.authority.connect_from(from, self.address).await.unwrap()
    }

    async fn send(&self, call: Call) -> Answer {
        call.exchange(self.connect().await, "term.example").await
    }
}

#[test]
fn the_example_in_the_docs_is_the_one_that_is_tested() {
    assert!(
        DOCS.contains(EXAMPLE.trim_end()),
        "docs/deploy.md and packaging/nginx.conf differ"
    );
}

#[tokio::test]
async fn behind_nginx_a_browser_logs_in_and_the_audit_log_knows_where_it_is() {
    let front = Front::start().await;
    let bare = front.send(Call::get("/sempre?a=b").page()).await;
    assert_eq!(bare.status, 308);
    assert!(bare.header("location").unwrap().ends_with("/sempre/?a=b"));
    let form = front.send(Call::get("/sempre/").page()).await;
    assert_eq!(form.status, 401, "{}", form.text());
    assert!(
        form.text().contains("action=\"/sempre/login\""),
        "{}",
        form.text()
    );
    let body = format!("token={}", front.server.token());
    let login = Call::post("/sempre/login")
        .header("origin", "https://term.example")
        .header("x-forwarded-for", "198.51.100.1")
        .body("application/x-www-form-urlencoded", body);
    let answer = front.send(login).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.contains("; Path=/sempre/;") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = front
        .send(Call::get("/sempre/health").page().header("cookie", &cookie))
        .await;
    assert!(matches!(page.status, 200 | 501), "{}", page.text());
    for (origin, status) in [("https://term.example", 201), ("http://term.example", 403)] {
        let create = Call::post("/sempre/api/v1/sessions")
            .header("cookie", &cookie)
            .header("origin", origin)
            .json(&json!({ "cmd": ["cat"] }));
        let answer = front.send(create).await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.text());
    }
    // It is written behind the answers.
    let audit = eventually("the audit log", || async {
        let audit = front.server.get("/api/v1/audit").await.value();
        audit.to_string().contains("session_create").then_some(audit)
    })
    .await;
    let mut entries = audit.as_array().unwrap().iter();
    let from = CLIENT.to_string();
    assert!(entries.all(|entry| entry["from"] == from), "{audit}");
}

#[tokio::test]
async fn behind_nginx_websockets_and_events_come_at_once() {
    let front = Front::start().await;
    let token = front.server.token();
    let mut events = front.connect().await;
    let head = format!(
        "GET /sempre/api/v1/events HTTP/1.1\r\nhost: term.example\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    events.write_all(head.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let mut hear = async |needle: &str| {
        let hearing = async {
            while !String::from_utf8_lossy(&heard).contains(needle) {
                assert!(events.read_buf(&mut heard).await.unwrap() > 0, "the events ended");
            }
        };
        let in_time = tokio::time::timeout(LONG, hearing).await;
        assert!(in_time.is_ok(), "nginx keeps {needle:?} back");
    };
    hear("200 OK").await;
    let create = Call::post("/sempre/api/v1/sessions")
        .bearer(&token)
        .json(&json!({ "cmd": ["cat"] }));
    let created = front.send(create).await.value();
    hear(created["session_id"].as_str().unwrap()).await;
    let path = created["attach_url"].as_str().unwrap();
    let request = attach_request(&format!("wss://term.example{path}?from=0"), &token);
    let (mut socket, _) = client_async(request, front.connect().await).await.unwrap();
    let hello = tokio::time::timeout(LONG, socket.next()).await.unwrap();
    let Some(Ok(Message::Text(hello))) = hello else {
        panic!("instead of a hello came {hello:?}");
    };
    assert!(hello.contains("\"hello\""), "{hello}");
}
