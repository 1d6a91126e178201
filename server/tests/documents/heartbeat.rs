//! The document of the persistent session: `POST /kiro/chat`, answered by a pool of real programs (rows K4 and K5).

use serde_json::{Value, json};

use crate::harness::{Answer, Call, LONG, Setup, eventually};
use crate::site::{Door, OPENING, Site};

/// A server with workers.
fn workers(command: &str, more: &[(&str, &str)]) -> Setup {
    let setup = Setup::new().arg("--worker-command").arg(command);
    more.iter()
        .fold(setup, |setup, (flag, value)| setup.arg(*flag).arg(*value))
}

async fn ask(site: &Site, message: &str) -> Answer {
    let body = json!({ "message": message, "storyId": "S-7", "context": { "branch": "main" } });
    site.owner(Call::post("/kiro/chat").json(&body)).await
}

async fn reply(site: &Site, message: &str) -> String {
    let answer = ask(site, message).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.value();
    assert_eq!(answer["storyId"], "S-7");
    answer["response"].as_str().unwrap().to_owned()
}

/// Sessions of workers that run.
async fn running(site: &Site) -> Vec<String> {
    let sessions = site.sessions().await;
    let workers = sessions
        .iter()
        .filter(|session| session.labels.get("role").is_some_and(|role| role == "worker"));
    let running = workers.filter(|session| session.pid.is_some());
    running.map(|session| session.session_id.to_string()).collect()
}

/// What a heartbeat posts, as a curl line; the document names the address.
fn ping_line(site: &Site) -> String {
    format!(
        "curl -X POST http://{}/kiro/chat -H 'Content-Type: application/json' -d \
         '{{\"type\":\"ping\",\"storyId\":\"S-1\",\"context\":{{\"branch\":\"main\"}}}}'",
        site.server.address()
    )
}

#[tokio::test]
async fn k4_a_ping_is_answered_with_and_without_workers() {
    for door in OPENING {
        let site = Site::start(door);
        let answer = site.curl(&ping_line(&site)).await.json();
        assert_eq!(
            (&answer["type"], &answer["storyId"]),
            (&json!("pong"), &json!("S-1"))
        );
        assert_eq!(answer["workers"]["size"], 0);
        let problem = ask(&site, "anyone?").await.problem(503);
        assert_eq!(problem.code, "no_workers");
    }
}

#[tokio::test]
async fn k4_k5_without_the_token_nobody_is_asked() {
    let site = Site::start_with(Door::Stranger, workers("cat", &[("--workers", "1")]));
    let id = eventually("the worker", || async { running(&site).await.pop() }).await;
    let line = ping_line(&site);
    assert_eq!(site.curl(&line).await.status, 401);
    assert_eq!(
        site.curl(&line.replace("\"type\"", "\"message\"")).await.status,
        401
    );
    assert_eq!(site.output(id.parse().unwrap()).await, b"");
}

#[tokio::test]
async fn k5_python_answers_in_text_without_question_or_prompt() {
    for door in OPENING {
        let site = Site::start_with(door, workers("python3 -q -i", &[("--worker-ready", "^>>> $")]));
        assert_eq!(reply(&site, "6 * 7").await, "42");
        assert_eq!(
            reply(&site, "print('\\x1b[31mred\\x1b[0m'); print('two')").await,
            "red\ntwo"
        );
        assert_eq!(reply(&site, "x = 1").await, "");
        let long: Vec<_> = (0..300).map(|n| n.to_string()).collect();
        assert_eq!(
            reply(&site, "print(*range(300), sep='\\n')").await,
            long.join("\n")
        );
        assert_eq!(
            reply(&site, "for n in range(2):\n    print('n', n)\n\n").await,
            "n 0\nn 1"
        );
        let sessions = running(&site).await;
        assert_eq!(sessions.len(), 2, "each worker is a session to be watched");
        for bad in ["", "  ", "\u{3}", "\u{1b}[201~"] {
            assert_eq!(
                ask(&site, bad).await.problem(422).code,
                "invalid_field",
                "{bad:?}"
            );
        }
    }
}

#[tokio::test]
async fn k5_a_program_without_a_prompt_is_read_until_it_is_quiet() {
    let flags = [("--worker-quiet-ms", "300"), ("--workers", "1")];
    let site = Site::start_with(Door::Token, workers("bc -q", &flags));
    assert_eq!(reply(&site, "2^100").await, "1267650600228229401496703205376");
    assert_eq!(reply(&site, "7/2").await, "3");
    let echo_off = "stty -echo; while read line; do sleep 1; echo \"you said $line\"; done";
    let site = Site::start_with(Door::Token, workers(echo_off, &flags));
    assert_eq!(reply(&site, "slow").await, "you said slow");
}

/// A worker that is slow, one that dies, one that never answers, by what it is asked.
const MOODY: &str = "while printf 'ok> '; read word; do case $word in \
    die) echo dying; exit 3;; \
    hang) echo begun; sleep 600;; \
    *) echo \"heard $word\";; \
    esac; done";

fn moody(timeout_ms: &str) -> Setup {
    let flags = [
        ("--worker-ready", "^ok> $"),
        ("--workers", "1"),
        ("--worker-timeout-ms", timeout_ms),
    ];
    workers(MOODY, &flags)
}

#[tokio::test]
async fn k5_a_worker_that_dies_is_replaced_and_what_it_said_is_told() {
    let site = Site::start_with(Door::Open, moody("20000"));
    assert_eq!(reply(&site, "hello").await, "heard hello");
    let first = running(&site).await;
    let answer = ask(&site, "die").await;
    let problem = answer.problem(502);
    assert_eq!(problem.code, "worker_died");
    let body: Value = answer.value();
    assert_eq!(
        (&body["response"], &body["worker"]),
        (&json!("dying"), &json!(first[0]))
    );
    assert_eq!(reply(&site, "again").await, "heard again");
    assert_ne!(running(&site).await, first);
    // One that dies while nobody asks is replaced as well.
    let idle = running(&site).await;
    let gone = site
        .owner(Call::delete(&format!("/api/v1/sessions/{}", idle[0])))
        .await;
    assert_eq!(gone.status, 204);
    assert_eq!(reply(&site, "still").await, "heard still");
}

#[tokio::test]
async fn k5_a_worker_that_never_finishes_is_a_504_with_what_came_and_a_full_pool_a_503() {
    let site = Site::start_with(Door::Token, moody("3000"));
    assert_eq!(reply(&site, "hello").await, "heard hello");
    let first = running(&site).await;
    let asking = ask(&site, "hang");
    let meanwhile = async {
        eventually("the question at the worker", || async {
            let text = String::from_utf8(site.output(first[0].parse().unwrap()).await).unwrap();
            text.contains("begun").then_some(())
        })
        .await;
        let refused = ask(&site, "me too").await;
        assert_eq!(refused.problem(503).code, "workers_busy");
        assert!(
            refused
                .header("retry-after")
                .is_some_and(|s| s.parse::<u32>().is_ok())
        );
        let info = site.curl(&ping_line(&site)).await.json();
        assert_eq!(info["workers"], json!({ "size": 1, "ready": 0, "busy": 1 }));
    };
    let (answer, ()) = tokio::join!(asking, meanwhile);
    assert_eq!(answer.problem(504).code, "worker_timeout");
    assert_eq!(answer.value()["response"], "begun");
    assert_eq!(reply(&site, "hello").await, "heard hello");
    assert_ne!(
        running(&site).await,
        first,
        "nobody knows what the old one would say next"
    );
}

#[tokio::test]
async fn k5_a_command_that_does_not_start_is_told_and_leaves_no_sessions_behind() {
    let command = "echo no such licence; exit 4";
    let site = Site::start_with(Door::Token, workers(command, &[("--workers", "1")]));
    let answer = ask(&site, "hello").await;
    let problem = answer.problem(503);
    assert_eq!(problem.code, "workers_not_ready");
    assert!(problem.detail.contains("no such licence"), "{}", problem.detail);
    assert!(answer.header("retry-after").is_some());
    let health: Value = site.owner(Call::get("/api/v1/health")).await.value();
    let check = health["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "workers")
        .unwrap();
    assert_eq!(check["status"], "degraded");
    eventually("no session", || async {
        site.sessions().await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn k5_workers_end_with_the_server_and_those_of_a_killed_one_with_the_next() {
    let mut site = Site::start_with(Door::Token, moody("20000"));
    assert_eq!(reply(&site, "hello").await, "heard hello");
    let first = running(&site).await;
    site.server.kill();
    site.server.start_again();
    assert_eq!(reply(&site, "hello").await, "heard hello");
    let alone = || async {
        let now = running(&site).await;
        (now.len() == 1 && now != first).then_some(now)
    };
    let second = eventually("the old worker's end", alone).await;
    let holder = site.server.holder(second[0].parse().unwrap());
    let pidfd = crate::harness::Pidfd::open(holder).unwrap();
    site.server.stop();
    assert!(pidfd.ended_within(LONG), "no worker outlives its pool");
}
