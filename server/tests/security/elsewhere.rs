//! Logging in at someone else's login page (OpenID Connect): who begins finishes, once, in time, and only if meant.

use serde_json::{Value, json};

use super::people::{cookie_of, user};
use super::provider::{CLIENT, Provider, SECRET};
use crate::harness::{Answer, Call, Server, Setup};

/// A server whose people log in at `provider`, as `flags` say.
pub(crate) fn at(provider: &Provider, flags: &[&str]) -> (tempfile::TempDir, Setup) {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let secret = temp.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let setup = Setup::new()
        .arg("--oidc-issuer")
        .arg(provider.issuer())
        .arg("--oidc-client-id")
        .arg(CLIENT)
        .arg("--oidc-client-secret-file")
        .arg(secret);
    (temp, flags.iter().fold(setup, |setup, flag| setup.arg(*flag)))
}

/// A login on its way: the cookie of the browser, and the path the provider led it back to.
struct Underway {
    cookie: String,
    back: String,
}

impl Underway {
    async fn back(&self, server: &Server) -> Answer {
        let call = Call::get(&self.back).page().header("cookie", &self.cookie);
        call.header("sec-fetch-site", "cross-site")
            .send(server.address())
            .await
    }
}

/// The path of an address on a server of these tests.
pub(crate) fn path_of(url: &str) -> String {
    let rest = url.split_once("://").unwrap().1;
    format!("/{}", rest.split_once('/').unwrap().1)
}

pub(crate) fn address_of(url: &str) -> std::net::SocketAddr {
    let rest = url.split_once("://").unwrap().1;
    rest.split('/').next().unwrap().parse().unwrap()
}

async fn begin(server: &Server, next: &str) -> Answer {
    let begin = Call::get(&format!("/oidc/login?next={next}")).page();
    begin.send(server.address()).await
}

/// Begins at the server and logs in at the provider.
async fn underway(server: &Server) -> Underway {
    let out = begin(server, "/s/x%3Fa%3Db").await;
    assert_eq!(out.status, 303, "{}", out.text());
    let url = out.header("location").unwrap();
    let back = Call::get(&path_of(url)).send(address_of(url)).await;
    assert_eq!(back.status, 303, "{}", back.text());
    Underway {
        cookie: cookie_of(&out),
        back: path_of(back.header("location").unwrap()),
    }
}

pub(crate) fn sets_login(answer: &Answer) -> bool {
    let mut cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    cookies.any(|(_, cookie)| cookie.contains("SameSite=Strict"))
}

async fn refused(server: &Server, login: &Underway, status: u16, said: &str) {
    let answer = login.back(server).await;
    assert!(!sets_login(&answer), "{:?}", answer.headers);
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(said), "no {said:?} in {}", answer.text());
}

#[tokio::test]
async fn t10_who_logs_in_at_the_provider_is_logged_in_here() {
    let provider = Provider::start();
    let (_secret, setup) = at(&provider, &["--oidc-allowed-users", "ada@example.org"]);
    let server = setup.start();
    let page = Call::get("/s/x").page().send(server.address()).await;
    assert!(
        page.text().contains("/oidc/login?next=%2Fs%2Fx"),
        "{}",
        page.text()
    );
    let out = begin(&server, "/").await;
    let cookie = out.header("set-cookie").unwrap();
    for attribute in [
        "; Path=/oidc/callback;",
        "; Max-Age=600",
        "; HttpOnly",
        "; SameSite=Lax",
    ] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let login = underway(&server).await;
    let answer = login.back(&server).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("url=/s/x?a=b\""), "{}", answer.text());
    assert!(sets_login(&answer));
    let cookie = cookie_of(&answer);
    let create = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"] }));
    let create = create
        .header("cookie", &cookie)
        .header("origin", format!("http://{}", server.address()));
    let created = create.send(server.address()).await;
    assert_eq!(created.value()["owner"], "ada@example.org", "{}", created.text());
    let logins = server.get("/api/v1/logins").await.value();
    assert_eq!(logins[0]["name"], "ada@example.org", "{logins}");
    let audit = server.get("/api/v1/audit").await.text();
    assert!(!audit.contains("code-") && !audit.contains("eyJ"), "{audit}");
}

#[tokio::test]
async fn t10_a_login_is_finished_only_by_the_browser_that_began_it_and_once() {
    let provider = Provider::start();
    let (_secret, setup) = at(&provider, &["--oidc-allowed-groups", "crew"]);
    let mut server = setup.start();
    let not_begun = "was not begun in this browser";
    // Another's state, another's cookie, no cookie, one that was made up.
    let (one, two) = (underway(&server).await, underway(&server).await);
    for cookie in [two.cookie.clone(), String::new(), format!("{}x", one.cookie)] {
        let login = Underway {
            cookie,
            back: one.back.clone(),
        };
        refused(&server, &login, 400, not_begun).await;
    }
    let (path, _) = one.back.split_once("state=").unwrap();
    let login = Underway {
        cookie: one.cookie.clone(),
        back: format!("{path}state="),
    };
    refused(&server, &login, 400, not_begun).await;
    // The code was not spent on any of them; it works once.
    let answer = one.back(&server).await;
    assert!(sets_login(&answer), "{}", answer.text());
    assert!(
        answer.headers.iter().any(|(_, value)| value.contains("-oidc=; ")),
        "{:?}",
        answer.headers
    );
    refused(&server, &one, 401, "invalid_grant").await;
    // A login the server does not remember, as one that took too long.
    server.kill();
    server.start_again();
    refused(&server, &two, 400, not_begun).await;
}

#[tokio::test]
async fn t10_the_providers_word_must_be_about_this_login_and_this_server() {
    let provider = Provider::start();
    let (_secret, setup) = at(&provider, &["--oidc-allowed-groups", "crew"]);
    let server = setup.start();
    for (claims, status, said) in [
        (json!({ "nonce": "another" }), 401, "about another login"),
        (json!({ "nonce": null }), 401, "about another login"),
        (json!({ "iss": "https://evil.example" }), 401, "issuer"),
        (json!({ "aud": "other" }), 401, "audience"),
        (json!({ "aud": [CLIENT, "other"] }), 401, "audience"),
        (json!({ "azp": "other" }), 401, "audience"),
        (json!({ "exp": 1 }), 401, "expired"),
        (json!({ "email_verified": false }), 401, "email_verified"),
        (json!({ "email": null }), 401, "email"),
    ] {
        provider.says(claims.clone());
        refused(&server, &underway(&server).await, status, said).await;
    }
}

#[tokio::test]
async fn t10_only_who_is_meant_may_log_in_and_with_the_role_they_have() {
    let provider = Provider::start();
    let (_secret, setup) = at(
        &provider,
        &["--oidc-allowed-groups", "staff", "--oidc-role", "viewer"],
    );
    let server = setup.start();
    refused(
        &server,
        &underway(&server).await,
        403,
        "Logging in here is not for ada@example.org",
    )
    .await;
    let role = async |claims: Value| {
        provider.says(claims);
        let cookie = cookie_of(&underway(&server).await.back(&server).await);
        let own = format!("http://{}", server.address());
        let call = |call: Call| call.header("cookie", &cookie).header("origin", &own);
        let create = call(Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"] })));
        let keys = call(Call::get("/api/v1/keys"));
        (
            create.send(server.address()).await.status,
            keys.send(server.address()).await.status,
        )
    };
    let staff = json!({ "groups": ["x", "staff"] });
    assert_eq!(role(staff.clone()).await, (403, 403));
    assert_eq!(
        role(json!({ "groups": ["staff"], "sempre_role": "admin" })).await,
        (201, 200)
    );
    user(&server, "ada@example.org", "operator", "correct horse").await;
    assert_eq!(role(staff).await, (201, 403));

    let (_secret, setup) = at(&provider, &["--oidc-role-claim", "/app/roles"]);
    let server = setup.start();
    provider.says(json!({ "groups": ["staff"] }));
    refused(
        &server,
        &underway(&server).await,
        403,
        "Logging in here is not for",
    )
    .await;
    provider.says(json!({ "app": { "roles": ["viewer"] } }));
    assert!(sets_login(&underway(&server).await.back(&server).await));
}

#[tokio::test]
async fn a_provider_that_is_down_is_named_and_keeps_nobody_else_out() {
    let provider = Provider::start();
    let (_secret, setup) = at(&provider, &["--oidc-allowed-groups", "crew"]);
    let server = setup.clone().start();
    let login = underway(&server).await;
    drop(provider);
    refused(&server, &login, 502, "cannot be reached").await;
    let server = setup.start();
    let answer = begin(&server, "/").await;
    assert_eq!(answer.status, 502);
    assert!(
        answer
            .text()
            .contains("The login service 127.0.0.1 cannot be reached"),
        "{}",
        answer.text()
    );
    assert!(server.log().contains("no answer from"), "{}", server.log());
    assert_eq!(server.get("/api/v1/sessions").await.status, 200);
}

#[tokio::test]
async fn a_login_elsewhere_never_leads_elsewhere() {
    let provider = Provider::start();
    let (_secret, setup) = at(&provider, &["--oidc-allowed-groups", "crew"]);
    let server = setup.start();
    let out = begin(&server, "https%3A%2F%2Fevil.example").await;
    let url = out.header("location").unwrap();
    assert!(url.starts_with(provider.issuer()), "{url}");
    let back = Call::get(&path_of(url)).send(address_of(url)).await;
    let login = Underway {
        cookie: cookie_of(&out),
        back: path_of(back.header("location").unwrap()),
    };
    let answer = login.back(&server).await;
    assert!(
        answer.text().contains("url=/\"") && !answer.text().contains("evil"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn a_link_of_another_site_is_opened_again_from_here_before_anyone_is_asked() {
    let server = Setup::new().start();
    let link = Call::get("/s/x?a=b").page();
    let from = |site: &str| link.clone().header("sec-fetch-site", site);
    let crossed = from("cross-site").send(server.address()).await;
    assert!(
        crossed.status == 200 && crossed.text().contains("url=/s/x?a=b\""),
        "{}",
        crossed.text()
    );
    let again = from("same-origin").send(server.address()).await;
    assert!(
        again.status == 401 && again.text().contains("action=\"/login\""),
        "{}",
        again.text()
    );
    let twisted = Call::get("//evil.example/")
        .page()
        .header("sec-fetch-site", "cross-site");
    let twisted = twisted.send(server.address()).await;
    assert!(!twisted.text().contains("url=//"), "{}", twisted.text());
}

#[tokio::test]
async fn t10_the_way_back_is_the_external_address() {
    let provider = Provider::start();
    let (_secret, setup) = at(&provider, &["--oidc-allowed-groups", "crew"]);
    let server = setup
        .arg("--external-url")
        .arg("https://term.example.org")
        .start();
    let out = begin(&server, "/").await;
    let url = out.header("location").unwrap();
    assert!(
        url.contains("redirect_uri=https%3A%2F%2Fterm.example.org%2Foidc%2Fcallback&"),
        "{url}"
    );
}
