//! Who comes in: keys, users, logins, share links, the audit log, and the browser's ways in and out.

use sempre_protocol::access::Role::{Admin, Operator, Viewer};

use super::Answer::{Form, Json, Nothing, Redirect};
use super::Kind::{Id, Number, Text};
use super::{Operation, may, operation};

#[rustfmt::skip]
pub(super) const OPERATIONS: &[Operation] = &[
    operation("get", "/api/v1/keys", "list_keys", Admin, "The API keys, oldest first; never the keys themselves", Json(200, "KeyInfo[]")).tag("access"),
    operation("post", "/api/v1/keys", "create_key", Admin, "Makes an API key and shows it, once", Json(201, "CreatedKey")).body("CreateKey").tag("access"),
    operation("delete", "/api/v1/keys/{key}", "revoke_key", Admin, "Takes a key back; what was opened with it closes", Nothing).tag("access"),
    operation("get", "/api/v1/users", "list_users", Admin, "The users, by name", Json(200, "UserInfo[]")).tag("access"),
    operation("put", "/api/v1/users/{name}", "put_user", Admin, "Makes a user, or changes one and ends their logins", Json(200, "UserInfo")).body("PutUser").tag("access"),
    operation("delete", "/api/v1/users/{name}", "remove_user", Admin, "Removes a user with their logins and share links", Nothing).tag("access"),
    operation("get", "/api/v1/logins", "list_logins", Admin, "Browsers that are logged in, oldest first", Json(200, "LoginInfo[]")).tag("access"),
    operation("delete", "/api/v1/logins/{login}", "revoke_login", Admin, "Logs a browser out; what it has open closes", Nothing).tag("access"),
    operation("get", "/api/v1/audit", "audit", Admin, "Who did what, newest first", Json(200, "AuditEntry[]")).tag("access")
        .query(&[may("before", Number, "only entries before this one"), may("session_id", Id, "only of this session"), may("limit", Number, "how many, 100 if left out, 1000 at most")]),
    operation("get", "/api/v1/sessions/{id}/shares", "list_shares", Operator, "The links that open this session", Json(200, "ShareInfo[]")).tag("access"),
    operation("post", "/api/v1/sessions/{id}/shares", "create_share", Operator, "Makes a link that opens this session and shows it, once", Json(201, "CreatedShare")).body("CreateShare").tag("access"),
    operation("delete", "/api/v1/sessions/{id}/shares/{share}", "revoke_share", Operator, "Takes a link back; who came by it is out", Nothing).tag("access"),
    operation("get", "/share/{token}", "open_share", Viewer, "Logs the browser in for the link's session and leads there", Form(200)).tag("browser").for_anyone(),
    operation("post", "/login", "log_in", Viewer, "Logs the browser in by token, key or password", Form(200)).form("LoginForm").tag("browser").for_anyone(),
    operation("post", "/logout", "log_out", Viewer, "Ends the login this browser came by, and what it has open", Nothing).tag("browser").for_anyone(),
    operation("get", "/oidc/login", "begin_oidc", Viewer, "Leads the browser to the login service", Redirect).tag("browser").for_anyone()
        .query(&[may("next", Text, "where to go after the login, a path of this server")]),
    operation("get", "/oidc/callback", "finish_oidc", Viewer, "Logs in whom the login service vouches for", Form(200)).tag("browser").for_anyone()
        .query(&[
            may("code", Text, "what the login service is asked with"),
            may("state", Text, "which login it was"),
            may("error", Text, "why there is no code"),
            may("iss", Text, "who answers (RFC 9207)"),
        ]),
];
