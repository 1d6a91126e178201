//! Limits are named, refuse what is new and leave alone what is there; many sessions at once are no trouble.

use std::fs;

use futures_util::future::join_all;
use sempre_protocol::api::{CreatedSession, SessionState};
use serde_json::{Value, json};

use crate::harness::{Answer, Server, Setup, eventually};

/// The answer is a refusal that names `limit` and its value.
fn refuses(answer: &Answer, limit: &str, value: &str) {
    let problem = answer.problem(429);
    assert_eq!(problem.code, "limit_reached");
    assert!(
        problem.detail.contains(limit) && problem.detail.contains(value),
        "{}",
        problem.detail
    );
}

fn cat(extra: Value) -> Value {
    let mut request = json!({ "cmd": ["cat"] });
    request
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    request
}

#[tokio::test]
async fn t11_each_limit_is_named_and_ended_sessions_do_not_count() {
    let setup = Setup::new()
        .arg("--max-sessions=5")
        .arg("--max-sessions-per-group=2")
        .arg("--max-sessions-per-user=3");
    let server = setup.start();
    let crew = server.create(cat(json!({ "group": "crew" }))).await;
    server
        .create(cat(json!({ "group": "crew", "user_id": "ada" })))
        .await;
    refuses(
        &server.try_create(&cat(json!({ "group": "crew" }))).await,
        "max_sessions_per_group",
        "2",
    );
    for _ in 0..2 {
        server.create(cat(json!({ "user_id": "ada" }))).await;
    }
    refuses(
        &server.try_create(&cat(json!({ "user_id": "ada" }))).await,
        "max_sessions_per_user",
        "3",
    );
    server.create(cat(json!({}))).await;
    refuses(
        &server.try_create(&cat(json!({}))).await,
        "max_active_sessions",
        "5",
    );
    server.delete(crew).await;
    server.create(cat(json!({ "group": "crew" }))).await;
}

#[tokio::test]
async fn requests_at_once_do_not_pass_a_limit_together() {
    let server = Setup::new().arg("--max-sessions-per-group=3").start();
    let request = cat(json!({ "group": "crew" }));
    let answers = join_all((0..12).map(|_| server.try_create(&request))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 3);
    answers
        .iter()
        .filter(|answer| answer.status != 201)
        .for_each(|answer| refuses(answer, "max_sessions_per_group", "3"));
}

#[tokio::test]
async fn sessions_that_are_there_stay_when_a_limit_is_lowered() {
    let mut server = Setup::new().start();
    let ids = [
        server.create(cat(json!({}))).await,
        server.create(cat(json!({}))).await,
    ];
    server.kill();
    let server = server.again_with(Setup::new().arg("--max-sessions=1"));
    refuses(
        &server.try_create(&cat(json!({}))).await,
        "max_active_sessions",
        "1",
    );
    for id in ids {
        assert_eq!(server.info(id).await.state, SessionState::Active);
    }
}

#[tokio::test]
async fn the_last_open_files_belong_to_the_sessions_there_are() {
    let server = Setup::new().after("ulimit -n 104").start();
    let mut ids = Vec::new();
    let refusal = loop {
        let answer = server.try_create(&json!({ "shell": "sh" })).await;
        if answer.status != 201 {
            break answer;
        }
        ids.push(answer.json::<CreatedSession>().session.session_id);
        assert!(ids.len() < 104, "it is never full");
    };
    refuses(&refusal, "open_files", "104");
    assert!(ids.len() >= 8, "only {} sessions fit", ids.len());
    let mut viewers = join_all(ids.iter().map(|&id| server.attach(id, ""))).await;
    for viewer in &mut viewers {
        viewer.run("echo here").await;
    }
    drop(viewers);
    server.delete(ids[0]).await;
    eventually("room for another", || async {
        let answer = server.try_create(&json!({ "shell": "sh" })).await;
        (answer.status == 201).then_some(())
    })
    .await;
}

/// The server takes what it may have; a program that counts on few begins with what the server was given.
#[tokio::test]
async fn the_server_may_open_all_that_it_is_allowed_and_shells_what_it_was_given() {
    let server = Setup::new().after("ulimit -S -n 300; ulimit -H -n 900").start();
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>()[3..5], ["900", "900"]);
    let id = server
        .script("echo $(ulimit -S -n) of $(ulimit -H -n); cat")
        .await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_output("300 of 900\r\n").await;
}

async fn is_live(server: &Server, id: sempre_protocol::SessionId) {
    let info = server.until(id, "the holder", |info| info.pid.is_some()).await;
    assert_eq!((info.state, info.problem), (SessionState::Active, None));
}

#[tokio::test]
async fn three_hundred_sessions_at_once() {
    const COUNT: usize = 300;
    let mut server = Setup::new()
        .arg("--max-sessions=300")
        .arg("--max-creates-per-minute=0")
        .start();
    let request = json!({ "cmd": ["sh", "-c", "echo ready; read line; echo \"got $line\"; exit 3"] });
    let answers = join_all((0..COUNT).map(|_| server.try_create(&request))).await;
    let ids: Vec<_> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 201, "{}", answer.text());
            answer.json::<CreatedSession>().session.session_id
        })
        .collect();
    refuses(&server.try_create(&request).await, "max_active_sessions", "300");
    // All of them outlive the server, and are all found again.
    server.kill();
    server.start_again();
    join_all(ids.iter().map(|&id| is_live(&server, id))).await;
    let typed = ids.iter().map(|&id| {
        let server = &server;
        async move {
            let mut viewer = server.attach(id, "").await;
            viewer.type_in(&format!("{id}\r")).await;
            let exit = viewer.until_exit().await;
            assert_eq!(exit.status, Some(sempre_protocol::texts::ExitStatus::Code(3)));
            assert!(viewer.tail().contains(&format!("got {id}")), "{}", viewer.tail());
        }
    });
    join_all(typed).await;
    let list = server.list().await;
    assert_eq!(list.len(), COUNT);
    assert!(list.iter().all(|info| info.state == SessionState::Completed));
}

#[tokio::test]
async fn one_client_makes_so_many_sessions_a_minute_and_is_told_when_to_come_back() {
    let server = Setup::new().arg("--max-creates-per-minute").arg("2").start();
    for _ in 0..2 {
        server.script("true").await;
    }
    let answer = server.try_create(&json!({ "cmd": ["true"] })).await;
    assert_eq!(answer.problem(429).code, "too_often");
    let wait_s: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=31).contains(&wait_s), "{wait_s}");
    assert_eq!(server.list().await.len(), 2);
}
