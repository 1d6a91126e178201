//! Types of the API about who comes in: keys, users, logins, share links, the audit log.

use serde::{Deserialize, Serialize};

use crate::access::{Role, Scope};
use crate::{GrantId, SessionId};

/// Body of `POST /api/v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// What the key is for, in the list of keys and in the audit log.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// With which sessions: `"all"`, `{"group": "…"}` or `{"session": "…"}`.
    #[serde(default)]
    pub scope: Scope,
    /// It is worth nothing after this, seconds; none: it does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u64>,
}

/// An API key as it is listed; never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyInfo {
    /// Names it for `DELETE /api/v1/keys/{id}`.
    pub id: GrantId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// With which sessions.
    pub scope: Scope,
    /// Who made it; left out: the server's own token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; left out: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// RFC 3339, to the minute; left out: never used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

/// Answer to `POST /api/v1/keys`: the only time the key is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedKey {
    /// The key: `sempre_` and 64 hexadecimal digits, for `Authorization: Bearer`.
    pub key: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub info: KeyInfo,
}

/// Body of `PUT /api/v1/users/{name}`: makes a user or changes one. A change ends the user's logins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutUser {
    /// What they may do.
    pub role: Role,
    /// The password; left out for one that is there: it stays, for a new one: they come in by a proxy only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// A user as they are listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserInfo {
    /// The name they log in with, and the owner of what they make.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// They may log in with a password.
    pub has_password: bool,
    /// RFC 3339.
    pub created_at: String,
}

/// A browser that is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginInfo {
    /// Names it for `DELETE /api/v1/logins/{id}`.
    pub id: GrantId,
    /// Whose it is; left out: of whoever has the server's own token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do.
    pub role: Role,
    /// With which sessions.
    pub scope: Scope,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub expires_at: String,
}

/// Body of `POST /api/v1/sessions/{id}/shares`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateShare {
    /// `viewer`, or `operator` where the server allows it.
    pub role: Role,
    /// The link is worth nothing after this, seconds; none: a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u64>,
}

/// A share link as it is listed; never the link itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareInfo {
    /// Names it for `DELETE …/shares/{share}`.
    pub id: GrantId,
    /// The session it opens.
    pub session_id: SessionId,
    /// What who opens it may do.
    pub role: Role,
    /// Who made it; left out: the server's own token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub expires_at: String,
}

/// Answer to `POST …/shares`: the only time the link is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedShare {
    /// The link's path, relative to the server.
    pub url: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub info: ShareInfo,
}

/// A line of the audit log. Control characters in texts are escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Rises with each entry; left out in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// When, RFC 3339.
    pub at: String,
    /// Who: a user, `key:NAME`, `share:ID`, `session:ID`; left out: whoever has the server's own token, or nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// From where: an address, or `unix` with the process.
    pub from: String,
    /// What: `login`, `session_create`, `viewer_attach`, …
    pub action: String,
    /// The session, if one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// `ok`, `refused` or `failed`.
    pub result: String,
    /// What else there is to say; never what a terminal showed, never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_for_with_a_scope_or_without() {
        let key: CreateKey = serde_json::from_str(r#"{"name":"ci","role":"operator"}"#).unwrap();
        assert_eq!((key.role, key.scope), (Role::Operator, Scope::All));
        let key: CreateKey = serde_json::from_str(
            r#"{"name":"ci","role":"viewer","scope":{"group":"crew"},"expires_in_s":60}"#,
        )
        .unwrap();
        assert_eq!(key.scope, Scope::Group("crew".into()));
        assert!(serde_json::from_str::<CreateKey>(r#"{"name":"ci","role":"root"}"#).is_err());
    }
}
