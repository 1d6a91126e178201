//! Tokens that someone else signs (JWT): the configuration says by what key and how, the token says nothing about that.

use std::path::PathBuf;

use sempre_protocol::CLOSE_LOGGED_OUT;
use serde_json::{Value, json};

use super::people::{cookie_of, form, user};
use super::signer::{KeyPlace, Signer, base64url, jwks, now_s};
use crate::harness::{Answer, Call, Server, Setup, TestDir};

const SECRET: &str = "a secret of these tests, long enough";
const ISSUER: &str = "https://id.example.org";

/// What a good token says, changed by `change`.
fn claims(change: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": "sempre", "sub": "ada", "sempre_role": "operator", "exp": now_s() + 600,
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// A file beside the server's, and a server that is told of it by `flag`.
fn with_file(flag: &str, text: &str) -> (tempfile::TempDir, Setup) {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let path: PathBuf = temp.path().join("keys");
    std::fs::write(&path, text).unwrap();
    (temp, strict(Setup::new().arg(flag).arg(path)))
}

fn strict(setup: Setup) -> Setup {
    let flags = ["--jwt-issuer", ISSUER, "--jwt-audience", "sempre"];
    flags.iter().fold(setup, |setup, flag| setup.arg(*flag))
}

async fn list(server: &Server, token: &str) -> Answer {
    let call = Call::get("/api/v1/sessions").bearer(token);
    call.send(server.address()).await
}

#[tokio::test]
async fn t10_a_token_signed_by_hs256_rs256_or_es256_lets_in_whom_it_names() {
    let (rsa, p256) = (Signer::rs256("r", 0), Signer::es256("e"));
    let (_secret, by_secret) = with_file("--jwt-secret-file", &format!("{SECRET}\n"));
    let (_keys, by_keys) = with_file("--jwt-jwks", &jwks(&[&rsa, &p256]).to_string());
    for (setup, signer) in [
        (by_secret, Signer::hs256(SECRET)),
        (by_keys.clone(), rsa),
        (by_keys, p256),
    ] {
        let server = setup.start();
        let token = signer.token(&claims(json!({})));
        let create = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"] }));
        let created = create.bearer(&token).send(server.address()).await;
        assert_eq!(created.value()["owner"], "ada", "{}", created.text());
        let keys = Call::get("/api/v1/keys").bearer(&token);
        keys.send(server.address()).await.problem(403);
        let several = signer.token(&claims(
            json!({ "aud": ["other", "sempre"], "sempre_role": ["x", "admin"] }),
        ));
        let keys = Call::get("/api/v1/keys").bearer(&several);
        assert_eq!(keys.send(server.address()).await.status, 200);
        let late = signer.token(&claims(json!({ "exp": now_s() - 5 })));
        assert_eq!(list(&server, &late).await.status, 200, "clocks differ a little");
    }
}

#[tokio::test]
async fn t10_a_forged_expired_or_foreign_token_lets_nobody_in() {
    let (rsa, p256) = (Signer::rs256("r", 0), Signer::es256("e"));
    let (_keys, setup) = with_file("--jwt-jwks", &jwks(&[&rsa, &p256]).to_string());
    let server = setup.start();
    assert_eq!(list(&server, &rsa.token(&claims(json!({})))).await.status, 200);
    let good = claims(json!({}));
    let mut bad = Vec::new();
    for change in [
        json!({ "exp": now_s() - 60 }),
        json!({ "exp": null }),
        json!({ "exp": "tomorrow" }),
        json!({ "nbf": now_s() + 60 }),
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": null }),
        json!({ "aud": "other" }),
        json!({ "aud": ["other"] }),
        json!({ "aud": null }),
        json!({ "sub": null }),
        json!({ "sub": "a b" }),
        json!({ "sempre_role": "root" }),
        json!({ "sempre_role": null }),
    ] {
        bad.push((change.to_string(), rsa.token(&claims(change))));
    }
    // Not signed at all.
    for algorithm in ["none", "None", "NONE", ""] {
        let header = base64url(json!({ "alg": algorithm, "kid": "r" }).to_string());
        bad.push((
            algorithm.into(),
            format!("{header}.{}.", base64url(good.to_string())),
        ));
    }
    // The public key as if it were a secret.
    for key in rsa.public_bytes().into_iter().chain(p256.public_bytes()) {
        let forger = Signer::hs256(key);
        bad.push(("a public key".into(), forger.token(&good)));
        let header = json!({ "alg": "HS256", "kid": "r" });
        bad.push(("a public key, by kid".into(), forger.token_with(&header, &good)));
    }
    // Someone else's key, under a kid of the set, under another, and brought along.
    let other = Signer::rs256("r", 1);
    bad.push(("another key".into(), other.token(&good)));
    bad.push(("unknown kid".into(), Signer::rs256("x", 1).token(&good)));
    let brought = json!({ "alg": "RS256", "jwk": other.jwk(), "kid": "r" });
    bad.push(("its own key".into(), other.token_with(&brought, &good)));
    // Signed with the right key, by another algorithm or with something to be understood.
    for header in [
        json!({ "alg": "RS512", "kid": "r" }),
        json!({ "alg": "ES256", "kid": "r" }),
        json!({ "alg": "RS256", "kid": "r", "crit": ["b64"], "b64": false }),
    ] {
        bad.push((header.to_string(), rsa.token_with(&header, &good)));
    }
    let token = rsa.token(&good);
    let parts: Vec<_> = token.split('.').collect();
    let richer = base64url(claims(json!({ "sempre_role": "admin" })).to_string());
    bad.push(("changed".into(), format!("{}.{richer}.{}", parts[0], parts[2])));
    bad.push(("cut".into(), format!("{}.{}.", parts[0], parts[1])));
    bad.push(("long".into(), format!("{token}{}", "A".repeat(6000))));
    for (what, token) in bad {
        assert_eq!(list(&server, &token).await.status, 401, "{what}: {token}");
    }
    let audit = server.get("/api/v1/audit").await.text();
    assert!(audit.contains("it has expired"), "the log says why: {audit}");
    assert!(!audit.contains("eyJ"), "and holds no token: {audit}");
}

#[tokio::test]
async fn t10_a_secret_is_for_hs256_only_and_a_stranger_has_another() {
    let (_secret, setup) = with_file("--jwt-secret-file", SECRET);
    let server = setup.start();
    let good = claims(json!({}));
    assert_eq!(
        list(&server, &Signer::hs256(SECRET).token(&good)).await.status,
        200
    );
    for token in [
        Signer::hs256("another secret, also long enough to be one").token(&good),
        Signer::hs256(SECRET).token_with(&json!({ "alg": "HS512" }), &good),
        Signer::rs256("r", 0).token(&good),
        Signer::es256("e").token(&good),
    ] {
        assert_eq!(list(&server, &token).await.status, 401, "{token}");
    }
}

#[tokio::test]
async fn t10_keys_that_rotate_are_followed_and_tokens_of_former_ones_end() {
    let (old, new) = (Signer::es256("old"), Signer::rs256("new", 0));
    let place = KeyPlace::of(&[&old]);
    let site = place.serve();
    let server = strict(Setup::new().arg("--jwt-jwks").arg(site.url("/keys"))).start();
    let former = old.token(&claims(json!({ "sempre_role": "admin" })));
    let id = server.script("cat").await;
    let mut viewer = server.attach_by(&former, id, "from=0").await.unwrap();
    assert_eq!(place.asked(), 1, "known keys are not asked for");
    place.tell(&[&new]);
    assert_eq!(list(&server, &former).await.status, 200);
    assert_eq!(list(&server, &new.token(&claims(json!({})))).await.status, 200);
    assert_eq!(place.asked(), 2);
    assert_eq!(viewer.until_closed().await, Some(CLOSE_LOGGED_OUT));
    assert_eq!(list(&server, &former).await.status, 401);
}

#[tokio::test]
async fn t10_unknown_keys_are_asked_for_a_few_times_only() {
    let known = Signer::es256("known");
    let place = KeyPlace::of(&[&known]);
    let site = place.serve();
    let server = strict(Setup::new().arg("--jwt-jwks").arg(site.url("/keys"))).start();
    for number in 0..20 {
        let stranger = Signer::es256(&format!("stranger-{number}"));
        assert_eq!(
            list(&server, &stranger.token(&claims(json!({})))).await.status,
            401
        );
    }
    assert!(place.asked() <= 4, "asked {} times", place.asked());
    assert_eq!(list(&server, &known.token(&claims(json!({})))).await.status, 200);
}

#[tokio::test]
async fn keys_that_cannot_be_had_at_the_start_are_had_later() {
    let signer = Signer::es256("e");
    let kept = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", kept.local_addr().unwrap());
    // It takes connections and answers none; then it does not even take them.
    let address = kept.local_addr().unwrap();
    drop(kept);
    let server = strict(Setup::new().arg("--jwt-jwks").arg(url)).start();
    let token = signer.token(&claims(json!({})));
    assert_eq!(list(&server, &token).await.status, 401);
    assert_eq!(
        server.get("/api/v1/sessions").await.status,
        200,
        "other ways are open"
    );
    let router = KeyPlace::of(&[&signer]).router();
    let listener = std::net::TcpListener::bind(address).unwrap();
    let _site = super::signer::Site::start_at(listener, |_| router);
    assert_eq!(list(&server, &token).await.status, 200);
    assert!(
        server.log().contains("cannot use the keys of"),
        "{}",
        server.log()
    );
}

#[tokio::test]
async fn t10_what_a_token_opened_closes_when_it_expires() {
    let (_secret, setup) = with_file("--jwt-secret-file", SECRET);
    let server = setup.start();
    let id = server.script("cat").await;
    let exp = now_s() + 2;
    let brief = claims(json!({ "exp": exp, "sempre_role": "admin" }));
    let token = Signer::hs256(SECRET).token(&brief);
    let mut viewer = server.attach_by(&token, id, "from=0").await.unwrap();
    assert_eq!(viewer.until_closed().await, Some(CLOSE_LOGGED_OUT));
    assert!(now_s() >= exp);
}

#[tokio::test]
async fn t10_a_token_without_a_role_has_the_one_the_server_knows_or_the_default() {
    let (_secret, setup) = with_file("--jwt-secret-file", SECRET);
    let server = setup.arg("--jwt-role").arg("viewer").start();
    let roleless = |name: &str| {
        let mut claims = claims(json!({ "sub": name }));
        claims.as_object_mut().unwrap().remove("sempre_role");
        Signer::hs256(SECRET).token(&claims)
    };
    let (ada, eve) = (roleless("ada"), roleless("eve"));
    let create = async |token: &str| {
        let call = Call::post("/api/v1/sessions").json(&json!({ "cmd": ["cat"] }));
        call.bearer(token).send(server.address()).await.status
    };
    assert_eq!((create(&ada).await, create(&eve).await), (403, 403));
    user(&server, "ada", "operator", "correct horse").await;
    assert_eq!((create(&ada).await, create(&eve).await), (201, 403));
    user(&server, "ada", "viewer", "correct horse").await;
    assert_eq!(create(&ada).await, 403);
}

#[tokio::test]
async fn a_browser_logged_in_by_a_token_is_logged_in_no_longer_than_it() {
    let (_secret, setup) = with_file("--jwt-secret-file", SECRET);
    let server = setup.start();
    let token = Signer::hs256(SECRET).token(&claims(json!({})));
    let by_query = Call::get(&format!("/?token={token}")).page();
    for call in [by_query, form("", &token)] {
        let answer = call.send(server.address()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").unwrap();
        let max_age = cookie
            .split("Max-Age=")
            .nth(1)
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        assert!(max_age.parse::<u64>().unwrap() <= 600, "{cookie}");
        assert!(!answer.text().contains(&token));
        let list = Call::get("/api/v1/sessions").header("cookie", cookie_of(&answer));
        assert_eq!(list.send(server.address()).await.status, 200);
    }
    let wrong = form("", &format!("{token}A")).send(server.address()).await;
    assert!(wrong.status == 401 && wrong.header("set-cookie").is_none());
}

#[test]
fn keys_that_are_none_are_refused_at_the_start() {
    let dir = TestDir::new();
    let (_secret, setup) = with_file("--jwt-secret-file", "short");
    let (status, said) = setup.fails(&dir.data());
    assert!(
        status.code() == Some(1) && said.contains("HS256 needs 32"),
        "{said}"
    );
    for text in ["nonsense", "{}", r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#] {
        let (_keys, setup) = with_file("--jwt-jwks", text);
        let (status, said) = setup.fails(&dir.data());
        assert!(
            status.code() == Some(1) && said.contains("keys"),
            "{text}: {said}"
        );
    }
    let plain = Setup::new().arg("--jwt-jwks").arg("http://id.example.org/keys");
    let (_, said) = plain.fails(&dir.data());
    assert!(said.contains("is not https"), "{said}");
}
