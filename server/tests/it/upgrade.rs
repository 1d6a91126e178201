//! An upgrade ends no session, and neither does the way back: the programs of version 0.1.0 against today's, on one data
//! directory (docs/operate.md).

use std::env;
use std::path::PathBuf;

use sempre_protocol::SessionId;
use sempre_protocol::api::SessionState;
use sempre_protocol::texts::ExitStatus;
use serde_json::json;

use crate::harness::{Server, Setup, holder_program, not_run};

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
