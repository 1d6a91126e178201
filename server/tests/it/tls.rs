//! https and wss by the server itself.

use std::path::PathBuf;
use std::process::Command;

use futures_util::StreamExt;
use rustix::process::Signal;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Authority, Call, LONG, Server, Setup, attach_request, eventually};

/// A server with a certificate, and where that is.
struct Https {
    server: Server,
    authority: Authority,
    temp: tempfile::TempDir,
}

impl Https {
    fn start() -> Self {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let authority = Authority::new();
        let (certificate, key) = (temp.path().join("cert.pem"), temp.path().join("key.pem"));
        authority.certify(&certificate, &key);
        let server = Setup::new()
            .arg("--tls-cert")
            .arg(certificate)
            .arg("--tls-key")
            .arg(key)
            .start();
        Self {
            server,
            authority,
            temp,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.server.address().port())
    }

    /// Sends it by a connection of its own.
    async fn send(&self, call: Call) -> crate::harness::Answer {
        let stream = self.authority.connect(self.server.address()).await.unwrap();
        call.exchange(stream, &self.host()).await
    }

    /// Whether who trusts `authority` is answered.
    async fn greets(&self, authority: &Authority) -> bool {
        let Ok(stream) = authority.connect(self.server.address()).await else {
            return false;
        };
        let call = Call::get("/api/v1/health").bearer(&self.server.token());
        call.exchange(stream, &self.host()).await.status == 200
    }
}

#[tokio::test]
async fn curl_trusts_the_certificate_and_is_told_to_come_by_tls_only() {
    let https = Https::start();
    let url = format!("https://{}/api/v1/health", https.host());
    assert!(https.server.stdout().contains("listening on https://127.0.0.1:"));
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-i", "--noproxy", "*", "--cacert"])
        .arg(https.authority.write_root(https.temp.path()))
        .args([
            "-H",
            &format!("authorization: Bearer {}", https.server.token()),
            &url,
        ]);
    let output = tokio::task::spawn_blocking(move || curl.output().expect("curl is installed"));
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).to_ascii_lowercase();
    assert!(said.starts_with("http/1.1 200"), "{output:?}");
    assert!(said.contains("strict-transport-security: max-age="), "{said}");
    let plain = Setup::new().start();
    let health = plain.get("/api/v1/health").await;
    assert_eq!(health.header("strict-transport-security"), None);
}

#[tokio::test]
async fn a_login_by_https_is_for_https_only_and_so_are_origins() {
    let https = Https::start();
    let login = Call::get(&format!("/?token={}", https.server.token())).page();
    let answer = https.send(login).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.ends_with("; Secure") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap();
    for (scheme, status) in [("https", 201), ("http", 403)] {
        let create = Call::post("/api/v1/sessions")
            .header("cookie", cookie)
            .header("origin", format!("{scheme}://{}", https.host()))
            .json(&serde_json::json!({ "cmd": ["cat"] }));
        let answer = https.send(create).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

#[tokio::test]
async fn t10_a_websocket_over_tls_shows_a_session() {
    let https = Https::start();
    let create = Call::post("/api/v1/sessions")
        .bearer(&https.server.token())
        .json(&serde_json::json!({ "cmd": ["echo", "over tls"] }));
    let created = https.send(create).await.value();
    let path = created["attach_url"].as_str().unwrap();
    let url = format!("wss://{}{path}?from=0", https.host());
    let stream = https.authority.connect(https.server.address()).await.unwrap();
    let request = attach_request(&url, &https.server.token());
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    let mut output = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&output).contains("over tls") {
            match socket.next().await {
                Some(Ok(Message::Binary(frame))) => output.extend_from_slice(&frame),
                Some(Ok(_)) => {}
                other => panic!("{other:?} before the output"),
            }
        }
    };
    tokio::time::timeout(LONG, reading).await.unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_taken_at_sighup_and_a_broken_one_is_not() {
    let https = Https::start();
    let (certificate, key) = (https.file("cert.pem"), https.file("key.pem"));
    let next = Authority::new();
    next.certify(&certificate, &key);
    assert!(https.greets(&https.authority).await, "not before it is told");
    https.server.signal(Signal::HUP);
    eventually("the new certificate", || async {
        https.greets(&next).await.then_some(())
    })
    .await;
    assert!(!https.greets(&https.authority).await, "the old one is gone");
    std::fs::write(&key, "no key").unwrap();
    https.server.signal(Signal::HUP);
    eventually("a complaint", || async {
        let log = https.server.log();
        (log.contains("key.pem") && log.contains("stays in use")).then_some(())
    })
    .await;
    assert!(https.greets(&next).await);
}

#[test]
fn a_key_of_another_certificate_is_refused_at_the_start() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let [certificate, key, other, other_key] =
        ["cert.pem", "key.pem", "other.pem", "other-key.pem"].map(|name| temp.path().join(name));
    let authority = Authority::new();
    authority.certify(&certificate, &key);
    authority.certify(&other, &other_key);
    let data = temp.path().join("data");
    let fails = |certificate: &PathBuf, key: &PathBuf| {
        let setup = Setup::new().arg("--tls-cert").arg(certificate);
        setup.arg("--tls-key").arg(key).fails(&data).1
    };
    let said = fails(&certificate, &other_key);
    assert!(said.contains("do not belong together"), "{said}");
    let said = fails(&key, &key);
    assert!(said.contains("no certificate"), "{said}");
    let said = fails(&temp.path().join("none.pem"), &key);
    assert!(said.contains("none.pem"), "{said}");
    let (status, said) = Setup::new().arg("--tls-cert").arg(&certificate).fails(&data);
    assert!(status.code() == Some(2) && said.contains("--tls-key"), "{said}");
}
