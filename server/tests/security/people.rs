//! People and programs that come in by other ways than the server's own token.

use sempre_protocol::door::{CreatedKey, CreatedShare};
use serde_json::{Value, json};

use crate::harness::{Answer, Call, Server};

/// An API key that is made as `request` says.
pub(crate) async fn key(server: &Server, request: Value) -> CreatedKey {
    let answer = server.ask(Call::post("/api/v1/keys").json(&request)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// A key with this role on everything.
pub(crate) async fn key_for(server: &Server, name: &str, role: &str) -> String {
    key(server, json!({ "name": name, "role": role })).await.key
}

/// Makes a user.
pub(crate) async fn user(server: &Server, name: &str, role: &str, password: &str) {
    let put = Call::new("PUT", &format!("/api/v1/users/{name}"));
    let answer = server
        .ask(put.json(&json!({ "role": role, "password": password })))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// What the login form sends.
pub(crate) fn form(user: &str, secret: &str) -> Call {
    let form = format!("user={user}&token={secret}&next=/");
    Call::post("/login").body("application/x-www-form-urlencoded", form)
}

/// The cookie that an answer sets.
pub(crate) fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a login sets a cookie");
    cookie.split(';').next().unwrap().to_owned()
}

/// A share link to a session.
pub(crate) async fn share(server: &Server, id: sempre_protocol::SessionId, request: Value) -> CreatedShare {
    let call = Call::post(&format!("/api/v1/sessions/{id}/shares")).json(&request);
    let answer = server.ask(call).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}
