//! The registry without a server around it: with clocks that tests set, and what only other interfaces will show.
//! Holders, shells and files are real.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sempre_protocol::SessionId;
use sempre_protocol::api::{CreateSession, SessionState};
use sempre_protocol::holder::EndReason;
use sempre_protocol::texts::ExitStatus;
use sempre_server::sessions::clock::{Clock, SystemClock};
use sempre_server::sessions::confinement::Confiner;
use sempre_server::sessions::environment::BaseEnvironment;
use sempre_server::sessions::lifecycle::LifePolicy;
use sempre_server::sessions::lifecycle::plan::Action;
use sempre_server::sessions::scopes::{HolderScope, Scopes};
use sempre_server::sessions::{
    EARLY_EXIT_LIMIT, Limits, RecordInput, Registry, RegistryOptions, Session, early_exit, last_words,
};
use sempre_server::store::DataDir;

use crate::harness::{LONG, TestDir, eventually, holder_program};

const YEAR_MS: u64 = 365 * 24 * 3_600_000;

/// A wall clock that is another year at each look, and a monotonic one that goes when it is told to.
#[derive(Debug)]
struct MadClock {
    looks: AtomicU64,
    monotonic_ms: AtomicU64,
}

impl MadClock {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            looks: AtomicU64::new(0),
            monotonic_ms: AtomicU64::new(1_000_000),
        })
    }

    fn goes_on(&self, seconds: u64) {
        self.monotonic_ms.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for MadClock {
    fn wall_ms(&self) -> u64 {
        let look = self.looks.fetch_add(1, Ordering::SeqCst);
        // Forwards by decades, and back before the first session.
        (look * 37 % 60) * YEAR_MS
    }

    fn monotonic_ms(&self) -> u64 {
        self.monotonic_ms.load(Ordering::SeqCst)
    }
}

async fn open(dir: &TestDir, policy: LifePolicy, clock: Arc<dyn Clock>) -> Arc<Registry> {
    let options = RegistryOptions {
        shell_integration: true,
        default_shell: "bash".into(),
        holder: Some(holder_program()),
        environment: BaseEnvironment::of_this_process(),
        child_open_files: None,
        record_input: RecordInput::default(),
        confiner: Confiner::new(Default::default()).unwrap(),
        scopes: Scopes::new(HolderScope::Never),
        limits: Limits::default(),
        policy,
        clock,
    };
    Registry::open(DataDir::open(&dir.data()).unwrap(), options)
        .await
        .unwrap()
}

fn command(script: &str) -> CreateSession {
    CreateSession {
        cmd: Some(["sh", "-c", script].map(str::to_owned).into()),
        ttl: Some(0),
        ..CreateSession::default()
    }
}

async fn ended(session: &Session) -> EndReason {
    let mut status = session.watch();
    let ended = status.wait_for(|status| status.exit.is_some());
    let status = tokio::time::timeout(LONG, ended)
        .await
        .expect("it ends")
        .unwrap()
        .clone();
    status.exit.unwrap().reason
}

/// Waits until `count` checks went by: each ends a session whose time is over.
async fn checks_pass(registry: &Registry, clock: &MadClock, count: usize) {
    for _ in 0..count {
        let request = CreateSession {
            ttl: Some(1),
            ..command("exec cat")
        };
        let canary = registry.create(request).await.unwrap();
        clock.goes_on(2);
        assert_eq!(ended(&canary).await, EndReason::Ttl);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_clock_gone_mad_ends_and_drops_nothing() {
    let dir = TestDir::new();
    let clock = MadClock::new();
    let policy = LifePolicy {
        check_interval: Duration::from_millis(20),
        ..LifePolicy::default()
    };
    let registry = open(&dir, policy, clock.clone()).await;
    let mortal = CreateSession {
        ttl: Some(3600),
        ..command("exec cat")
    };
    let mortal = registry.create(mortal).await.unwrap();
    let immortal = registry.create(command("exec cat")).await.unwrap();
    let over = registry.create(command("echo kept")).await.unwrap();
    ended(&over).await;
    checks_pass(&registry, &clock, 15).await;
    assert_eq!((mortal.exit(), immortal.exit()), (None, None));
    let state = |id: SessionId| {
        let registry = Arc::clone(&registry);
        async move { registry.info(id).await.unwrap().state }
    };
    assert_eq!(
        state(over.id()).await,
        SessionState::Completed,
        "its journal is there"
    );
    clock.goes_on(3600);
    assert_eq!(
        ended(&mortal).await,
        EndReason::Ttl,
        "that hour has really passed"
    );
    checks_pass(&registry, &clock, 1).await;
    assert_eq!(immortal.exit(), None);
    registry.end_all().await;
    registry.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_an_early_exit_is_told_with_its_code_and_last_lines() {
    let dir = TestDir::new();
    let registry = open(&dir, LifePolicy::default(), Arc::new(SystemClock)).await;
    let script = "seq 1 30; printf '\\033[31mno such agent\\033[0m\\n'; exit 3";
    let session = registry.create(command(script)).await.unwrap();
    // It waits for the end and not for the limit.
    let words = early_exit(&session, LONG).await.expect("it has ended");
    assert_eq!(words.exit.status, Some(ExitStatus::Code(3)));
    assert_eq!(words.lines.len(), 20);
    assert_eq!(
        (words.lines[0].as_str(), words.lines[19].as_str()),
        ("12", "no such agent")
    );
    let message = words.early_exit_message();
    assert!(
        message.starts_with("Daemon PTY exited immediately (exit code: 3). Last output:\n12\n"),
        "{message}"
    );
    let killed = registry.create(command("kill -9 $$")).await.unwrap();
    let words = early_exit(&killed, LONG).await.expect("it has ended");
    assert!(words.early_exit_message().contains("(signal: 9)"));
    let runs = registry.create(command("exec cat")).await.unwrap();
    assert_eq!(early_exit(&runs, EARLY_EXIT_LIMIT).await, None);
    registry.end_all().await;
    registry.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_who_wants_to_attach_to_an_ended_session_is_told_why() {
    let dir = TestDir::new();
    let registry = open(&dir, LifePolicy::default(), Arc::new(SystemClock)).await;
    let session = registry
        .create(command("read x; echo bye; exit 4"))
        .await
        .unwrap();
    assert_eq!(last_words(&session).await, None, "it runs");
    session.end(EndReason::Ended).await.unwrap();
    let text = last_words(&session).await.unwrap().to_string();
    for part in [
        "was killed by signal 1 at 2",
        "(ended)",
        &format!("sempre restart {}", session.id()),
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let spoke = registry.create(command("echo bye; exit 4")).await.unwrap();
    ended(&spoke).await;
    let text = last_words(&spoke).await.unwrap().to_string();
    assert!(
        text.contains("exited with code 4") && text.contains("\nbye\n"),
        "{text}"
    );
    registry.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p9_room_in_a_group_is_made_by_the_idle_session_that_was_quiet_longest() {
    let dir = TestDir::new();
    let mut policy = LifePolicy {
        check_interval: Duration::from_secs(3600),
        ..LifePolicy::default()
    };
    // Only for the dry run: the next check is an hour away.
    policy.keep.end_idle_beyond_group = Some(0);
    let registry = open(&dir, policy, Arc::new(SystemClock)).await;
    let of_crew = |request: CreateSession| CreateSession {
        group: Some("crew".into()),
        ..request
    };
    // No login shell: those run other programs before their first prompt.
    let shell = || {
        of_crew(CreateSession {
            cmd: Some(vec!["sh".into()]),
            idle: Some(24 * 3600),
            ..CreateSession::default()
        })
    };
    let prompt = |session: Arc<Session>| async move {
        eventually("its prompt", || async {
            (session.status().offset.0 > 0).then_some(())
        })
        .await;
    };
    let busy = registry
        .create(of_crew(command("sleep 600; true")))
        .await
        .unwrap();
    let first = registry.create(shell()).await.unwrap();
    prompt(Arc::clone(&first)).await;
    let second = registry.create(shell()).await.unwrap();
    prompt(Arc::clone(&second)).await;
    let both = [&first, &second].map(|session| Action::End {
        id: session.id(),
        reason: EndReason::GroupLimit,
    });
    eventually("both to be idle, the first one longer", || async {
        (registry.due_actions(false).await.unwrap() == both).then_some(())
    })
    .await;
    assert!(registry.end_oldest_idle("crew").await.unwrap());
    assert_eq!(first.exit().map(|exit| exit.reason), Some(EndReason::GroupLimit));
    assert_eq!(second.exit(), None);
    assert!(registry.end_oldest_idle("crew").await.unwrap());
    assert!(second.exit().is_some());
    assert!(!registry.end_oldest_idle("crew").await.unwrap(), "none is idle");
    assert!(!registry.end_oldest_idle("others").await.unwrap());
    assert_eq!(busy.exit(), None);
    registry.end_all().await;
    registry.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_session_keeps_what_stood_on_its_screen() {
    let dir = TestDir::new();
    let mut policy = LifePolicy {
        check_interval: Duration::from_millis(10),
        ..LifePolicy::default()
    };
    policy.keep.retention_ms = 1;
    let registry = open(&dir, policy, Arc::new(SystemClock)).await;
    let script = "seq 1 100; printf '\\033[2J\\033[Hone\\n\\033[31mtwo\\033[0m and'; exit 2";
    let id = registry.create(command(script)).await.unwrap().id();
    eventually("it to be archived", || async {
        let state = registry.info(id).await.unwrap().state;
        (state == SessionState::Archived).then_some(())
    })
    .await;
    let screen = registry.last_screen(id).await.unwrap();
    assert_eq!(screen.as_deref(), Some("one\ntwo and"));
    let summary = registry.info(id).await.unwrap().summary.unwrap();
    assert!(
        summary.starts_with("sh ran for") && summary.ends_with("exited with code 2"),
        "{summary}"
    );
    registry.close().await;
}
