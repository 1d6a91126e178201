//! Somebody who was let in: what they may do, where, and until when.

use std::fmt;

use sempre_protocol::access::{Role, Scope};
use sempre_protocol::{GrantId, SessionId};
use tokio_util::sync::CancellationToken;

use super::{Credential, Walls};

/// Whom a credential stands for. What they gave out falls with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Whoever has the server's own token.
    Owner,
    /// A user, by password or by a proxy's word.
    User(String),
    /// Whoever has an API key.
    Key(GrantId),
    /// Whoever has a share link.
    Share(GrantId),
    /// A process inside a session.
    Inside(SessionId),
}

/// As it stands in the database, in the column of what a grant falls with.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => f.write_str("owner"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Share(id) => write!(f, "share:{id}"),
            Self::Inside(id) => write!(f, "session:{id}"),
        }
    }
}

impl Subject {
    /// The subject a login stands for; what follows an owner's mark does not count. None: not what this server writes.
    pub(super) fn of_parent(parent: &str) -> Option<Self> {
        match parent.split_once(':')? {
            ("owner", _) => Some(Self::Owner),
            ("user", name) => Some(Self::User(name.to_owned())),
            ("key", id) => id.parse().ok().map(Self::Key),
            ("share", id) => id.parse().ok().map(Self::Share),
            _ => None,
        }
    }
}

/// Whoever a request comes from, once the guard has let it in.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Their name, for the audit log and as the owner of what they make; none: whoever has the server's own token.
    pub name: Option<String>,
    /// Whom they stand for.
    pub subject: Subject,
    /// What they may do.
    pub role: Role,
    /// With which sessions.
    pub scope: Scope,
    /// What they showed.
    pub credential: Credential,
    /// The login they came in by, if it was one.
    pub login: Option<GrantId>,
    /// Where they come from, for the audit log.
    pub from: String,
    /// When their credential expires, ms since the Unix epoch: what is made of it lives no longer.
    pub expires_at: Option<u64>,
    /// Cancelled when the credential is revoked or expires: what was opened with it closes then.
    pub ended: CancellationToken,
}

impl Principal {
    /// The owner of the server: all rights, for as long as it runs.
    pub fn owner(credential: Credential) -> Self {
        Self {
            name: None,
            subject: Subject::Owner,
            role: Role::Admin,
            scope: Scope::All,
            credential,
            login: None,
            from: String::new(),
            expires_at: None,
            ended: CancellationToken::new(),
        }
    }

    /// Whether they may see a session at all.
    pub fn sees(&self, session: SessionId, group: Option<&str>) -> bool {
        self.scope.covers(session, group)
    }

    /// Whether they may type into a session they see, resize it, end it, start it again, share it.
    ///
    /// Who types into one could do what its Unix user can. So that takes the owner, an administrator, a credential made
    /// for this very session, or a session that is open to every operator; a share link never lets do more than `walls` do.
    pub fn operates(&self, session: SessionId, owner: Option<&str>, walls: Walls) -> bool {
        match self.role {
            Role::Viewer => false,
            Role::Admin => true,
            Role::Operator => {
                let made_for_it = self.scope == Scope::Session(session);
                match self.subject {
                    Subject::Share(_) => made_for_it && walls.let_links_type(),
                    _ => self.owns(owner) || made_for_it || walls.let_operators_in(),
                }
            }
        }
    }

    /// Whether a session of this owner is theirs, or they are an administrator.
    pub fn owns(&self, owner: Option<&str>) -> bool {
        match self.role {
            Role::Viewer => false,
            Role::Admin => true,
            Role::Operator => owner.is_some() && owner == self.name.as_deref(),
        }
    }

    /// Whether they may make a session in this group.
    pub fn creates_in(&self, group: Option<&str>) -> bool {
        let in_scope = match &self.scope {
            Scope::All => true,
            Scope::Group(own) => group == Some(own),
            Scope::Session(_) => false,
        };
        in_scope && self.role >= Role::Operator
    }
}

#[cfg(test)]
mod tests {
    use super::super::RunAsRule;
    use super::*;

    fn operator(name: &str, scope: Scope) -> Principal {
        Principal {
            name: Some(name.into()),
            subject: Subject::User(name.into()),
            role: Role::Operator,
            scope,
            ..Principal::owner(Credential::Bearer)
        }
    }

    #[test]
    fn an_operator_types_into_their_own_sessions_only() {
        let id = SessionId::from_bytes([1; 16]);
        let walls = |shared_uid| Walls::of(shared_uid, &RunAsRule::default(), None, Some("ada"));
        let ada = operator("ada", Scope::All);
        assert!(ada.operates(id, Some("ada"), walls(false)));
        assert!(!ada.operates(id, Some("eve"), walls(false)) && ada.operates(id, Some("eve"), walls(true)));
        assert!(
            !ada.operates(id, None, walls(false)),
            "the owner's are not everyone's"
        );
        assert!(operator("key:ci", Scope::Session(id)).operates(id, Some("eve"), walls(false)));
        assert!(Principal::owner(Credential::Open).operates(id, Some("eve"), walls(false)));
        let viewer = Principal {
            role: Role::Viewer,
            ..ada
        };
        assert!(!viewer.operates(id, Some("ada"), walls(true)) && !viewer.owns(Some("ada")));
    }

    #[test]
    fn a_scope_confines_what_is_made() {
        assert!(operator("ada", Scope::All).creates_in(None));
        let crew = operator("ada", Scope::Group("crew".into()));
        assert!(crew.creates_in(Some("crew")) && !crew.creates_in(None) && !crew.creates_in(Some("other")));
        let one = operator("ada", Scope::Session(SessionId::from_bytes([1; 16])));
        assert!(!one.creates_in(None));
    }

    #[test]
    fn a_subject_is_read_as_it_is_written() {
        for subject in [
            Subject::User("a:b".into()),
            Subject::Key(GrantId::from_bytes([1; 16])),
            Subject::Share(GrantId::from_bytes([2; 16])),
        ] {
            assert_eq!(Subject::of_parent(&subject.to_string()), Some(subject));
        }
        assert_eq!(Subject::of_parent("owner:00ff"), Some(Subject::Owner));
        assert_eq!(Subject::of_parent("nobody"), None);
    }
}
