//! Input and signals of programs.

use sempre_protocol::programs::InputTaken;
use serde_json::json;

use super::{post, waited};
use crate::harness::Setup;

#[tokio::test]
async fn t8_input_of_programs_and_people_goes_to_one_session() {
    let server = Setup::new().start();
    let id = server.script("stty raw -echo; echo ready; cat -v").await;
    waited(&server, id, json!({ "for": "text", "value": "ready", "from": 0 })).await;
    let mut viewer = server.attach(id, "").await;
    let bytes = json!({ "data_b64": "AQKA/w==" });
    let taken: InputTaken = post(&server, id, "input", bytes).await.json();
    assert_eq!((taken.written, taken.held), (4, 0));
    viewer.until_output("^A^BM-^@M-^?").await;
    for n in 0..20 {
        post(&server, id, "input", json!({ "data": format!("<{n}>") })).await;
    }
    viewer
        .until_output("<0><1><2><3><4><5><6><7><8><9><10><11><12><13><14><15><16><17><18><19>")
        .await;
    for wrong in [
        json!({}),
        json!({ "data": "a", "data_b64": "YQ==" }),
        json!({ "data_b64": "?" }),
        json!({ "data": "x".repeat(300_000) }),
    ] {
        let refused = post(&server, id, "input", wrong).await;
        assert_eq!(refused.problem(422).code, "invalid_field");
    }
    let unknown = post(&server, id, "input", json!({ "text": "a" })).await;
    assert_eq!(unknown.problem(422).code, "bad_body");
}

#[tokio::test]
async fn input_nobody_reads_is_held() {
    let server = Setup::new().start();
    let id = server.script("stty raw -echo; echo ready; sleep 1000").await;
    waited(&server, id, json!({ "for": "text", "value": "ready", "from": 0 })).await;
    let taken: InputTaken = post(&server, id, "input", json!({ "data": "y".repeat(200_000) }))
        .await
        .json();
    assert_eq!(taken.written + taken.held, 200_000);
    assert!(taken.held > 0, "{taken:?}");
}

#[tokio::test]
async fn a_signal_reaches_what_is_in_front() {
    let server = Setup::new().start();
    let id = server
        .script("trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done")
        .await;
    waited(&server, id, json!({ "for": "text", "value": "ready", "from": 0 })).await;
    let sent = post(&server, id, "signal", json!({ "signal": "INT" })).await;
    assert_eq!(sent.status, 204, "{}", sent.text());
    let exit = waited(&server, id, json!({ "for": "exit" })).await;
    assert_eq!(serde_json::to_value(exit.exit).unwrap(), json!({ "code": 5 }));
    assert_eq!(
        post(&server, id, "signal", json!({ "signal": "STOP" }))
            .await
            .problem(422)
            .code,
        "bad_body"
    );
}
