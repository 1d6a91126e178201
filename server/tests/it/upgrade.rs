//! An upgrade ends no session, and neither does the way back: the programs of version 0.1.0 against today's, on one data
//! directory (docs/operate.md); and what that version left on the disk is read.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{env, fs};

use sempre_protocol::SessionId;
use sempre_protocol::api::{CreatedSession, SessionState};
use sempre_protocol::texts::ExitStatus;
use serde_json::json;

use crate::harness::{Call, Server, Setup, holder_program, not_run};

/// Sessions as version 0.1.0 left them: one that had ended with code 5, and one whose holder was killed.
const LEFT_BY_0_1_0: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/it/fixtures/version-0.1.0/sessions"
);
const ENDED: &str = "09a6373ca23867c107b9778ba6b00c7b";
const KILLED: &str = "ea92db5c6ef567a5c83965ca532ca6d6";

/// Server and holder of version 0.1.0, which `cargo xtask test --full` builds.
fn programs_of_before(test: &str) -> Option<(PathBuf, PathBuf)> {
    let named = |name| env::var_os(name).map(PathBuf::from);
    let programs = named("SEMPRE_OLD_SERVER").zip(named("SEMPRE_OLD_HOLDER"));
    if programs.is_none() {
        not_run(
            &format!("upgrade::{test}"),
            "long: needs the programs of version 0.1.0, which are built by: cargo xtask test --full --only upgrade",
        );
    }
    programs
}

fn todays() -> (PathBuf, PathBuf) {
    (env!("CARGO_BIN_EXE_sempre").into(), holder_program())
}

/// A session that runs, and everything that must be true of it whoever serves it.
struct Running {
    id: SessionId,
    pid: Option<u32>,
    holder: u32,
    visits: u32,
}

impl Running {
    async fn start(server: &Server) -> Self {
        let id = server
            .create(json!({ "cmd": ["bash", "--norc"], "cwd": "/", "env": { "PS1": "$ " } }))
            .await;
        let mut viewer = server.attach(id, "").await;
        viewer
            .run("kept=0; seq 1 20000; printf '\\033[32mgreen\\033[m\\n'")
            .await;
        let info = server.until(id, "its shell", |info| info.pid.is_some()).await;
        Self {
            id,
            pid: info.pid,
            holder: server.holder(id),
            visits: 0,
        }
    }

    /// The same shell in the same holder, with its variables, its output from the first byte, and it goes on.
    async fn goes_on(&mut self, server: &Server) {
        let info = server
            .until(self.id, "its shell", |info| info.pid.is_some())
            .await;
        assert_eq!((info.pid, info.state), (self.pid, SessionState::Active));
        assert_eq!(server.holder(self.id), self.holder);
        self.visits += 1;
        let mut viewer = server.attach(self.id, "").await;
        viewer
            .run(&format!(
                "kept=$((kept + 1)); echo visit-$kept-of-{}",
                self.visits
            ))
            .await;
        let output = server.output_text(self.id).await;
        for visit in 1..=self.visits {
            assert_eq!(
                output.matches(&format!("visit-{visit}-of-{visit}\r\n")).count(),
                1
            );
        }
        assert!(output.contains("\r\n19999\r\n20000\r\n\u{1b}[32mgreen"));
    }

    async fn ends(self, server: &Server) {
        let mut viewer = server.attach(self.id, "").await;
        viewer.type_in("exit 7\r").await;
        assert_eq!(viewer.until_exit().await.status, Some(ExitStatus::Code(7)));
    }
}

/// A session that has ended: its output and its code.
async fn ended(server: &Server) -> SessionId {
    let id = server.script("seq 1 1000; exit 5").await;
    server.ended(id).await;
    id
}

async fn is_kept(server: &Server, id: SessionId) {
    let info = server.ended(id).await;
    assert_eq!(info.exit, Some(ExitStatus::Code(5)));
    assert!(server.output_text(id).await.ends_with("\r\n999\r\n1000\r\n"));
}

/// Serves a directory by one version after the other; what each finds and leaves is there for all that follow.
async fn through(versions: &[&(PathBuf, PathBuf)], by_signal: bool) {
    let setup = |(server, holder): &(PathBuf, PathBuf)| Setup::new().programs(server.clone(), holder.clone());
    let (first, rest) = versions.split_first().unwrap();
    let mut server = setup(first).start();
    let mut running = vec![Running::start(&server).await];
    let mut over = vec![ended(&server).await];
    for version in rest {
        if by_signal {
            assert_eq!(server.stop().code(), Some(0));
        } else {
            server.kill();
        }
        server = server.again_with(setup(version));
        for session in &mut running {
            session.goes_on(&server).await;
        }
        for &id in &over {
            is_kept(&server, id).await;
        }
        running.push(Running::start(&server).await);
        over.push(ended(&server).await);
    }
    for session in running {
        session.ends(&server).await;
    }
}

#[tokio::test]
async fn an_upgrade_and_the_way_back_end_no_session() {
    let Some(old) = programs_of_before("an_upgrade_and_the_way_back_end_no_session") else {
        return;
    };
    let new = todays();
    through(&[&old, &new, &old, &new], true).await;
}

#[tokio::test]
async fn nor_do_they_if_the_server_is_killed() {
    let Some(old) = programs_of_before("nor_do_they_if_the_server_is_killed") else {
        return;
    };
    let new = todays();
    through(&[&new, &old, &new], false).await;
}

/// Copies a directory, private as the server makes its own: who checks out sources gives them other modes.
fn copy_private(from: &Path, to: &Path) {
    fs::DirBuilder::new()
        .mode(0o700)
        .recursive(true)
        .create(to)
        .unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_private(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

#[tokio::test]
async fn what_version_0_1_0_left_on_the_disk_is_read() {
    let mut server = Setup::new()
        .args(["--retention", "never", "--compress-after", "never"])
        .start();
    server.stop();
    let data = server.dir().data();
    copy_private(Path::new(LEFT_BY_0_1_0), &data.join("sessions"));
    // That version had none.
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("sempre.db") {
            fs::remove_file(path).unwrap();
        }
    }
    server.start_again();

    let ended: SessionId = ENDED.parse().unwrap();
    let info = server.ended(ended).await;
    assert_eq!(
        (info.exit, info.cols, info.rows),
        (Some(ExitStatus::Code(5)), 100, 30)
    );
    assert_eq!(
        (info.group.as_deref(), info.labels["story"].as_str()),
        (Some("crew"), "S-7")
    );
    let output = server.output_text(ended).await;
    assert!(output.starts_with("\u{1b}[31mred\u{1b}[m and é\r"), "{output}");
    assert!(output.ends_with("\r\n199\r\n200\r\n"), "{output}");
    let mut viewer = server.attach_screen(ended, "").await;
    viewer
        .until("its last screen", |viewer| {
            viewer.screen_text().trim_end().ends_with("200")
        })
        .await;

    let killed: SessionId = KILLED.parse().unwrap();
    let info = server.ended(killed).await;
    assert_eq!((info.exit, info.end_reason.as_deref()), (None, Some("orphaned")));
    assert_eq!(server.output_text(killed).await, "before\r\n");
    let again = server
        .ask(Call::post(&format!("/api/v1/sessions/{killed}/restart")))
        .await;
    assert_eq!(again.status, 201, "{}", again.text());
    let again: CreatedSession = again.json();
    let mut viewer = server.attach(again.session.session_id, "").await;
    viewer.until_output("before\r\n").await;
    viewer.type_in("after\r").await;
    assert_eq!(viewer.until_exit().await.status, Some(ExitStatus::Code(0)));
}
