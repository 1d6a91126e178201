//! Below a path of a host: cookies, addresses and pages say so, whether a proxy passes the path on or takes it off.

use serde_json::json;

use crate::harness::{Call, Server, Setup};

const BASE: &str = "/tools/sempre";

fn below() -> Server {
    // A slash at the end changes nothing.
    Setup::new().arg("--base-path").arg(format!("{BASE}/")).start()
}

#[tokio::test]
async fn every_address_in_an_answer_is_below_the_path() {
    let server = below();
    let url = format!("http://{}{BASE}/", server.address());
    assert!(server.stdout().contains(&url), "{}", server.stdout());
    for prefix in ["", BASE] {
        let create = Call::post(&format!("{prefix}/api/v1/sessions")).json(&json!({ "cmd": ["cat"] }));
        let created = server.ask(create).await.value();
        let id = created["session_id"].as_str().unwrap();
        assert_eq!(created["attach_url"], format!("{BASE}/ws/sessions/{id}"));
        assert_eq!(created["websocket_url"], format!("{BASE}/ws/terminal/{id}"));
        assert_eq!(created["page_url"], format!("{BASE}/t/{id}"));
        let share = Call::post(&format!("{prefix}/api/v1/sessions/{id}/shares"));
        let share = server.ask(share.json(&json!({ "role": "viewer" }))).await.value();
        let link = share["url"].as_str().unwrap().strip_prefix(BASE);
        let link = link.expect("a link is below the path");
        let open = Call::get(&format!("{prefix}{link}")).page();
        let opened = open.send(server.address()).await.text();
        assert!(opened.contains(&format!("url={BASE}/t/{id}\"")), "{opened}");
    }
}

#[tokio::test]
async fn t12_the_description_of_the_api_names_the_path() {
    let server = below();
    let described = server.get(&format!("{BASE}/api/v1/openapi.json")).await.value();
    assert_eq!(described["servers"], json!([{ "url": BASE }]));
    let page = server.get(&format!("{BASE}/docs")).await.text();
    assert!(page.contains("href=\"api/v1/openapi.json\""), "{page}");
}

#[tokio::test]
async fn logins_are_for_the_path_and_lead_back_into_it() {
    let server = below();
    let asked = Call::get(&format!("{BASE}/health")).page();
    let asked = asked.send(server.address()).await;
    assert_eq!(asked.status, 401);
    let form = asked.text();
    assert!(form.contains(&format!("action=\"{BASE}/login\"")), "{form}");
    assert!(form.contains(&format!("value=\"{BASE}/health\"")), "{form}");
    assert!(
        !form.contains("=\"/favicon") && !form.contains("=\"/assets"),
        "{form}"
    );
    for (next, leads_to) in [
        (format!("{BASE}/health"), "/health"),
        ("/mail/".to_owned(), "/"),
        (format!("{BASE}/../mail/"), "/"),
        (String::new(), "/"),
    ] {
        let body = format!("token={}&next={next}", server.token());
        let login = Call::post(&format!("{BASE}/login")).body("application/x-www-form-urlencoded", body);
        let answer = login.send(server.address()).await;
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.contains(&format!("; Path={BASE}/;")), "{cookie}");
        let page = answer.text();
        assert!(page.contains(&format!("url={BASE}{leads_to}\"")), "{page}");
    }
}

#[tokio::test]
async fn only_the_whole_path_is_taken_off() {
    let server = below();
    let bare = Call::get(&format!("{BASE}?a=b")).send(server.address()).await;
    assert_eq!(bare.status, 308);
    assert_eq!(bare.header("location"), Some(&*format!("{BASE}/?a=b")));
    for path in [
        format!("{BASE}x/api/v1/sessions"),
        format!("{BASE}{BASE}/api/v1/sessions"),
    ] {
        // 501: the page was not built in.
        let status = server.get(&path).await.status;
        assert!(matches!(status, 404 | 501), "{path}: {status}");
    }
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let setup = Setup::new().arg("--base-path=sempre");
    let (_, said) = setup.fails(&temp.path().join("data"));
    assert!(said.contains("\"sempre\"") && said.contains("/sempre"), "{said}");
}
