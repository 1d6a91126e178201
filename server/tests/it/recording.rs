//! The recording of input (row P11): only where it was switched on, said to whoever types, and without what programs
//! ask for in secret.

use std::fs::{self, File};
use std::path::Path;

use rustix::termios::{LocalModes, tcgetattr};
use sempre_protocol::SessionId;
use sempre_protocol::recording::{RecordedInput, RecordedKind};
use serde_json::json;

use crate::harness::{Call, Server, Setup, data_dir_modes, eventually};

async fn recording(server: &Server, id: SessionId) -> Vec<RecordedInput> {
    let answer = server
        .get(&format!("/api/v1/sessions/{id}/input-recording"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let text = answer.text();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// All that was typed, as text; `…` for what was withheld.
fn typed(recording: &[RecordedInput]) -> String {
    let parts = recording.iter().map(|entry| match (entry.kind, &entry.data) {
        (RecordedKind::Input, Some(data)) => String::from_utf8_lossy(&data.0).into_owned(),
        (RecordedKind::Withheld, None) => "…".to_owned(),
        other => panic!("{other:?}"),
    });
    parts.collect()
}

/// Waits until the program in the foreground has turned the echo of its terminal off and still reads lines.
async fn hides(server: &Server, id: SessionId) {
    let pid = server.info(id).await.pid.unwrap();
    eventually("the program to hide what is typed", || async {
        let terminal = File::open(format!("/proc/{pid}/fd/0")).unwrap();
        let modes = tcgetattr(terminal).unwrap().local_modes;
        (modes.contains(LocalModes::ICANON) && !modes.contains(LocalModes::ECHO)).then_some(())
    })
    .await;
}

/// Whether a file at or below `path` holds these bytes.
fn is_below(path: &Path, needle: &[u8]) -> bool {
    if path.is_dir() {
        let mut entries = fs::read_dir(path).unwrap();
        return entries.any(|entry| is_below(&entry.unwrap().path(), needle));
    }
    // A socket cannot be read.
    let bytes = fs::read(path).unwrap_or_default();
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn p11_what_is_typed_into_a_recorded_session_can_be_read_and_everyone_is_told() {
    let server = Setup::new().start();
    let id = server
        .create(json!({ "shell": "bash", "record_input": true }))
        .await;
    assert!(server.info(id).await.records_input && server.list().await[0].records_input);
    let mut viewer = server.attach(id, "").await;
    assert!(viewer.hello.records_input);
    viewer.run("echo told=$SEMPRE_RECORDS_INPUT").await;
    assert!(server.output_text(id).await.contains("told=1\r\n"));
    let mut other = server.attach(id, "").await;
    other.type_in("true\r").await;
    other.until_acked().await;
    let entries = recording(&server, id).await;
    let text = typed(&entries);
    assert!(text.contains("echo told=$SEMPRE_RECORDS_INPUT"), "{text}");
    assert!(text.ends_with("true\r"), "{text}");
    let writers: Vec<_> = entries.iter().map(|entry| entry.writer.unwrap()).collect();
    assert_eq!((writers.first(), writers.last()), (Some(&1), Some(&2)));
    let started = entries[0].time_ms.unwrap();
    assert!(entries.iter().all(|entry| entry.time_ms.unwrap() >= started));
    assert_eq!(data_dir_modes(&server.dir().data()), [""; 0]);
}

#[tokio::test]
async fn p11_nothing_is_recorded_by_itself() {
    let server = Setup::new().start();
    let id = server
        .create(json!({ "shell": "bash", "env": { "SEMPRE_RECORDS_INPUT": "1" } }))
        .await;
    assert!(!server.info(id).await.records_input);
    let mut viewer = server.attach(id, "").await;
    assert!(!viewer.hello.records_input);
    viewer.run("echo told=\"[$SEMPRE_RECORDS_INPUT]\"").await;
    assert!(server.output_text(id).await.contains("told=[]\r\n"));
    let answer = server
        .get(&format!("/api/v1/sessions/{id}/input-recording"))
        .await;
    assert_eq!(answer.problem(404).code, "input_not_recorded");
    assert!(!server.session_dir(id).join("input.rec").exists());
}

/// What a program asks for without echo is nowhere on the disk, also if the server goes while it is typed.
#[tokio::test]
async fn p11_a_secret_is_withheld_through_a_restart_of_the_server() {
    let mut server = Setup::new().start();
    let id = server
        .create(json!({ "shell": "bash", "record_input": true }))
        .await;
    let mut viewer = server.attach(id, "").await;
    viewer.run("echo visible-before").await;
    // The question comes when the line that asks it is recorded: else that line may be taken for a part of the answer.
    let go = server.home().join("go");
    viewer
        .type_in(&format!(
            "until [ -e '{}' ]; do sleep 0.05; done; read -s -p 'Password: ' secret; echo \"got ${{#secret}}\"\r",
            go.display()
        ))
        .await;
    viewer.until_acked().await;
    fs::write(go, "").unwrap();
    hides(&server, id).await;
    viewer.type_in("correct-horse").await;
    viewer.until_acked().await;
    server.kill();
    server.start_again();
    let mut viewer = server.attach(id, "").await;
    viewer.type_in("-battery\r").await;
    viewer.until_output("got 21\r\n").await;
    viewer.run("echo visible-after").await;
    let text = typed(&recording(&server, id).await);
    assert!(
        text.contains("echo \"got ${#secret}\"\r…") && text.contains("visible-after"),
        "{text}"
    );
    assert_eq!(
        text.matches('…').count(),
        1,
        "not even how often keys were hit: {text}"
    );
    for secret in ["correct-horse", "-battery"] {
        assert!(!is_below(&server.dir().data(), secret.as_bytes()), "{secret}");
    }
    assert!(is_below(&server.session_dir(id), b"visible-before"));
}

/// As programs do that ask for a password, such as `stty -echo; cat` or sudo; and then they echo again.
#[tokio::test]
async fn p11_a_program_that_turns_its_echo_off_is_told_a_secret() {
    let server = Setup::new().start();
    let script = "stty -echo; echo Password:; read -r secret; stty echo; echo shown; cat";
    let request = json!({ "cmd": ["sh", "-c", script], "record_input": true });
    let id = server.create(request).await;
    let mut viewer = server.attach(id, "").await;
    viewer.until_output("Password:").await;
    viewer.type_in("correct-horse\r").await;
    viewer.until_output("shown").await;
    viewer.type_in("in the open\r").await;
    viewer.until_output("in the open").await;
    assert_eq!(typed(&recording(&server, id).await), "…in the open\r");
    assert!(!is_below(&server.session_dir(id), b"correct-horse"));
}

#[tokio::test]
async fn p11_what_programs_send_is_recorded_and_gone_with_the_session() {
    let server = Setup::new().start();
    let request = json!({ "cmd": ["cat"], "record_input": true });
    let id = server.create(request).await;
    let send = Call::post(&format!("/api/v1/sessions/{id}/input"))
        .json(&json!({ "data": "by a program", "enter": true }));
    assert_eq!(server.ask(send).await.status, 200);
    eventually("the input to arrive", || async {
        (typed(&recording(&server, id).await) == "by a program\r").then_some(())
    })
    .await;
    server.delete(id).await;
    server.ended(id).await;
    assert_eq!(
        typed(&recording(&server, id).await),
        "by a program\r",
        "kept as the output is"
    );
    server.delete(id).await;
    assert!(!server.session_dir(id).exists());
}

#[tokio::test]
async fn p11_the_server_has_the_last_word_on_what_is_recorded() {
    let server = Setup::new().start();
    let wanted = json!({ "cmd": ["cat"], "record_input": true });
    let unwanted = json!({ "cmd": ["cat"], "record_input": false });
    let unsaid = json!({ "cmd": ["cat"] });
    let recorded = server.create(wanted.clone()).await;
    server.delete(recorded).await;
    server.ended(recorded).await;

    let mut server = server;
    server.stop();
    let mut server = server.again_with(Setup::new().arg("--record-input").arg("never"));
    let problem = server.try_create(&wanted).await.problem(403);
    assert_eq!(problem.code, "record_input_refused");
    assert!(
        problem.detail.contains("--record-input never"),
        "{}",
        problem.detail
    );
    let id = server.create(unsaid.clone()).await;
    assert!(!server.info(id).await.records_input);
    assert!(
        !again(&server, recorded).await,
        "also not by starting a recorded one again"
    );

    server.stop();
    let server = server.again_with(Setup::new().env("SEMPRE_RECORD_INPUT", "always"));
    assert_eq!(
        server.try_create(&unwanted).await.problem(403).code,
        "record_input_refused"
    );
    let id = server.create(unsaid).await;
    assert!(server.info(id).await.records_input);
    assert!(again(&server, recorded).await);
}

/// Starts an ended session again; whether what is typed into it is recorded.
async fn again(server: &Server, id: SessionId) -> bool {
    let restart = Call::post(&format!("/api/v1/sessions/{id}/restart"));
    let answer = server.ask(restart).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.value()["records_input"].as_bool().unwrap()
}
