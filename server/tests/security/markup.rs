//! Text from programs and clients is never markup in a page the server renders. What the browser makes of it is in
//! `end2end/tests/markup.spec.ts`.

use serde_json::json;

use crate::harness::{Call, Setup};

const HOSTILE: &str = "</title></script><img src=x onerror=alert(1)>\"'";

#[tokio::test]
async fn titles_names_directories_and_labels_are_text_in_every_page() {
    let server = Setup::new().start();
    let directory = server.home().join("<img src=x onerror=alert(1)>");
    std::fs::create_dir(&directory).unwrap();
    let id = server
        .create(json!({
            "cmd": ["sh", "-c", "printf '\\033]2;%s\\007ready' \"$0\"; cat", HOSTILE],
            "cwd": directory,
            "group": HOSTILE,
            "user_id": HOSTILE,
            "labels": { "story": HOSTILE },
        }))
        .await;
    let titled = server.until(id, "the title", |info| info.title.is_some()).await;
    assert!(titled.title.unwrap().contains("onerror"));
    for path in [
        "/".to_owned(),
        format!("/s/{id}"),
        format!("/t/{id}"),
        format!("/t/new?story={}", "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"),
        "/%3Cimg%20src=x%20onerror=alert(1)%3E".to_owned(),
    ] {
        let page = server.ask(Call::get(&path).page()).await.text();
        assert!(!page.contains("<img src=x"), "{path}: {page}");
    }
}

#[tokio::test]
async fn a_login_page_repeats_nothing_as_markup() {
    let server = Setup::new().start();
    for target in ["/%22%3E%3Cimg%20src=x%3E", "/\"><img/src=x>"] {
        let page = Call::get(target).page().send(server.address()).await;
        assert!(!page.text().contains("<img"), "{}", page.text());
    }
    let form = Call::post("/login").body(
        "application/x-www-form-urlencoded",
        "token=x&user=%3Cimg%20src%3Dx%3E&next=%2F%22%3E%3Cimg%20src%3Dx%3E",
    );
    let page = form.send(server.address()).await;
    assert!(!page.text().contains("<img"), "{}", page.text());
    // An error is not a page, whatever it repeats.
    let problem = server.get("/api/v1/%3Cimg%20src=x%3E").await;
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    assert_eq!(problem.header("x-content-type-options"), Some("nosniff"));
}
