//! Who may do what: roles, and the sessions they reach. Deciding and enforcing is the server's.

use serde::{Deserialize, Serialize};

use crate::SessionId;

/// What somebody may do; each includes those before it. Not to be confused with [`crate::texts::Role`], which says
/// whether one connection types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees sessions.
    Viewer,
    /// Types into sessions, makes them and ends them.
    Operator,
    /// Decides who comes in.
    Admin,
}

impl Role {
    /// The word on the wire, in the database and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// The sessions a role counts for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every session, and the server itself.
    #[default]
    All,
    /// The sessions of one group.
    Group(String),
    /// One session.
    Session(SessionId),
}

impl Scope {
    /// Whether it reaches a session.
    pub fn covers(&self, session: SessionId, group: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Group(own) => group == Some(own),
            Self::Session(own) => session == *own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reaches_its_own_sessions_and_no_other() {
        let (one, two) = (SessionId::from_bytes([1; 16]), SessionId::from_bytes([2; 16]));
        assert!(Scope::All.covers(one, None));
        assert!(Scope::Session(one).covers(one, Some("team")));
        assert!(!Scope::Session(one).covers(two, None));
        let team = Scope::Group("team".into());
        assert!(team.covers(one, Some("team")));
        assert!(!team.covers(one, Some("other")) && !team.covers(one, None));
    }

    #[test]
    fn each_role_includes_those_before_it() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
    }
}
