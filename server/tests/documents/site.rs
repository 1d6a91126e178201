//! A server behind one of three doors, and the programs of the documents that knock at it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::harness::{Answer, Call, LONG, Server, Setup};

/// Who comes in, and who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Everyone, on loopback.
    Open,
    /// Who has the token, and has it.
    Token,
    /// Who has the token, and has none.
    Stranger,
}

/// The doors that open.
pub(crate) const OPENING: [Door; 2] = [Door::Open, Door::Token];

/// A running server.
pub(crate) struct Site {
    pub(crate) server: Server,
    door: Door,
    /// What curl reads its defaults from, and programs that are pretended to be installed.
    home: tempfile::TempDir,
}

/// What one curl printed: body and status.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Fetched {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Site {
    pub(crate) fn start(door: Door) -> Self {
        Self::start_with(door, Setup::new())
    }

    pub(crate) fn start_with(door: Door, setup: Setup) -> Self {
        let home = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        // The document's shell is PowerShell; a shell of that name is here even if PowerShell is not.
        let bin = home.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink("/bin/bash", bin.join("pwsh")).unwrap();
        let path = std::env::var("PATH").unwrap();
        let setup = setup.env("PATH", format!("{path}:{}", bin.display()));
        let setup = match door {
            Door::Open => setup.arg("--no-auth"),
            Door::Token | Door::Stranger => setup,
        };
        let site = Self {
            server: setup.start(),
            door,
            home,
        };
        let mut curlrc = "silent\nshow-error\nwrite-out = \"\\n%{http_code}\"\n".to_owned();
        if let Some(token) = site.token() {
            curlrc.push_str(&format!("header = \"Authorization: Bearer {token}\"\n"));
        }
        std::fs::write(site.home.path().join(".curlrc"), curlrc).unwrap();
        site
    }

    /// What the visitor has to show.
    pub(crate) fn token(&self) -> Option<String> {
        (self.door == Door::Token).then(|| self.server.token())
    }

    /// A file of the documents, with this server's address instead of `host`.
    pub(crate) fn document(&self, name: &str, host: &str) -> String {
        let text = word_for_word(name);
        assert!(text.contains(host), "{name} names {host}");
        text.replace(host, &self.server.address().to_string())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home.path())
            .env("CURL_HOME", self.home.path())
            .env("TMPDIR", self.home.path())
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Where the programs run.
    pub(crate) fn directory(&self) -> &Path {
        self.home.path()
    }

    /// Runs curl lines in a shell.
    pub(crate) async fn curl(&self, line: &str) -> Fetched {
        let output = finished(self.command("sh").args(["-c", line])).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let Some((body, status)) = text.rsplit_once('\n') else {
            panic!("{line}: {}", String::from_utf8_lossy(&output.stderr));
        };
        Fetched {
            status: status.parse().unwrap(),
            body: body.to_owned(),
        }
    }

    /// Starts a curl line whose answer has no end.
    pub(crate) fn curl_on(&self, line: &str) -> Running {
        Running::start(self.command("sh").args(["-c", &format!("exec {line}")]))
    }

    /// Starts a Python program; a library it needs is stood in for if it is not installed.
    pub(crate) fn python(&self, program: &str) -> Running {
        let file = self.home.path().join("program.py");
        std::fs::write(&file, program).unwrap();
        let run = "import sys; sys.path.append(sys.argv[1]); path = sys.argv[2]; \
                   exec(compile(open(path).read(), path, 'exec'))";
        let mut command = self.command("python3");
        command.args(["-u", "-c", run]).arg(fixture("standin")).arg(file);
        Running::start(&mut command)
    }

    /// A program of the second document, with what it takes for granted.
    pub(crate) fn script(&self, name: &str, pty: Option<SessionId>) -> Running {
        let mut command = self.command("node");
        command
            .args(["--experimental-eventsource", "--no-warnings"])
            .arg(fixture("002/prelude.mjs"))
            .env("PROGRAM", fixture(&format!("002/{name}")))
            .env("BASE_URL", format!("http://{}", self.server.address()));
        if let Some(token) = self.token() {
            command.env("TOKEN", token);
        }
        if let Some(pty) = pty {
            command.env("PTY_ID", pty.to_string());
        }
        Running::start(&mut command)
    }

    /// What the server's owner is answered.
    pub(crate) async fn owner(&self, call: Call) -> Answer {
        match self.door {
            Door::Open => call.send(self.server.address()).await,
            Door::Token | Door::Stranger => self.server.ask(call).await,
        }
    }

    /// All sessions there are.
    pub(crate) async fn sessions(&self) -> Vec<SessionInfo> {
        self.owner(Call::get("/api/v1/sessions")).await.json()
    }

    /// All a session wrote.
    pub(crate) async fn output(&self, id: SessionId) -> Vec<u8> {
        let call = Call::get(&format!("/api/v1/sessions/{id}/output?from=0"));
        self.owner(call).await.body
    }

    /// A session made by the owner, for strangers to want.
    pub(crate) async fn session(&self, request: &Value) -> SessionInfo {
        let answer = self.owner(Call::post("/api/v1/sessions").json(request)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A pool replaces workers that end: it has to go first.
        self.server.stop_if_running();
    }
}

/// A file of the documents as it stands there.
pub(crate) fn word_for_word(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/documents/fixtures")
        .join(name)
}

async fn finished(command: &mut Command) -> Output {
    let output = timeout(LONG, command.output()).await;
    output.expect("it ends in time").unwrap()
}

/// A program that runs and prints.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) printed: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            stdout,
            printed: String::new(),
        }
    }

    /// Reads until `wanted` is true of what it printed.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let mut bytes = self.printed.clone().into_bytes();
        let reading = async {
            while !wanted(&String::from_utf8_lossy(&bytes)) {
                if self.stdout.read_buf(&mut bytes).await.unwrap() == 0 {
                    break;
                }
            }
        };
        let in_time = timeout(LONG, reading).await.is_ok();
        self.printed = String::from_utf8_lossy(&bytes).into_owned();
        if !in_time || !wanted(&self.printed) {
            let _ = self.child.start_kill();
            let mut said = String::new();
            let mut stderr = self.child.stderr.take().unwrap();
            stderr.read_to_string(&mut said).await.unwrap();
            panic!("no {what} in {:?}; it said {said}", self.printed);
        }
    }

    /// Waits for its end; whether it succeeded, and what it said.
    pub(crate) async fn end(mut self) -> (bool, String) {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        let ending = async {
            self.stdout.read_to_string(&mut self.printed).await.unwrap();
            stderr.read_to_string(&mut said).await.unwrap();
            self.child.wait().await.unwrap()
        };
        let status = timeout(LONG, ending).await.expect("it ends in time");
        (status.success(), format!("{}\n{said}", self.printed))
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}
