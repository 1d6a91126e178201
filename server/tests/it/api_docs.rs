//! What `docs/api.md` shows is run as it stands; the description of the API is served (row T12).

use std::process::Command;

use crate::harness::{Call, Setup};

const PAGE: &str = include_str!("../../../docs/api.md");

/// The lines of all blocks marked as shell.
fn script() -> String {
    let mut lines = vec!["set -eu"];
    let mut inside = false;
    for line in PAGE.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => lines.push(line),
            _ => {}
        }
    }
    lines.join("\n")
}

#[tokio::test]
async fn the_lines_of_the_page_run_as_they_stand() {
    let server = Setup::new().start();
    let work = server.home().join("work");
    std::fs::create_dir(&work).unwrap();
    let mut command = Command::new("bash");
    command.arg("-c").arg(script()).current_dir(&work);
    command.env("SEMPRE", format!("http://{}", server.address()));
    command.env("TOKEN", server.token());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}\n--- and on standard error\n{complained}"
    );
    for expected in [
        "\"output\":\"bin\",\"exit_code\":0",
        "\"groups\":[\"42\"]",
        "\"written\":1",
        "event: state",
        " sleep 1000\n",
    ] {
        assert!(said.contains(expected), "no {expected} in\n{said}");
    }
    let html = std::fs::read_to_string(work.join("screen.html")).unwrap();
    assert!(html.starts_with("<pre class=\"sempre-screen\""), "{html}");
    assert!(std::fs::metadata(work.join("session.out")).unwrap().len() > 100);
}

#[tokio::test]
async fn t12_the_description_is_served_to_who_is_let_in() {
    let server = Setup::new().start();
    let described = server.get("/api/v1/openapi.json").await.value();
    assert_eq!(described["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(described["paths"]["/api/v1/sessions/{id}/run"]["post"].is_object());
    let page = server.get("/docs").await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(!page.text().contains("<script") && page.text().contains("/api/v1/sessions/{id}/wait"));
    for path in ["/docs", "/api/v1/openapi.json"] {
        let stranger = Call::get(path).send(server.address()).await;
        assert_eq!(stranger.problem(401).code, "unauthorized");
    }
}
