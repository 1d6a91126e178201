//! Which sessions the tools may reach: all that the server lets this client see, or those named on the command line.
//!
//! It keeps an assistant to what it was given; what the key may do is decided by the server.

use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};

use super::answer::ToolError;
use crate::client::{Client, ClientError};

/// What may be reached.
#[derive(Debug)]
pub(super) enum Reach {
    /// Everything.
    All,
    /// Sessions whose ids begin like one of these.
    Named(Vec<String>),
    /// Sessions of this group.
    Group(String),
}

impl Reach {
    /// What the flags say.
    pub(super) fn new(sessions: Vec<String>, group: Option<String>) -> Self {
        match group {
            Some(group) => Self::Group(group),
            None if sessions.is_empty() => Self::All,
            None => Self::Named(sessions),
        }
    }

    /// Whether a new session could be reached.
    pub(super) fn takes_new(&self) -> bool {
        !matches!(self, Self::Named(_))
    }

    /// The group of a new session, if `asked` for one.
    pub(super) fn group_of_new(&self, asked: Option<String>) -> Result<Option<String>, ToolError> {
        match (self, asked) {
            (Self::Group(group), Some(asked)) if asked != *group => Err(ToolError::Arguments(format!(
                "group {asked:?} is out of reach; new sessions belong to {group:?}"
            ))),
            (Self::Group(group), _) => Ok(Some(group.clone())),
            (_, asked) => Ok(asked),
        }
    }

    /// The sessions within reach, in one state or all.
    pub(super) async fn sessions(
        &self,
        client: &Client,
        state: Option<SessionState>,
    ) -> Result<Vec<SessionInfo>, ClientError> {
        match self {
            Self::All => client.sessions(state).await,
            Self::Group(group) => {
                let mut sessions = client.sessions(state).await?;
                sessions.retain(|session| session.group.as_ref() == Some(group));
                Ok(sessions)
            }
            Self::Named(names) => {
                // Whether a beginning is of one session alone is asked of all of them.
                let mut sessions = client.sessions(None).await?;
                let mut ids = Vec::new();
                for name in names {
                    match only(&sessions, name) {
                        Ok(id) => ids.push(id),
                        Err(ClientError::NoSuchSession(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                sessions.retain(|session| {
                    ids.contains(&session.session_id) && state.is_none_or(|state| session.state == state)
                });
                Ok(sessions)
            }
        }
    }

    /// The session within reach whose id is `text` or, alone among them, begins with it.
    pub(super) async fn find(&self, client: &Client, text: &str) -> Result<SessionId, ClientError> {
        match self {
            Self::All => client.find(text).await,
            _ => only(&self.sessions(client, None).await?, text),
        }
    }
}

fn only(sessions: &[SessionInfo], text: &str) -> Result<SessionId, ClientError> {
    let wanted = text.to_ascii_lowercase();
    let ids = sessions.iter().map(|session| session.session_id);
    let found: Vec<_> = ids
        .filter(|id| !wanted.is_empty() && id.to_string().starts_with(&wanted))
        .collect();
    match found.as_slice() {
        [] => Err(ClientError::NoSuchSession(text.to_owned())),
        [id] => Ok(*id),
        _ => Err(ClientError::Ambiguous {
            text: text.to_owned(),
            found,
        }),
    }
}
