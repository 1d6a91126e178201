//! A real nginx in front of a server, configured by the example that users copy.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Answer, Authority, Call, Secured, Server, Setup, eventually};

/// The example that users copy.
pub(crate) const EXAMPLE: &str = include_str!("../../../../packaging/nginx.conf");
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
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 5);

/// nginx in a directory of its own, in front of a server.
pub(crate) struct Front {
    nginx: Child,
    address: SocketAddr,
    pub(crate) server: Server,
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
    pub(crate) async fn start() -> Self {
        Self::of(Setup::new()).await
    }

    /// Before a server that is started as the example says, and as `setup` does.
    pub(crate) async fn of(setup: Setup) -> Self {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let authority = Authority::new();
        authority.certify(&temp.path().join("cert.pem"), &temp.path().join("key.pem"));
        std::fs::write(temp.path().join("nginx.conf"), AROUND).unwrap();
        let mut lines = EXAMPLE.lines();
        let flags = lines.find_map(|line| line.strip_prefix("#   sempre serve "));
        let flags = flags.unwrap().split(' ');
        let server = flags.fold(setup, |setup, flag| setup.arg(flag)).start();
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

    /// A connection by TLS from [`CLIENT`].
    pub(crate) async fn connect(&self) -> Secured {
        let from = SocketAddr::from((CLIENT, 0));
        self.authority.connect_from(from, self.address).await.unwrap()
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        call.exchange(self.connect().await, "term.example").await
    }
}
