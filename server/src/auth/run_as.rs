//! Who chooses the Unix user a session runs as (`run_as`), and what that means for everyone else (T10).
//!
//! Who types into a session has all rights of its Unix user. So naming one is for administrators, unless the server was
//! told whom operators may name, or that everyone's sessions run as the Unix user of their own name.

use sempre_protocol::access::Role;

use super::{Principal, Subject};

/// What the server was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunAsRule {
    /// A user's sessions run as the Unix user of their name.
    pub by_principal: bool,
    /// Unix users that operators may name.
    pub allowed: Vec<String>,
}

/// Why somebody's session does not run as the user it was to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunAsError {
    /// They may not name that one.
    #[error(
        "you may not run sessions as {0:?}: an administrator may, or whoever the server allows to (--run-as-allow)"
    )]
    NotAllowed(String),
    /// They have no Unix user, and sessions run as nobody else's.
    #[error(
        "sessions run as the Unix user of who makes them (--run-as-principal), and you came in by a key: name a user \
         in run_as that the server allows (--run-as-allow)"
    )]
    NoUser,
}

impl RunAsRule {
    /// Whom a session of `who` runs as that asks for `asked`; none: the server's own user.
    ///
    /// # Errors
    /// [`RunAsError`].
    pub fn decide(&self, who: &Principal, asked: Option<&str>) -> Result<Option<String>, RunAsError> {
        let own = match &who.subject {
            Subject::User(name) if self.by_principal => Some(name.as_str()),
            _ => None,
        };
        match asked {
            Some(asked) => {
                let allowed = self.allowed.iter().any(|user| user == asked);
                match who.role == Role::Admin || allowed || own == Some(asked) {
                    true => Ok(Some(asked.to_owned())),
                    false => Err(RunAsError::NotAllowed(asked.to_owned())),
                }
            }
            None if self.by_principal && own.is_none() && who.role != Role::Admin => Err(RunAsError::NoUser),
            None => Ok(own.map(str::to_owned)),
        }
    }
}

/// What stands between people at one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walls {
    /// The server was told not to care (`--allow-shared-uid`).
    shared_uid: bool,
    /// The session runs as another user than the server.
    apart: bool,
    /// As a person's own.
    personal: bool,
}

impl Walls {
    /// Those of a session of `owner` that runs as `run_as`.
    pub(super) fn of(shared_uid: bool, rule: &RunAsRule, run_as: Option<&str>, owner: Option<&str>) -> Self {
        Self {
            shared_uid,
            apart: run_as.is_some(),
            personal: rule.by_principal || run_as == owner,
        }
    }

    /// Whether every operator may do with the session what its owner may: they get rights of a user that is no one's.
    pub fn let_operators_in(self) -> bool {
        self.shared_uid || (self.apart && !self.personal)
    }

    /// Whether the owner may give out links that let type: not to the rights of the server's own user.
    pub fn let_links_type(self) -> bool {
        self.shared_uid || self.apart
    }
}

#[cfg(test)]
mod tests {
    use super::super::Credential;
    use super::*;

    fn person(name: &str, role: Role) -> Principal {
        Principal {
            name: Some(name.into()),
            subject: Subject::User(name.into()),
            role,
            ..Principal::owner(Credential::Cookie)
        }
    }

    fn key() -> Principal {
        Principal {
            name: Some("key:ci".into()),
            subject: Subject::Key(sempre_protocol::GrantId::from_bytes([1; 16])),
            role: Role::Operator,
            ..Principal::owner(Credential::Bearer)
        }
    }

    #[test]
    fn t10_by_default_only_administrators_name_a_user() {
        let rule = RunAsRule::default();
        let ada = person("ada", Role::Operator);
        assert_eq!(rule.decide(&ada, None), Ok(None));
        assert_eq!(
            rule.decide(&ada, Some("ada")),
            Err(RunAsError::NotAllowed("ada".into()))
        );
        let admin = person("root-of-all", Role::Admin);
        assert_eq!(rule.decide(&admin, Some("www-data")), Ok(Some("www-data".into())));
        assert_eq!(
            rule.decide(&Principal::owner(Credential::Open), Some("ada")),
            Ok(Some("ada".into()))
        );
    }

    #[test]
    fn t10_operators_name_whom_the_server_allows() {
        let rule = RunAsRule {
            allowed: vec!["builder".into()],
            ..RunAsRule::default()
        };
        assert_eq!(rule.decide(&key(), Some("builder")), Ok(Some("builder".into())));
        assert!(rule.decide(&key(), Some("ada")).is_err());
        assert_eq!(rule.decide(&key(), None), Ok(None));
    }

    #[test]
    fn t10_by_principal_everyone_is_who_they_are() {
        let rule = RunAsRule {
            by_principal: true,
            allowed: vec!["builder".into()],
        };
        let ada = person("ada", Role::Operator);
        for asked in [None, Some("ada")] {
            assert_eq!(rule.decide(&ada, asked), Ok(Some("ada".into())));
        }
        assert!(rule.decide(&ada, Some("eve")).is_err());
        let admin = person("eve", Role::Admin);
        assert_eq!(rule.decide(&admin, None), Ok(Some("eve".into())));
        assert_eq!(rule.decide(&admin, Some("ada")), Ok(Some("ada".into())));
        // A key is nobody: never the server's own user by leaving the name away.
        assert_eq!(rule.decide(&key(), None), Err(RunAsError::NoUser));
        assert!(rule.decide(&key(), Some("builder")).is_ok());
        assert_eq!(rule.decide(&Principal::owner(Credential::Open), None), Ok(None));
    }

    #[test]
    fn t10_walls_fall_where_nobodys_own_rights_are_behind_them() {
        let named = RunAsRule::default();
        let of = |rule: &RunAsRule, run_as, owner| {
            let walls = Walls::of(false, rule, run_as, owner);
            (walls.let_operators_in(), walls.let_links_type())
        };
        assert_eq!(of(&named, None, Some("ada")), (false, false));
        assert_eq!(of(&named, None, None), (false, false));
        assert_eq!(of(&named, Some("builder"), Some("ada")), (true, true));
        assert_eq!(of(&named, Some("ada"), Some("ada")), (false, true));
        let principal = RunAsRule {
            by_principal: true,
            ..RunAsRule::default()
        };
        assert_eq!(of(&principal, Some("ada"), None), (false, true));
        assert!(Walls::of(true, &named, None, None).let_operators_in());
    }
}
