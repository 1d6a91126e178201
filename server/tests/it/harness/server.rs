//! A running server: what it is asked, and the ways it ends.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};

use rustix::process::{Pid, Signal, kill_process_group};
use sempre_protocol::SessionId;
use sempre_protocol::api::{CreatedSession, SessionInfo, SessionState};
use serde_json::{Value, json};

use super::setup::{Setup, TestDir};
use super::{Answer, Call, LONG, Pidfd, Viewer, eventually, holder_pid};

/// A server with its directory; both and all its sessions are gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    setup: Setup,
    // Before the directory: dropped first.
    child: Option<Child>,
    stdout: Vec<String>,
    dir: TestDir,
}

impl Server {
    pub(super) fn start(setup: Setup, dir: TestDir) -> Self {
        let mut server = Self {
            setup,
            child: None,
            stdout: Vec::new(),
            dir,
        };
        server.start_again();
        server
    }

    /// Starts it again in the same directory, at an address of its own.
    pub(crate) fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let (child, lines) = self.setup.spawn(&self.dir);
        self.child = Some(child);
        self.stdout.extend(lines);
    }

    /// Starts it again in the same directory with other flags.
    pub(crate) fn again_with(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self.start_again();
        self
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub(crate) fn dir(&self) -> &TestDir {
        &self.dir
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.home()
    }

    pub(crate) fn session_dir(&self, id: SessionId) -> PathBuf {
        self.dir.data().join("sessions").join(id.to_string())
    }

    /// The pid of a session's holder.
    pub(crate) fn holder(&self, id: SessionId) -> u32 {
        holder_pid(&self.session_dir(id)).expect("a holder has the session")
    }

    /// Everything it said on standard output since it was first started.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.join("\n")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.log()).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        fs::read_to_string(self.dir.data().join("token"))
            .unwrap()
            .trim()
            .to_owned()
    }

    /// Its newest TCP address.
    pub(crate) fn address(&self) -> SocketAddr {
        let lines = self.stdout.iter().rev();
        let urls = lines.filter_map(|line| line.strip_prefix("sempre: listening on http"));
        let hosts = urls.map(|url| url.trim_start_matches('s').trim_start_matches("://"));
        let mut addresses = hosts.map(|host| host.split('/').next().unwrap().parse().unwrap());
        addresses.next().expect("it listens on TCP")
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let ended = Pidfd::open(child.id()).is_none_or(|pidfd| pidfd.ended_within(LONG));
        if !ended {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        assert!(ended, "the server did not stop within {LONG:?}");
        status
    }

    pub(crate) fn signal(&self, signal: Signal) {
        Pidfd::open(self.pid()).unwrap().signal(signal);
    }

    /// Signals its process group, as a terminal does.
    pub(crate) fn signal_group(&self, signal: Signal) {
        let group = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process_group(group, signal).unwrap();
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Stops it as a service manager does.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    #[allow(dead_code, reason = "for tests with a pool")]
    /// Stops it, if it runs, so that nothing of what it keeps up by itself is started again while its sessions end.
    pub(crate) fn stop_if_running(&mut self) {
        if self.child.is_some() {
            self.stop();
        }
    }

    /// Sends a request with the token.
    pub(crate) async fn ask(&self, call: Call) -> Answer {
        call.bearer(&self.token()).send(self.address()).await
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask(Call::get(target)).await
    }

    pub(crate) async fn try_create(&self, request: &Value) -> Answer {
        self.ask(Call::post("/api/v1/sessions").json(request)).await
    }

    pub(crate) async fn create(&self, request: Value) -> SessionId {
        let answer = self.try_create(&request).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json::<CreatedSession>().session.session_id
    }

    /// A session that runs a shell script, without arguments of its own.
    pub(crate) async fn script(&self, script: &str) -> SessionId {
        self.create(json!({ "cmd": ["sh", "-c", script] })).await
    }

    pub(crate) async fn list(&self) -> Vec<SessionInfo> {
        self.get("/api/v1/sessions").await.json()
    }

    pub(crate) async fn info(&self, id: SessionId) -> SessionInfo {
        let answer = self.get(&format!("/api/v1/sessions/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Waits until a session is as `wanted` says.
    pub(crate) async fn until(
        &self,
        id: SessionId,
        what: &str,
        wanted: impl Fn(&SessionInfo) -> bool,
    ) -> SessionInfo {
        eventually(what, || async {
            let info = self.info(id).await;
            wanted(&info).then_some(info)
        })
        .await
    }

    /// Waits until a session has ended.
    pub(crate) async fn ended(&self, id: SessionId) -> SessionInfo {
        let ended = |info: &SessionInfo| info.state == SessionState::Completed;
        self.until(id, "the end of the session", ended).await
    }

    /// Offset of a session's newest keyframe.
    pub(crate) fn keyframe(&self, id: SessionId) -> Option<u64> {
        let entries = fs::read_dir(self.session_dir(id).join("keyframes")).ok()?;
        let offsets = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        offsets.max()
    }

    /// Waits until a session has a keyframe at or after `offset`.
    pub(crate) async fn keyframed(&self, id: SessionId, offset: u64) {
        let keyframe = || async { self.keyframe(id).filter(|&keyframe| keyframe >= offset) };
        eventually("a keyframe", keyframe).await;
    }

    /// Ends a running session or removes an ended one.
    pub(crate) async fn delete(&self, id: SessionId) {
        let answer = self.ask(Call::delete(&format!("/api/v1/sessions/{id}"))).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
    }

    /// A session's output from `from` on.
    pub(crate) async fn output(&self, id: SessionId, from: u64) -> Vec<u8> {
        let answer = self
            .get(&format!("/api/v1/sessions/{id}/output?from={from}"))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let length = answer.header("content-length").map(|length| length.parse());
        assert_eq!(length, Some(Ok(answer.body.len())), "the whole body came");
        answer.body
    }

    pub(crate) async fn output_text(&self, id: SessionId) -> String {
        String::from_utf8_lossy(&self.output(id, 0).await).into_owned()
    }

    /// Attaches with a query such as `acks=1`, from the first byte unless `from=` says otherwise.
    pub(crate) async fn attach(&self, id: SessionId, query: &str) -> Viewer {
        if query.contains("from=") {
            self.attach_as(id, query).await
        } else {
            self.attach_as(id, &format!("from=0&{query}")).await
        }
    }

    /// Attaches without an offset: a snapshot comes first.
    pub(crate) async fn attach_screen(&self, id: SessionId, query: &str) -> Viewer {
        let viewer = self.attach_as(id, query).await;
        assert!(viewer.hello.reset, "{:?}", viewer.hello);
        viewer
    }

    async fn attach_as(&self, id: SessionId, query: &str) -> Viewer {
        let viewer = self.try_attach(id, query).await;
        viewer.unwrap_or_else(|error| panic!("cannot attach: {error}"))
    }

    /// Attaches if the server lets it.
    pub(crate) async fn try_attach(&self, id: SessionId, query: &str) -> Result<Viewer, String> {
        self.attach_by(&self.token(), id, query).await
    }

    /// Attaches as a page does that is logged in.
    pub(crate) async fn attach_with_cookie(
        &self,
        cookie: &str,
        id: SessionId,
        query: &str,
    ) -> Result<Viewer, String> {
        let url = format!("ws://{}/ws/sessions/{id}?{query}", self.address());
        Viewer::attach_with_cookie(self.address(), &url, cookie).await
    }

    /// Attaches by a token or key other than the server's own, if it lets in.
    pub(crate) async fn attach_by(&self, secret: &str, id: SessionId, query: &str) -> Result<Viewer, String> {
        let url = format!("ws://{}/ws/sessions/{id}?{query}", self.address());
        Viewer::attach(self.address(), &url, secret).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // While the server lives it collects its holders.
        self.dir.end_holders();
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Every file and directory at or below `path` whose mode lets anyone in but its owner.
pub(crate) fn data_dir_modes(path: &Path) -> Vec<String> {
    let metadata = fs::symlink_metadata(path).unwrap();
    let mode = metadata.permissions().mode() & 0o7777;
    let mut open = Vec::new();
    if mode & 0o077 != 0 {
        open.push(format!("{} {mode:o}", path.display()));
    }
    if metadata.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        open.extend(entries.flat_map(|entry| data_dir_modes(&entry.unwrap().path())));
    }
    open
}
