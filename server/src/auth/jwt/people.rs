//! Whom the claims of a token stand for: a name and a role.

use sempre_protocol::access::Role;
use serde_json::Value;

use super::{Claims, TokenError};
use crate::auth::is_user_name;

/// Words of one claim; further ones are not looked at.
const MAX_WORDS: usize = 1000;

/// Which claims count. One that begins with `/` is a JSON pointer (RFC 6901), for claims inside others.
#[derive(Debug, Clone)]
pub struct PersonRule {
    /// The claim that names the user.
    pub user_claim: String,
    /// The claim that names their role, or a list that does.
    pub role_claim: String,
    /// The role of users whose token and server name none; none: they are refused.
    pub default_role: Option<Role>,
}

impl PersonRule {
    /// The user's name.
    ///
    /// # Errors
    /// [`TokenError::Missing`], [`TokenError::Name`].
    pub(in crate::auth) fn name(&self, claims: &Claims) -> Result<String, TokenError> {
        let name = find(claims, &self.user_claim).and_then(Value::as_str);
        let name = name.ok_or_else(|| TokenError::Missing(self.user_claim.clone()))?;
        match is_user_name(name) {
            true => Ok(name.to_owned()),
            false => Err(TokenError::Name(self.user_claim.clone())),
        }
    }

    /// Their role: the token's, else the one the server knows (`known`), else the default.
    ///
    /// # Errors
    /// [`TokenError::Role`]; also for a claim that is there and names none, for who wrote it meant something.
    pub(in crate::auth) fn role(&self, claims: &Claims, known: Option<Role>) -> Result<Role, TokenError> {
        let role = match find(claims, &self.role_claim) {
            Some(_) => self.claimed_role(claims),
            None => known.or(self.default_role),
        };
        role.ok_or_else(|| TokenError::Role(self.role_claim.clone()))
    }

    /// The highest role a token names.
    pub(in crate::auth) fn claimed_role(&self, claims: &Claims) -> Option<Role> {
        let words = words_of(claims, &self.role_claim);
        words.into_iter().filter_map(role_of).max()
    }
}

/// The words of a claim that is a text or a list of texts.
pub(in crate::auth) fn words_of<'a>(claims: &'a Claims, claim: &str) -> Vec<&'a str> {
    match find(claims, claim) {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).take(MAX_WORDS).collect(),
        _ => Vec::new(),
    }
}

fn find<'a>(claims: &'a Claims, claim: &str) -> Option<&'a Value> {
    let Some(path) = claim.strip_prefix('/') else {
        return claims.get(claim);
    };
    let (first, rest) = path
        .split_once('/')
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    let value = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
    match rest {
        None => Some(value),
        Some(rest) => value.pointer(&format!("/{rest}")),
    }
}

fn role_of(word: &str) -> Option<Role> {
    [Role::Viewer, Role::Operator, Role::Admin]
        .into_iter()
        .find(|role| role.word() == word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(default_role: Option<Role>) -> PersonRule {
        PersonRule {
            user_claim: "sub".into(),
            role_claim: "/realm/roles".into(),
            default_role,
        }
    }

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_role_is_the_tokens_then_the_servers_then_the_default() {
        let listed = claims(json!({ "realm": { "roles": ["x", "viewer", "operator"] } }));
        assert_eq!(rule(None).role(&listed, Some(Role::Viewer)), Ok(Role::Operator));
        let silent = claims(json!({}));
        assert_eq!(
            rule(Some(Role::Viewer)).role(&silent, Some(Role::Admin)),
            Ok(Role::Admin)
        );
        assert_eq!(rule(Some(Role::Viewer)).role(&silent, None), Ok(Role::Viewer));
        assert!(rule(None).role(&silent, None).is_err());
        let foreign = claims(json!({ "realm": { "roles": ["root"] } }));
        assert!(rule(Some(Role::Admin)).role(&foreign, Some(Role::Admin)).is_err());
    }

    #[test]
    fn a_name_is_one_this_server_could_have_given() {
        assert_eq!(
            rule(None).name(&claims(json!({ "sub": "ada" }))),
            Ok("ada".into())
        );
        for bad in [
            json!({}),
            json!({ "sub": 7 }),
            json!({ "sub": "a b" }),
            json!({ "sub": "" }),
        ] {
            assert!(rule(None).name(&claims(bad.clone())).is_err(), "{bad}");
        }
    }
}
