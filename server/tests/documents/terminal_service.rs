//! The first document: sessions by HTTP, terminals by WebSocket (rows T1 to T8).

use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;
use serde_json::{Value, json};

use crate::harness::{Call, eventually};
use crate::site::{Door, Fetched, OPENING, Site, word_for_word};

const HOST: &str = "localhost:8081";

/// The document's curl line, written for PowerShell: its names and line ends are the shell's.
fn curl_line(site: &Site) -> String {
    let line = site.document("001/create.curl", HOST);
    line.replace("curl.exe", "curl").replace("`\n", "\\\n")
}

/// A Python program of the document, with its session and, where the address can say more, the token.
fn program(site: &Site, text: &str, session: SessionId) -> String {
    let token = site.token();
    let text = text.replace("YOUR_SESSION_ID_HERE", &session.to_string());
    match token {
        None => text,
        Some(token) => text
            .replace("{session_id}?", &format!("{{session_id}}?token={token}&"))
            .replace(
                "terminal/{session_id}\"",
                &format!("terminal/{{session_id}}?token={token}\""),
            ),
    }
}

/// A line of PowerShell's `Invoke-RestMethod`, as curl.
async fn invoke(site: &Site, line: &str, variable: &mut Value) -> Fetched {
    let words = words(line);
    let after = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1).cloned()
    };
    let id = variable["session_id"].as_str().unwrap_or_default();
    let uri = after("-Uri").unwrap().replace("$($s.session_id)", id);
    let method = after("-Method").unwrap_or_else(|| "GET".into()).to_uppercase();
    let mut curl = format!("curl -X {method} {uri}");
    if let (Some(body), Some(kind)) = (after("-Body"), after("-ContentType")) {
        curl.push_str(&format!(" -H 'Content-Type: {kind}' -d '{body}'"));
    }
    let fetched = site.curl(&curl).await;
    if line.starts_with("$s = ") && fetched.status < 300 {
        *variable = fetched.json();
    }
    fetched
}

/// The words of a line; what stands in quotes is one.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '"' | '\'' => rest[1..].split_once(first).unwrap(),
            _ => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

fn invocations(site: &Site) -> Vec<String> {
    let text = site.document("001/quick_reference.ps1", HOST);
    let lines = text.lines().filter(|line| line.contains("Invoke-RestMethod"));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn t1_t4_the_documents_quick_reference_works() {
    for door in OPENING {
        let site = Site::start(door);
        let lines = invocations(&site);
        let [create, show, list, resize, delete, health] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        let mut session = Value::Null;
        assert_eq!(invoke(&site, create, &mut session).await.status, 201);
        let id = session["session_id"].as_str().unwrap().to_owned();
        assert_eq!(session["websocket_url"], format!("/ws/terminal/{id}"));
        let shown = invoke(&site, show, &mut session).await.json();
        for field in [
            "session_id",
            "shell",
            "pid",
            "rows",
            "cols",
            "uptime",
            "last_activity",
        ] {
            assert!(!shown[field].is_null(), "{field} in {shown}");
        }
        let listed = invoke(&site, list, &mut session).await.json();
        assert_eq!(listed[0]["session_id"], id);
        let resized = invoke(&site, resize, &mut session).await.json();
        assert_eq!((&resized["rows"], &resized["cols"]), (&json!(40), &json!(160)));
        let health_now = invoke(&site, health, &mut session).await.json();
        assert_eq!(health_now["active_sessions"], 1);
        assert_eq!(invoke(&site, delete, &mut session).await.status, 204);
        let gone = invoke(&site, show, &mut session).await.json();
        assert!(gone["pid"].is_null(), "{gone}");
    }
}

#[tokio::test]
async fn t1_t4_without_the_token_the_quick_reference_changes_nothing() {
    let site = Site::start(Door::Stranger);
    let session = site.session(&json!({ "cmd": ["cat"] })).await;
    let mut variable = json!({ "session_id": session.session_id });
    for line in invocations(&site) {
        let fetched = invoke(&site, &line, &mut variable).await;
        assert_eq!(fetched.status, 401, "{line}");
    }
    assert_eq!(site.curl(&curl_line(&site)).await.status, 401);
    let after = site.sessions().await;
    assert_eq!(after.len(), 1);
    assert_eq!((after[0].pid, after[0].rows), (session.pid, session.rows));
}

#[tokio::test]
async fn t2_the_documents_curl_line_and_custom_session_work() {
    for door in OPENING {
        let site = Site::start(door);
        let created: SessionInfo = serde_json::from_value(site.curl(&curl_line(&site)).await.json()).unwrap();
        assert_eq!((created.rows, created.cols), (30, 120));
        assert_eq!(created.shell, "powershell");
        let text = format!(
            "{}\nimport json, urllib.request\nheaders = {{'Content-Type': 'application/json'{}}}\n\
             request = urllib.request.Request('http://{}/api/v1/sessions', json.dumps(custom_session).encode(), headers)\n\
             print(urllib.request.urlopen(request).read().decode())\n",
            word_for_word("001/custom_session.py"),
            site.token()
                .map(|token| format!(", 'Authorization': 'Bearer {token}'"))
                .unwrap_or_default(),
            site.server.address()
        );
        let (right, said) = site.python(&text).end().await;
        assert!(right, "{said}");
        let session: SessionInfo = serde_json::from_str(said.lines().next().unwrap()).unwrap();
        assert_eq!((session.rows, session.cols), (40, 160));
        assert_eq!(session.user_id.as_deref(), Some("user123"));
        let connect = site.document("001/connect.py", HOST).replace(
            "echo 'Hello from terminal!'",
            "echo $CUSTOM_VAR-is-it ${PATH%%:*}-first; test -x /bin/sh && type sh >/dev/null && echo found-$((40+2))",
        );
        let mut client = site.python(&program(&site, &connect, session.session_id));
        client
            .until("the environment", |text| {
                text.contains("production-is-it /custom/path-first") && text.contains("found-42")
            })
            .await;
        client.stop().await;
    }
}

#[tokio::test]
async fn t5_the_documents_client_types_and_reads() {
    for door in OPENING {
        let site = Site::start(door);
        let session = site.session(&json!({ "shell": "powershell" })).await;
        let text = site.document("001/connect.py", HOST);
        let mut client = site.python(&program(&site, &text, session.session_id));
        // Once as it was typed, once as the shell answers.
        client
            .until("the answer", |text| {
                text.matches("Hello from terminal!").count() >= 2
            })
            .await;
        assert!(
            client
                .printed
                .contains(&format!("Connected to session: {}", session.session_id))
        );
        client.stop().await;
    }
}

#[tokio::test]
async fn t5_without_the_token_the_documents_client_gets_no_terminal() {
    let site = Site::start(Door::Stranger);
    let session = site.session(&json!({ "cmd": ["cat"] })).await;
    let text = site.document("001/connect.py", HOST);
    let (connected, said) = site
        .python(&program(&site, &text, session.session_id))
        .end()
        .await;
    assert!(!connected && said.contains("401"), "{said}");
    assert!(!said.contains("Connected"), "{said}");
    assert_eq!(site.output(session.session_id).await, b"");
    assert_eq!(site.sessions().await[0].viewers, 0);
}

/// The document's recorder, whose address and session are the ones its other programs name.
fn recorder(site: &Site, session: SessionId, uri: &str) -> String {
    let record = word_for_word("001/record.py");
    let indented: String = record.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "import asyncio, websockets, json, base64\nsession_id = \"{session}\"\n{uri}\nasync def main():\n{indented}\
         \nasyncio.run(main())\n"
    );
    program(site, &text, session)
}

#[tokio::test]
async fn t8_the_documents_recorder_writes_every_byte() {
    for door in OPENING {
        let site = Site::start(door);
        let script = "printf 'a\\377b\\n'; seq 1 5000; read go; seq 1 5000 | sed s/^/second-/";
        let session = site.session(&json!({ "cmd": ["sh", "-c", script] })).await;
        let id = session.session_id;
        let uri = format!(
            "uri = f\"ws://{}/ws/terminal/{{session_id}}\"",
            site.server.address()
        );
        let recorder = site.python(&recorder(&site, id, &uri));
        eventually("the recorder", || async {
            (site.sessions().await[0].viewers == 1).then_some(())
        })
        .await;
        let text = site.document("001/connect.py", HOST);
        let mut client = site.python(&program(&site, &text, id));
        client
            .until("the same output", |text| text.contains("second-5000"))
            .await;
        let (right, said) = recorder.end().await;
        assert!(right, "{said}");
        let recorded = std::fs::read(site.directory().join(format!("session_{id}.log"))).unwrap();
        crate::harness::assert_same(&recorded, &site.output(id).await, "the recording");
        client.stop().await;
    }
}

#[tokio::test]
async fn t6_the_documents_recovery_brings_what_was_missed() {
    for door in OPENING {
        let site = Site::start(door);
        let script = "echo before; read go; read go; echo then; read go; echo while-away; sleep 600";
        let session = site.session(&json!({ "cmd": ["sh", "-c", script] })).await;
        let id = session.session_id;
        let wrote = |what: &'static str| {
            let site = &site;
            eventually(what, move || async move {
                let output = String::from_utf8_lossy(&site.output(id).await).into_owned();
                output.contains(what).then_some(())
            })
        };
        wrote("before").await;
        let connect = site.document("001/connect.py", HOST);
        // Its command is an empty line here.
        let first = connect.replace("echo 'Hello from terminal!'\\n", "\\n");
        let mut client = site.python(&program(&site, &first, id));
        client
            .until("what was there", |text| text.contains("before"))
            .await;
        let go = Call::post(&format!("/api/v1/sessions/{id}/input")).json(&json!({ "data": "\n" }));
        assert_eq!(site.owner(go).await.status, 200);
        // Its side of the connection has confirmed what came before, ahead of what it shows now.
        client.until("the answer", |text| text.contains("then")).await;
        client.stop().await;
        eventually("its leaving", || async {
            (site.sessions().await[0].viewers == 0).then_some(())
        })
        .await;
        // Its address is the document's for coming back.
        let recover = site.document("001/recover.py", HOST);
        let uri = recover.lines().last().unwrap();
        let second = first.replace("    uri = f\"ws", &format!("    {uri}\n    unused = f\"ws"));
        let mut client = site.python(&program(&site, &second, id));
        client
            .until("what was missed", |text| text.contains("while-away"))
            .await;
        assert!(!client.printed.contains("before"), "{}", client.printed);
        client.stop().await;
    }
}
